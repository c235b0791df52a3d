// Starts `edgemint demo` and a Chromium, and stops both.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

export const BINARY = process.env.EDGEMINT_BIN ?? fileURLToPath(new URL('../../target/debug/edgemint', import.meta.url));
const CHROMIUM = process.env.CHROMIUM_BIN ?? '/usr/bin/chromium';
const START_DEADLINE = 60_000;

// The demo on free ports: `{ app, edgemint, cdn, ttl_seconds, stop }`.
export async function startDemo(ttl) {
  if (!existsSync(BINARY)) throw new Error(`${BINARY} is not there: run \`cargo build\`, or name the binary in EDGEMINT_BIN`);
  const child = spawn(BINARY, ['demo', '--port-base', '0', '--ttl', ttl, '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const deadline = setTimeout(() => child.kill('SIGKILL'), START_DEADLINE);
  const first = await Promise.race([once(createInterface(child.stdout), 'line'), exited]);
  clearTimeout(deadline);
  if (typeof first[0] !== 'string') throw new Error(`edgemint demo ended with ${first} before it said where it is`);
  const stop = async () => {
    child.kill('SIGTERM');
    return (await exited)[0];
  };
  return { ...JSON.parse(first[0]), stop };
}

// A browser with a profile of its own that is thrown away.
export function startChromium() {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'],
  });
}

// Polls: what the condition gives once it holds.
export async function until(condition, what) {
  const end = Date.now() + 60_000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`timed out: ${what}`);
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
}

// Every request of a page as the network saw it: with the cookies that were really sent, and the
// bytes of the body that really came.
export async function watchNetwork(page) {
  const session = await page.context().newCDPSession(page);
  const requests = new Map();
  const of = (id) => {
    if (!requests.has(id)) requests.set(id, { bytes: 0, headers: {}, status: null, type: '' });
    return requests.get(id);
  };
  session.on('Network.requestWillBeSent', ({ requestId, request, redirectResponse }) => {
    // A redirect keeps its id: what went before is kept under a name of its own.
    if (redirectResponse) requests.set(`${requestId} ${requests.size}`, { ...of(requestId) });
    Object.assign(of(requestId), { url: request.url, method: request.method });
  });
  session.on('Network.requestWillBeSentExtraInfo', ({ requestId, headers }) => { of(requestId).headers = lowerCase(headers); });
  session.on('Network.responseReceivedExtraInfo', ({ requestId, statusCode }) => { of(requestId).status = statusCode; });
  session.on('Network.responseReceived', ({ requestId, response }) => { of(requestId).type = response.mimeType; });
  session.on('Network.dataReceived', ({ requestId, dataLength }) => { of(requestId).bytes += dataLength; });
  await session.send('Network.enable');
  return { session, all: () => [...requests.values()].filter((request) => request.url) };
}

function lowerCase(headers) {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

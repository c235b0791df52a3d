// Starts what a test needs, and ends it: programs that say on their first line where they listen, and Redis.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import net from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const BINARY = process.env.EDGEMINT_BIN ?? fileURLToPath(new URL('../../target/debug/edgemint', import.meta.url));
// Generous: the machine may be busy with other tests.
export const DEADLINE = 30_000;

export async function until(what, condition) {
  const end = Date.now() + DEADLINE;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`did not happen in time: ${what}`);
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
}

// A program whose first line ends with its URL: `{ port, stop }`.
export async function start(command, args, options = {}) {
  if (command === BINARY && !existsSync(BINARY)) throw new Error(`${BINARY} is not there: run \`cargo build\`, or name it in EDGEMINT_BIN`);
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const [exited, log] = [once(child, 'exit'), []];
  child.stderr.on('data', (text) => log.push(text));
  const deadline = setTimeout(() => child.kill('SIGKILL'), DEADLINE);
  const lines = createInterface(child.stdout);
  const first = await Promise.race([once(lines, 'line'), exited]);
  clearTimeout(deadline);
  const found = / listening on http:\/\/127\.0\.0\.1:(\d+)$/.exec(first[0]);
  if (!found) throw new Error(`${command} ${args[0]} said ${first[0]}: ${Buffer.concat(log)}`);
  const stop = async () => {
    child.kill('SIGTERM');
    return (await exited)[0];
  };
  return { port: Number(found[1]), log: () => Buffer.concat(log).toString(), stop };
}

// Runs to the end: what it wrote to standard output.
export async function run(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const [out, err] = [[], []];
  child.stdout.on('data', (text) => out.push(text));
  child.stderr.on('data', (text) => err.push(text));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${Buffer.concat(err)}`);
  return Buffer.concat(out).toString();
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function answersPing(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.setTimeout(1000, () => socket.destroy());
    socket.on('data', (data) => { resolve(data.toString().startsWith('+PONG')); socket.destroy(); });
    socket.on('error', () => resolve(false));
    socket.on('close', () => resolve(false));
  });
}

// A Redis that keeps what it holds over a restart on the same port.
export async function startRedis(folder) {
  let port, child, exited;
  const launch = async () => {
    child = spawn('redis-server', ['--port', port, '--bind', '127.0.0.1', '--dir', folder, '--save', '',
      '--appendonly', 'yes', '--appendfsync', 'always'], { stdio: 'ignore' });
    exited = once(child, 'exit');
    return until('a Redis that answers', async () => child.exitCode !== null || answersPing(port));
  };
  // Somebody else may take the port between asking for it and using it.
  for (let tries = 0; ; tries += 1) {
    port = await freePort();
    await launch();
    if (child.exitCode === null) break;
    if (tries === 5) throw new Error('redis-server does not start');
  }
  return {
    url: `redis://127.0.0.1:${port}/`,
    start: launch,
    stop: async () => { child.kill('SIGTERM'); await exited; },
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
    end: async () => { child.kill('SIGKILL'); await exited; },
  };
}

// What the player is tried on: `edgemint edge` and `edgemint serve` as processes of their own, and a small web app
// whose pages play audio. Cookies live for seconds.

import { spawn, execFileSync } from 'node:child_process';
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { BINARY } from './demo.mjs';
import { episodeOrigin, writeStream } from './media.mjs';

const DOMAIN = 'edgemint.localhost';
const AUDIENCE = 'edgemint-browser-tests';
const HLS = fileURLToPath(new URL('node_modules/hls.js/dist/hls.mjs', import.meta.url));

const PLAYER = fileURLToPath(new URL('../../src/player/player.js', import.meta.url));

// `{ app, issuer, cdn, stopIssuer, startIssuer, renewals, stop }`. `life` and `session` are seconds; `pages` are served at
// /readme/0 and so on, with the hosts that README.md names replaced by these.
export async function startStage({ life = 4, session = 3600, pages = [] } = {}) {
  if (!existsSync(BINARY)) throw new Error(`${BINARY} is not there: run \`cargo build\`, or name the binary in EDGEMINT_BIN`);
  const folder = mkdtempSync(join(tmpdir(), 'edgemint-stage-'));
  const at = (name) => join(folder, name);
  const media = at('media');
  mkdirSync(join(media, 'podcasts'), { recursive: true });
  writeStream(join(media, 'podcasts', 'stream'));
  const secrets = Object.fromEntries(['ticket.key', 'session.key'].map((name) => {
    const secret = randomBytes(48).toString('base64');
    writeFileSync(at(name), secret, { mode: 0o600 });
    return [name, secret];
  }));
  const key = ['keys', 'init', '--dir', at('keys'), '--algorithm', 'ecdsa-p256', '--key-pair-id', 'KSTAGE'];
  writeFileSync(at('public.pem'), execFileSync(BINARY, key, { stdio: ['ignore', 'pipe', 'ignore'] }));

  const app = createServer();
  app.listen(0, '127.0.0.1');
  await once(app, 'listening');
  const appOrigin = `http://app.${DOMAIN}:${app.address().port}`;
  const origin = createServer(episodeOrigin(join(media, 'podcasts', 'stream')));
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const edge = await startProgram(['edge', '--listen', '127.0.0.1:0', '--origin', `http://127.0.0.1:${origin.address().port}`, '--protect', '/podcasts/*',
    '--trust', `KSTAGE=${at('public.pem')}`, '--scheme', 'http', '--allow-origin', appOrigin]);
  const cdn = `http://cdn.${DOMAIN}:${edge.port}`;
  writeFileSync(at('edgemint.toml'), configuration({ appOrigin, cdn, life, session }));
  chmodSync(at('edgemint.toml'), 0o600);
  const serve = (port) => startProgram(['serve', '--config', at('edgemint.toml'), '--listen', `127.0.0.1:${port}`]);
  let running = await serve(0);
  const { port } = running;
  const issuer = `http://id.${DOMAIN}:${port}`;
  const checked = execFileSync(BINARY, ['check', '--config', at('edgemint.toml')], { encoding: 'utf8' });
  const script = issuer + /^player +http:\/\/[^/]*(\/player-[0-9a-f]+\.js)$/m.exec(checked)[1];
  app.on('request', (request, response) => answer({ appOrigin, issuer, cdn, script, pages, secret: secrets['ticket.key'] }, request, response));
  const lines = [];
  running.log(lines);
  return {
    app: appOrigin,
    issuer,
    cdn,
    audio: `${cdn}/podcasts/episode.wav`,
    // The statuses of all answers to renewals, but for preflights.
    renewals: () => lines.filter(({ route, status }) => route === '/renew' && status !== undefined && status !== 204).map(({ status }) => status),
    async stopIssuer() { await running.kill(); },
    async startIssuer() {
      running = await serve(port);
      running.log(lines);
    },
    async stop() {
      for (const server of [app, origin]) {
        server.closeAllConnections();
        server.close();
      }
      await Promise.all([edge.kill(), running.kill()]);
      rmSync(folder, { recursive: true });
    },
  };
}

function configuration({ appOrigin, cdn, life, session }) {
  return `
[server]
listen = "127.0.0.1:0"
public_url = "http://id.${DOMAIN}"
app_origins = ["${appOrigin}"]
workers = 1
shutdown_timeout = "1s"
[log]
level = "debug"
[mint]
expiry_step = "1s"
[[grants]]
name = "podcasts"
resource = "${cdn}/podcasts/*"
ttl = "${life}s"
cookie = { domain = "${DOMAIN}" }
[ticket]
issuer = "${appOrigin}"
audience = "${AUDIENCE}"
[[ticket.keys]]
algorithm = "HS256"
secret = { file = "ticket.key" }
[session]
secrets = [{ file = "session.key" }]
max_age = "${session}s"
idle = "${session}s"
`;
}

// Nothing outlives a test that breaks off.
const programs = new Set();
process.once('exit', () => programs.forEach((child) => child.kill('SIGKILL')));

// A program that says its port in its first line.
async function startProgram(args) {
  const child = spawn(BINARY, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  programs.add(child);
  let said = '';
  const errors = createInterface(child.stderr);
  errors.on('line', (line) => { said = `${said}${line}\n`.slice(-4000); });
  const first = await Promise.race([once(createInterface(child.stdout), 'line'), exited]);
  const port = /listening on http:\/\/127\.0\.0\.1:(\d+)$/.exec(first[0])?.[1];
  if (!port) throw new Error(`edgemint ${args[0]} ended with ${first}: ${said}`);
  return {
    port,
    log: (lines) => errors.on('line', (line) => { lines.push(JSON.parse(line)); }),
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

// ---- the web app

function answer(places, request, response) {
  const { pathname, search } = new URL(request.url, places.appOrigin);
  const send = (type, body) => response.writeHead(200, { 'Content-Type': `${type}; charset=utf-8` }).end(body);
  if (pathname === '/login') {
    const query = new URLSearchParams({ ticket: ticket(places), return_to: `${places.appOrigin}/listen${search}` });
    return response.writeHead(303, { Location: `${places.issuer}/enter?${query}` }).end();
  }
  if (pathname === '/listen') return send('text/html', page(places, new URLSearchParams(search)));
  // Hands over a copy of player.js, as a bundler would.
  if (pathname === '/player.js') return send('text/javascript', readFileSync(PLAYER));
  if (pathname === '/hls.mjs') return send('text/javascript', readFileSync(HLS));
  const own = places.pages[/^\/readme\/(\d)$/.exec(pathname)?.[1]];
  if (own) return send('text/html', `<!doctype html>${named(own, places)}`);
  return response.writeHead(404).end();
}

function named(text, { issuer, cdn }) {
  return text.replaceAll('https://listen.example.com', issuer).replaceAll('https://cdn.example.com', cdn)
    .replaceAll('/podcasts/1.mp3', '/podcasts/episode.wav');
}

function ticket({ appOrigin, secret }) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: appOrigin, aud: AUDIENCE, sub: 'listener-7', jti: randomUUID(), iat: now, exp: now + 30 };
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

// `?kind=hls` plays through hls.js, `?kind=source` from a <source>. `?player=later` does not begin to keep the cookies
// fresh, and `?player=copy` takes player.js from the app.
function page({ issuer, cdn, script }, query) {
  const kind = query.get('kind') ?? 'audio';
  const player = query.get('player');
  const audio = `${cdn}/podcasts/episode.wav`;
  const element = {
    audio: `<audio src="${audio}" preload="auto"></audio>`,
    source: `<audio preload="auto"><source src="${audio}" type="audio/wav"></audio>`,
    hls: '<audio></audio>',
  }[kind];
  const hls = `
    const { default: Hls } = await import('/hls.mjs');
    window.keeper = keepFresh({ issuer, onEvent });
    const hls = new Hls({
      maxBufferLength: 5,
      xhrSetup: async (xhr) => {
        xhr.withCredentials = true;
        await keeper.ready();
      },
    });
    hls.on(Hls.Events.ERROR, (_, { type, details, fatal }) => seen.hls.push({ type, details, fatal }));
    hls.loadSource('${cdn}/podcasts/stream/index.m3u8');
    hls.attachMedia(audio);`;
  return `<!doctype html><meta charset="utf-8"><title>Listen</title><link rel="icon" href="data:,">${element}
<script>
  window.audio = document.querySelector('audio');
  window.seen = { events: [], media: [], hls: [] };
  for (const type of ['waiting', 'stalled', 'error', 'playing', 'loadstart']) {
    audio.addEventListener(type, () => seen.media.push({ type, at: audio.currentTime, when: performance.now() }));
  }
  audio.addEventListener('edgemint', ({ detail }) => seen.events.push({ ...detail, when: performance.now() }));
  window.onEvent = (detail) => seen.events.push({ ...detail, when: performance.now() });
</script>
<script type="module">
  import { keepFresh, keepListening, leave } from '${player === 'copy' ? '/player.js' : script}';
  const issuer = '${issuer}';
  window.leave = () => leave({ issuer });
  window.keep = () => { window.keeper = keepListening(audio, { issuer }); };
  ${kind === 'hls' ? hls : ''}
  ${kind !== 'hls' && player !== 'later' ? 'keep();' : ''}
  window.isLoaded = true;
</script>`;
}

// A web app and edgemint on one host, behind a proxy that knows paths alone, and the edge on another; and a browser
// as far as cookies go. Names are resolved by hand: all of it listens on 127.0.0.1.

import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CookieJar } from 'tough-cookie';
import { BINARY, run, start, startRedis } from './programs.mjs';

const APP_HOST = 'app.edgemint.localhost';
const CDN_HOST = 'cdn.edgemint.localhost';
export const AUDIO = Buffer.from(Array.from({ length: 4096 }, (_, index) => index % 251));
// Of cookies, in seconds: how long somebody who has logged out may still listen.
export const LIFETIME = 2;

// Everything that an operator sets up beside an app: `provider` is the [redis] section but for its url.
export async function startSite({ app: program, secret, provider }) {
  const folder = await mkdtemp(join(tmpdir(), 'edgemint-app-'));
  const running = [];
  const stop = async () => {
    for (const end of running.reverse()) await end();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const redis = await startRedis(folder);
    running.push(redis.end);
    const startApp = (its) => start(process.execPath, [new URL(program, import.meta.url).pathname], {
      env: { PATH: process.env.PATH, REDIS_URL: redis.url, SESSION_SECRET: its },
    });
    const app = await startApp(secret);
    running.push(app.stop);
    const proxy = await startProxy();
    running.push(proxy.stop);

    const init = ['keys', '--dir', join(folder, 'keys'), 'init', '--algorithm', 'ecdsa-p256', '--key-pair-id', 'KTEST'];
    await writeFile(join(folder, 'public.pem'), await run(BINARY, init));
    await mkdir(join(folder, 'media/podcasts'), { recursive: true });
    await writeFile(join(folder, 'media/podcasts/1.mp3'), AUDIO);
    const edge = await start(BINARY, ['edge', '--listen', '127.0.0.1:0', '--origin', join(folder, 'media'),
      '--protect', '/podcasts/*', '--trust', `KTEST=${join(folder, 'public.pem')}`, '--scheme', 'http']);
    running.push(edge.stop);

    const origin = `http://${APP_HOST}:${proxy.port}`;
    const cdn = `http://${CDN_HOST}:${edge.port}`;
    await writeFile(join(folder, 'edgemint.toml'), configuration({ origin, cdn, provider }));
    const edgemint = await start(BINARY, ['serve', '--config', join(folder, 'edgemint.toml')], {
      env: { PATH: process.env.PATH, REDIS_URL: redis.url, SESSION_SECRET: secret },
    });
    running.push(edgemint.stop);
    Object.assign(proxy.ports, { app: app.port, edgemint: edgemint.port });
    // The same app, and the same Redis, with another secret: somebody who can only guess it.
    const forger = await startApp(`${secret} of somebody else`);
    running.push(forger.stop);
    return { origin, cdn, redis, edgemint, proxy, app: app.port, forger: forger.port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function configuration({ origin, cdn, provider }) {
  return `
[server]
listen = "127.0.0.1:0"
public_url = "${origin}"
base_path = "/edgemint"
app_origins = ["${origin}"]
workers = 1
[keyring]
directory = "keys"
[mint]
expiry_step = "1s"
[[grants]]
name = "podcasts"
resource = "${cdn}/podcasts/*"
ttl = "${LIFETIME}s"
cookie = { domain = "edgemint.localhost", secure = false }
[redis]
url = { env = "REDIS_URL" }
${provider}
`;
}

// What is below /edgemint/ goes to edgemint, all else to the app, as they come.
async function startProxy() {
  const ports = {};
  const server = http.createServer((request, response) => {
    const port = request.url.startsWith('/edgemint/') ? ports.edgemint : ports.app;
    const { method, url: path, rawHeaders: headers } = request;
    const onward = http.request({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(response);
    });
    onward.on('error', () => response.writeHead(502).end());
    request.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = async () => { server.closeAllConnections(); server.close(); await once(server, 'close'); };
  return { port: server.address().port, ports, stop };
}

// Keeps cookies as browsers do, and follows no redirect by itself.
export class Browser {
  jar = new CookieJar();

  async ask(url, { method = 'GET', headers = {}, body, cookie } = {}) {
    const { hostname, port, pathname, search, host } = new URL(url);
    const sent = { Host: host, ...headers };
    cookie ??= await this.jar.getCookieString(url);
    if (cookie) sent.Cookie = cookie;
    const request = http.request({ host: '127.0.0.1', port, method, path: pathname + search, headers: sent, agent: false });
    request.end(body);
    const [answer] = await once(request, 'response');
    const chunks = await answer.toArray();
    for (const line of answer.headers['set-cookie'] ?? []) await this.jar.setCookie(line, url);
    return { status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks), hostname };
  }

  form(url, fields) {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    return this.ask(url, { method: 'POST', headers, body: new URLSearchParams(fields).toString() });
  }

  async cookie(url, name) {
    return (await this.jar.getCookies(url)).find((cookie) => cookie.key === name)?.value;
  }
}

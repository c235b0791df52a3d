// Makes sessions.json: cookies and records as the npm packages write them, for the tests of
// src/session/redis_session/. Secrets and ids are made here, for these tests alone; they are others each time, so
// the file is kept.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import { RedisStore } from 'connect-redis';
import express from 'express';
import session from 'express-session';
import fastify from 'fastify';

// What a session leads to, the same in every app.
const USER = { id: 4217, name: 'Zoë', isLoggedIn: true, plan: 'premium', roles: ['listener', 'host'] };
const version = (name) => JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url))).version;
const secret = () => randomBytes(24).toString('base64');

// A client of redis for connect-redis that keeps what is set, as the bytes that would be sent.
function recorder() {
  const kept = new Map();
  const client = {
    get: async (key) => kept.get(key) ?? null,
    set: async (key, value) => { kept.set(key, value); },
    expire: async () => {},
    del: async ([key]) => { kept.delete(key); },
  };
  return { kept, client };
}

function sample(maker, kept, setCookie, secrets) {
  const [[key, record]] = kept;
  const [, name, value] = /^([^=]+)=([^;]*)/.exec(setCookie);
  return { maker, secrets, cookie: { name, value }, key, record };
}

async function expressSession(options = {}) {
  const { kept, client } = recorder();
  const secrets = [secret()];
  const app = express();
  app.use(session({ store: new RedisStore({ client }), secret: secrets, resave: false, saveUninitialized: false, ...options }));
  app.get('/', (request, response) => { request.session.user = USER; response.end(); });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const answer = await fetch(`http://127.0.0.1:${server.address().port}/`);
  server.close();
  const maker = `express-session ${version('express-session')}, connect-redis ${version('connect-redis')}`;
  return sample(maker, kept, answer.headers.getSetCookie()[0], secrets);
}

async function fastifySessions() {
  const { kept, client } = recorder();
  const secrets = [secret()];
  const app = fastify();
  app.register(fastifyCookie);
  app.register(fastifySession, { secret: secrets, store: new RedisStore({ client }), cookie: { secure: false, maxAge: 3_600_000 } });
  app.get('/', async (request) => { request.session.user = USER; return ''; });
  const answer = await app.inject('/');
  const maker = `@fastify/session ${version('@fastify/session')}, connect-redis ${version('connect-redis')}`;
  return sample(maker, kept, answer.headers['set-cookie'], secrets);
}

// Both majors that are in use: express-session has its own.
function signatures() {
  const here = createRequire(import.meta.url);
  const inside = createRequire(here.resolve('express-session'));
  const ids = ['a', 'Zx8-_0.9', randomBytes(24).toString('base64url'), 'with.two.dots', 'user:17:abc', 'x'.repeat(256)];
  return [[here, version('cookie-signature')], [inside, version('express-session/node_modules/cookie-signature')]].flatMap(
    ([require, its]) => ids.map((id) => {
      const key = secret();
      return { maker: `cookie-signature ${its}`, secret: key, id, signed: require('cookie-signature').sign(id, key) };
    }),
  );
}

// A signature in which base64 needs the characters that a cookie carries encoded.
async function until(wanted, make) {
  for (;;) {
    const made = await make();
    if (wanted(made)) return made;
  }
}

const sessions = [
  await until(({ cookie }) => /%2F/.test(cookie.value) && /%2B/.test(cookie.value), () => expressSession()),
  await expressSession({ name: 'app.sid', cookie: { maxAge: 3_600_000 } }),
  await fastifySessions(),
];
const made = { made: Math.floor(Date.now() / 1000), sessions, signatures: signatures() };
writeFileSync(new URL('sessions.json', import.meta.url), `${JSON.stringify(made, null, 1)}\n`);

// The same for Fastify, as the README of @fastify/session shows it. Its sessions are in Redis by connect-redis too.

import fastifyCookie from '@fastify/cookie';
import fastifySession from '@fastify/session';
import { RedisStore } from 'connect-redis';
import fastify from 'fastify';
import { createClient } from 'redis';

const redisClient = createClient({ url: process.env.REDIS_URL });
redisClient.on('error', () => {}); // it comes back by itself
await redisClient.connect();

const app = fastify();
app.register(fastifyCookie);
app.register(fastifySession, {
  secret: process.env.SESSION_SECRET,
  store: new RedisStore({ client: redisClient, prefix: 'auth:session:' }),
  cookie: { secure: false, maxAge: 3_600_000 },
  saveUninitialized: false,
});
app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (request, body, done) => {
  done(null, Object.fromEntries(new URLSearchParams(body)));
});

app.get('/', async () => 'hello!');

app.get('/basket', async (request) => {
  request.session.basket = ['a mug'];
  return 'in your basket';
});

app.post('/login', async (request, reply) => {
  await request.session.regenerate();
  request.session.account = { id: request.body.user, isLoggedIn: true, plan: 'premium' };
  return reply.redirect('/edgemint/enter?return_to=%2Fepisodes');
});

app.get('/logout', async (request, reply) => {
  await request.session.destroy();
  return reply.redirect('/');
});

const address = await app.listen({ port: 0, host: '127.0.0.1' });
console.log(`app listening on ${address}`);

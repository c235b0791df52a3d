// A listener of an app that was not changed: who is logged in there may fetch from the edge, and nobody else.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { until } from './programs.mjs';
import { AUDIO, Browser, LIFETIME, startSite } from './site.mjs';

const secret = () => randomBytes(32).toString('base64url');

const APPS = [
  {
    name: 'Express (express-session, connect-redis)',
    app: 'express_app.mjs',
    cookie: 'connect.sid',
    provider: `
      cookie = "connect.sid"
      secrets = [{ env = "SESSION_SECRET" }]
      key = "myapp:{id}"
      subject = "/user"`,
  },
  {
    name: 'Fastify (@fastify/session, connect-redis)',
    app: 'fastify_app.mjs',
    cookie: 'sessionId',
    provider: `
      cookie = "sessionId"
      cookie_prefix = ""
      secrets = [{ env = "SESSION_SECRET" }]
      key = "auth:session:{id}"
      subject = "/account/id"
      claims = { plan = "/account/plan" }
      logged_in = "/account/isLoggedIn"`,
  },
];

for (const { name, app, cookie, provider } of APPS) {
  describe(name, () => {
    let site;
    before(async () => { site = await startSite({ app, secret: secret(), provider }); });
    after(() => site?.stop());

    const enter = () => `${site.origin}/edgemint/enter?return_to=%2Fepisodes`;
    const renew = (browser, options = {}) => browser.ask(`${site.origin}/edgemint/renew`, {
      method: 'POST', headers: { 'Content-Type': 'application/json', Origin: site.origin }, body: '{}', ...options,
    });
    const listen = (browser) => browser.ask(`${site.cdn}/podcasts/1.mp3`, { headers: { Range: 'bytes=1000-1099' } });

    async function logIn(user = 'listener-7') {
      const browser = new Browser();
      const answer = await browser.form(`${site.origin}/login`, { user, pass: 'any' });
      assert.equal(answer.status, 302);
      assert.equal(answer.headers.location, '/edgemint/enter?return_to=%2Fepisodes');
      return browser;
    }

    // The whole rule of a refusal.
    function assertRefused(answer, status, code) {
      assert.equal(answer.status, status, `${answer.body}`);
      assert.equal(answer.headers['content-type'], 'application/problem+json');
      assert.equal(answer.headers['cache-control'], 'no-store');
      assert.equal(answer.headers['set-cookie'], undefined);
      assert.equal(answer.headers.location, undefined);
      assert.equal(JSON.parse(answer.body).code, code);
    }

    test('who logs in at the app listens from the edge, and renews', async () => {
      const browser = await logIn();
      assert.equal((await listen(browser)).status, 403, 'nothing to be had before');
      const entered = await browser.ask(enter());
      assert.equal(entered.status, 303, `${entered.body}`);
      assert.equal(entered.headers.location, `${site.origin}/episodes`);
      const part = await listen(browser);
      assert.equal(part.status, 206);
      assert.equal(part.headers['content-range'], `bytes 1000-1099/${AUDIO.length}`);
      assert.deepEqual(part.body, AUDIO.subarray(1000, 1100));

      const before = await browser.cookie(`${site.cdn}/podcasts/`, 'CloudFront-Policy');
      await until('a lifetime passes', async () => (await listen(browser)).status === 403);
      const renewed = await renew(browser);
      assert.equal(renewed.status, 200, `${renewed.body}`);
      const { now, grants: [grant, ...others] } = JSON.parse(renewed.body);
      assert.deepEqual([grant.name, others], ['podcasts', []]);
      assert.ok(grant.expires_at > now && grant.expires_at <= now + LIFETIME + 1, `${renewed.body}`);
      assert.notEqual(await browser.cookie(`${site.cdn}/podcasts/`, 'CloudFront-Policy'), before);
      assert.equal((await listen(browser)).status, 206, 'after a renewal');
    });

    test('who logs out at the app listens no longer than one lifetime', async () => {
      const browser = await logIn();
      assert.equal((await browser.ask(enter())).status, 303);
      // The cookie itself, which a thief or another tab may have kept.
      const kept = `${cookie}=${await browser.cookie(site.origin, cookie)}`;
      const renewed = await renew(browser, { cookie: kept });
      assert.equal(renewed.status, 200);
      const loggedOut = Date.now();
      assert.equal((await browser.ask(`${site.origin}/logout`)).status, 302);
      for (const options of [{ cookie: kept }, {}]) {
        assertRefused(await renew(browser, options), 401, 'session_refused');
        assertRefused(await browser.ask(enter(), options), 401, 'session_refused');
      }
      // Expiries are rounded up to the next second. What is minted last is what ends last.
      const [{ expires_at: end }] = JSON.parse(renewed.body).grants;
      assert.ok(end * 1000 <= loggedOut + (LIFETIME + 1) * 1000, `${end} s, ${loggedOut} ms`);
      await until('the lifetime ends', () => Date.now() >= end * 1000);
      assert.equal((await listen(browser)).status, 403, 'the edge refuses');
    });

    test('who has a session and has not logged in gets nothing', async () => {
      const browser = new Browser();
      assertRefused(await browser.ask(enter()), 401, 'session_refused');
      await browser.ask(`${site.origin}/basket`);
      assert.ok(await browser.cookie(site.origin, cookie), 'the app has begun a session');
      assertRefused(await browser.ask(enter()), 401, 'session_refused');
      assertRefused(await renew(browser), 401, 'session_refused');
      assert.equal((await listen(browser)).status, 403);
    });

    test('who makes a cookie up gets nothing', async () => {
      const browser = await logIn();
      const value = await browser.cookie(site.origin, cookie);
      const [id, signature] = decodeURIComponent(value).split('.');
      const other = decodeURIComponent(await (await logIn('listener-8')).cookie(site.origin, cookie));
      // Signed by the same app on the same Redis, with another secret. Its record is there.
      const forger = new Browser();
      const answer = await forger.form(`http://127.0.0.1:${site.forger}/login`, { user: 'listener-7' });
      const forged = /^[^=]+=([^;]+)/.exec(answer.headers['set-cookie'][0])[1];
      for (const made of [
        forged,
        encodeURIComponent(id),
        encodeURIComponent(`${id}.`),
        encodeURIComponent(`${id}.${signature.slice(0, -1)}`),
        encodeURIComponent(`${id}.${other.split('.')[1]}`),
        encodeURIComponent(`${other.split('.')[0]}.${signature}`),
        // Encoded twice.
        [...decodeURIComponent(value)].map((char) => `%25${char.charCodeAt(0).toString(16)}`).join(''),
        `${value}; ${cookie}=${value}`,
      ]) {
        assertRefused(await renew(browser, { cookie: `${cookie}=${made}` }), 401, 'session_refused');
        assertRefused(await browser.ask(enter(), { cookie: `${cookie}=${made}` }), 401, 'session_refused');
      }
      assert.equal((await renew(browser)).status, 200, 'and with the real one everything');
      const log = site.edgemint.log();
      for (const hidden of [id.replace('s:', ''), signature, decodeURIComponent(forged).split('.')[1]]) {
        assert.ok(!log.includes(hidden), 'a cookie is in the log');
      }
    });

    for (const [what, hide, show] of [
      ['does not answer', (redis) => redis.freeze(), (redis) => redis.thaw()],
      ['is down', (redis) => redis.stop(), (redis) => redis.start()],
    ]) {
      test(`while Redis ${what} nobody is let in, and afterwards everybody is`, async () => {
        const browser = await logIn();
        assert.equal((await renew(browser)).status, 200);
        await hide(site.redis);
        try {
          for (const answer of [await renew(browser), await browser.ask(enter())]) {
            assertRefused(answer, 503, 'session_provider_unavailable');
            assert.match(answer.headers['retry-after'], /^[1-9]\d*$/);
          }
          const health = await browser.ask(`${site.origin}/edgemint/healthz`);
          assert.equal(health.status, 200);
        } finally {
          await show(site.redis);
        }
        await until('a renewal succeeds', async () => (await renew(browser)).status === 200);
        assert.equal((await listen(browser)).status, 206);
      });
    }
  });
}

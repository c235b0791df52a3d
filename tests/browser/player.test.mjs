// What a listener lives through, in a real browser, against the real binary. Nothing here sleeps for
// a fixed time: conditions are polled, with a deadline.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startChromium, startDemo, until, watchNetwork } from './demo.mjs';

const PODCASTS = '/podcasts/';
const COOKIES = ['CloudFront-Key-Pair-Id', 'CloudFront-Policy', 'CloudFront-Signature'];
// Generous: the machine may be busy with other tests.
const DEADLINE = 30_000;

let browser;
before(async () => { browser = await startChromium(); });
after(() => browser?.close());

// A page in a profile of its own, and what its network did.
async function open(demo, t) {
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(DEADLINE);
  const network = await watchNetwork(page);
  await page.goto(`${demo.app}/`);
  return { page, network };
}

async function signIn(page) {
  await page.getByRole('button', { name: 'Sign in as Ada' }).click();
  await page.waitForSelector('body[data-signed-in="yes"]');
  await page.waitForFunction(() => document.querySelector('audio').readyState >= HTMLMediaElement.HAVE_METADATA);
}

function seek(page, seconds) {
  return page.evaluate((to) => { document.querySelector('audio').currentTime = to; }, seconds);
}

function playsBeyond(page, seconds) {
  return page.waitForFunction((from) => {
    const audio = document.querySelector('audio');
    return !audio.paused && !audio.seeking && audio.currentTime > from;
  }, seconds);
}

const isAudio = (request) => request.type.startsWith('audio/') || new URL(request.url).pathname.startsWith(PODCASTS);
const cookiesOf = (request) => (request.headers.cookie ?? '').split('; ').map((pair) => pair.split('=')[0]).sort();

async function state(demo) {
  return (await fetch(`http://127.0.0.1:${new URL(demo.app).port}/state`)).json();
}

describe('a listener', () => {
  let demo;
  before(async () => { demo = await startDemo('10m'); });
  after(async () => assert.equal(await demo.stop(), 0, 'the demo stops on SIGTERM without an error'));

  test('plays and seeks, every byte by Range from the CDN host with cookies, none through app or edgemint', async (t) => {
    const { page, network } = await open(demo, t);
    await signIn(page);
    await page.evaluate(() => document.querySelector('audio').play());
    await playsBeyond(page, 0.5);
    const duration = await page.evaluate(() => document.querySelector('audio').duration);
    assert.ok(duration > 240, `several minutes: ${duration}`);
    await seek(page, duration - 60);
    await playsBeyond(page, duration - 60);

    const answered = network.all().filter((request) => isAudio(request) && request.status !== 403);
    const sentParts = answered.filter((request) => request.status === 206);
    assert.ok(sentParts.length >= 2, 'the beginning and the jump are requests of their own');
    for (const request of answered) {
      assert.equal(new URL(request.url).origin, demo.cdn);
      // 304: the browser still held that part, and the edge let it be used.
      assert.ok([206, 304].includes(request.status), `${request.status} ${request.url}`);
      assert.match(request.headers.range, /^bytes=\d+-/);
      assert.deepEqual(cookiesOf(request), COOKIES);
    }
    const far = sentParts.some((request) => Number(/\d+/.exec(request.headers.range)[0]) > 5_000_000);
    assert.ok(far, 'the jump asked for the middle of the file');

    const audioBytes = (origin) => network.all()
      .filter((request) => new URL(request.url).origin === origin && isAudio(request) && request.status !== 304)
      .reduce((sum, request) => sum + request.bytes, 0);
    assert.ok(audioBytes(demo.cdn) > 500_000, `${audioBytes(demo.cdn)} bytes came from the CDN host`);
    assert.equal(audioBytes(demo.app), 0);
    assert.equal(audioBytes(demo.edgemint), 0);
    const { sent } = await state(demo);
    assert.deepEqual([sent.app, sent.edgemint], [0, 0]);
    assert.ok(sent.edge >= audioBytes(demo.cdn), 'the edge counts what it sends');
    const total = network.all().filter((request) => request.bytes > 0).map((request) => new URL(request.url).origin);
    assert.ok(total.includes(demo.app), 'the app did serve its page');
  });

  test('holds cookies for the CDN path alone, hidden from scripts', async (t) => {
    const { page, network } = await open(demo, t);
    await signIn(page);
    const { cookies } = await network.session.send('Network.getCookies', { urls: [`${demo.app}/`, `${demo.edgemint}/`, `${demo.cdn}${PODCASTS}`] });
    const minted = cookies.filter((cookie) => cookie.name.startsWith('CloudFront-'));
    assert.deepEqual(minted.map((cookie) => cookie.name).sort(), COOKIES);
    for (const cookie of minted) {
      assert.equal(cookie.domain, '.edgemint.localhost');
      assert.equal(cookie.path, PODCASTS);
      assert.deepEqual([cookie.httpOnly, cookie.secure, cookie.sameSite], [true, true, 'Lax'], cookie.name);
      assert.ok(cookie.session, 'the policy expires, not the cookie');
    }
    assert.equal(await page.evaluate(() => document.cookie), '');
    const own = cookies.filter((cookie) => !cookie.name.startsWith('CloudFront-'));
    assert.deepEqual(own.map((cookie) => [cookie.name, cookie.domain]).sort(), [
      ['__Host-demo-session', 'app.edgemint.localhost'], ['__Host-edgemint', 'id.edgemint.localhost'],
    ]);
    const elsewhere = network.all().filter((request) => !isAudio(request));
    assert.ok(elsewhere.length > 3);
    for (const request of elsewhere) assert.ok(!cookiesOf(request).some((name) => COOKIES.includes(name)), request.url);
  });

  test('who is not signed in is refused, and the page says so', async (t) => {
    const { page, network } = await open(demo, t);
    await page.getByText('The edge refused: 403 MissingKey').waitFor();
    const asked = network.all().filter(isAudio);
    assert.ok(asked.length > 0);
    for (const request of asked) {
      assert.equal(request.status, 403);
      assert.ok(!request.type.startsWith('audio/'), request.type);
    }
    assert.equal(await page.evaluate(() => document.querySelector('audio').readyState), 0);
    await page.locator('#log .tag.no', { hasText: '403 MissingKey' }).first().waitFor();
    const cover = await page.evaluate(() => document.querySelector('#cover').decode().then(() => true));
    assert.ok(cover, 'what is not protected is served to everybody');
  });

  test('the same request without its cookies is refused while the player plays', async (t) => {
    const { page } = await open(demo, t);
    await signIn(page);
    await page.evaluate(() => document.querySelector('audio').play());
    await playsBeyond(page, 0.2);
    await page.getByRole('button', { name: 'Try without cookies' }).click();
    await page.locator('.verdict', { hasText: '403 MissingKey' }).waitFor();
    await page.locator('.verdict', { hasText: 'TypeError' }).waitFor();
    await playsBeyond(page, 0.4);
    assert.ok(await page.locator('#message').isHidden(), 'the player was not disturbed');
  });

  test('a changed cookie is refused', async (t) => {
    const { page, network } = await open(demo, t);
    await signIn(page);
    const { cookies } = await network.session.send('Network.getCookies', { urls: [`${demo.app}/`, `${demo.edgemint}/`, `${demo.cdn}${PODCASTS}`] });
    const signature = cookies.find((cookie) => cookie.name === 'CloudFront-Signature');
    const { name, domain, path, value } = signature;
    const changed = value.replace(/^(.{20})(.)/, (_, start, letter) => start + (letter === 'A' ? 'B' : 'A'));
    await page.context().addCookies([{ name, domain, path, value: changed, httpOnly: true, secure: true, sameSite: 'Lax' }]);
    // Far from what the browser holds: the beginning may come from its cache without a request.
    await seek(page, 300);
    // The page says so only until player.js has renewed, which may be at once.
    await until(() => network.all().some((request) => isAudio(request) && request.status === 403), 'the refusal');
  });

  test('the page runs under its content security policy without a violation', async (t) => {
    const context = await browser.newContext();
    t.after(() => context.close());
    const page = await context.newPage();
    const complaints = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => { if (/Content Security Policy/.test(message.text())) complaints.push(message.text()); });
    await page.goto(`${demo.app}/`);
    await signIn(page);
    await page.getByRole('radio', { name: /Night Train/ }).check({ force: true });
    await page.waitForFunction(() => document.querySelector('audio').currentSrc.endsWith('night-train.wav') && document.querySelector('audio').readyState > 0);
    assert.deepEqual(complaints, []);
  });
});

test('a stop as soon as the demo says where it is ends it in order', async () => {
  const demo = await startDemo('1m');
  assert.equal(await demo.stop(), 0);
});

describe('cookies of five seconds', () => {
  let demo;
  before(async () => { demo = await startDemo('5s'); });
  after(async () => assert.equal(await demo.stop(), 0));

  test('without renewal a seek after them is refused, and fresh cookies bring the audio back', async (t) => {
    const { page, network } = await open(demo, t);
    await signIn(page);
    await page.getByRole('switch', { name: 'Renew while I listen' }).uncheck();
    await page.getByText('Nothing is renewed.').waitFor();
    await page.evaluate(() => document.querySelector('audio').play());
    await playsBeyond(page, 0.2);
    await page.waitForSelector('#expiry[data-state="over"]');
    const before = network.all().length;
    await seek(page, 300);
    await page.getByText('The edge refused: 403 AccessDenied').waitFor();
    const late = await until(() => network.all().slice(before).find((request) => isAudio(request) && request.status), 'the late request');
    assert.equal(late.status, 403);
    assert.deepEqual(cookiesOf(late), COOKIES, 'the cookies were sent, and were too old');
    const failed = page.locator('#log .failed .check').first();
    assert.equal(await failed.textContent(), 'expiry');

    await page.getByRole('button', { name: 'Get fresh cookies' }).click();
    await page.waitForFunction(() => document.querySelector('audio').currentTime >= 299 && document.querySelector('audio').readyState > 0);
  });

  test('with renewal a seek after them is answered, and the page tells when the cookies renew next', async (t) => {
    const { page, network } = await open(demo, t);
    await signIn(page);
    await page.evaluate(() => document.querySelector('audio').play());
    await page.getByText(/^Renewed [4-9] times, next in 0:0[0-4]$/).waitFor();
    const before = network.all().length;
    await seek(page, 300);
    await playsBeyond(page, 300);
    const late = network.all().slice(before).filter(isAudio);
    assert.ok(late.some(({ status }) => status === 206));
    assert.ok(await page.locator('#message').isHidden());
    const renewals = network.all().filter(({ method, url }) => method === 'POST' && url === `${demo.edgemint}/renew`);
    assert.ok(renewals.length >= 4);
    assert.ok(network.all().some(({ url, status }) => /\/player-[0-9a-f]{16}\.js$/.test(url) && status === 200), 'by the versioned URL');
  });

  test('signing out deletes every cookie, ends the session, and the other tab is told', async (t) => {
    const { page, network } = await open(demo, t);
    await signIn(page);
    const other = await page.context().newPage();
    other.setDefaultTimeout(DEADLINE);
    await other.goto(`${demo.app}/`);
    await other.waitForSelector('body[data-signed-in="yes"]');
    await page.getByText(/^Renewed .*, next in/).waitFor();
    await other.getByRole('button', { name: 'Sign out' }).click();
    await other.waitForSelector('body[data-signed-in="no"]');
    await page.getByText('Renewing has stopped: edgemint knows no session.').waitFor();
    const { cookies } = await network.session.send('Network.getCookies', { urls: [`${demo.app}/`, `${demo.edgemint}/`, `${demo.cdn}${PODCASTS}`] });
    assert.deepEqual(cookies.map(({ name }) => name), []);
    await seek(page, 300);
    await page.getByText('The edge refused: 403 MissingKey').waitFor();
  });
});

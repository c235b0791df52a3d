// What a listener lives through with player.js in a real browser, while cookies live for four seconds. The episode
// comes in parts of 1.4 seconds, so that the edge looks at the cookies all the time.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startChromium, until, watchNetwork } from './demo.mjs';
import { startStage } from './stage.mjs';

const LIFE = 4;
// Generous: the machine may be busy with other tests.
const DEADLINE = 60_000;
// What a listener would not notice.
const BLINK = 250;
const HOURS = 3_600_000;

let browser;
let stage;
before(async () => {
  stage = await startStage({ life: LIFE });
  browser = await startChromium();
});
after(() => Promise.all([browser?.close(), stage?.stop()]));

async function openContext(t) {
  const context = await browser.newContext();
  t.after(() => context.close());
  context.setDefaultTimeout(DEADLINE);
  return context;
}

// A page in a context, what its network did, and what it saw.
async function openPage(context, url) {
  const page = await context.newPage();
  const network = await watchNetwork(page);
  await page.goto(url);
  return {
    page,
    network,
    audio: () => network.all().filter((request) => new URL(request.url).pathname === '/podcasts/episode.wav'),
    renewals: () => network.all().filter((request) => request.method === 'POST' && request.url.endsWith('/renew')),
    seen: () => page.evaluate(() => seen),
    told: (type) => page.evaluate((wanted) => seen.events.filter((event) => event.type === wanted), type),
  };
}

// Somebody who signed in, and whose player is ready.
async function listen(t, query = '', on = stage, context = null) {
  const own = context ?? await openContext(t);
  const listener = { context: own, ...await openPage(own, `${on.app}/login?${query}`) };
  await listener.page.waitForFunction(() => audio.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA
    && seen.events.at(-1)?.type === 'renewed');
  return listener;
}

async function play(page, from = 0) {
  await page.evaluate(() => audio.play());
  await page.waitForFunction((start) => audio.currentTime > start + 0.2, from);
}

const playsUntil = (page, seconds) => page.waitForFunction((to) => audio.currentTime >= to, seconds, { timeout: 2 * DEADLINE });
const tells = (page, type, count = 1) => page.waitForFunction(
  ([wanted, least]) => seen.events.filter((event) => event.type === wanted).length >= least, [type, count],
);

const sinceItPlays = ({ media }) => media.slice(media.findIndex(({ type }) => type === 'playing'));

// How long playback stood still for want of data, each time, in milliseconds.
function stalls(seen) {
  return sinceItPlays(seen).flatMap(({ type, when }, index, all) => {
    if (type !== 'waiting') return [];
    const end = all.slice(index).find((event) => event.type === 'playing');
    return [end ? end.when - when : Infinity];
  });
}

// Whether the machine was so busy that a renewal came as late as the end of its cookies. Their times by a clock of its
// own are in renewal.test.mjs.
function isHeldUp({ events }) {
  const at = events.filter(({ type }) => type === 'renewed').map(({ when }) => when);
  return at.slice(1).some((when, index) => when - at[index] > 1000 * LIFE - 1100);
}

// Nothing that a listener could notice, and no request refused. `run` resolves to what a page saw and its requests. Of a
// run for which the machine was too busy, so that renewals came as late as the end of the cookies, only success says
// something: it is tried again, and the third counts whatever it was.
async function assertSmooth(t, run) {
  for (let attempt = 1; ; attempt += 1) {
    const [seen, requests] = await run();
    try {
      assert.deepEqual(noticed(seen), []);
      assert.deepEqual(sinceItPlays(seen).filter(({ type }) => type === 'stalled'), []);
      return assert.deepEqual(refused(requests).map(({ headers }) => headers.range), []);
    } catch (failure) {
      if (attempt === 3 || !isHeldUp(seen)) throw failure;
      t.diagnostic(`attempt ${attempt}: the machine was too busy to renew in time`);
    }
  }
}

const noticed = (seen) => stalls(seen).filter((span) => span > BLINK);
const refused = (requests) => requests.filter(({ status }) => status === 403);

async function policyOf(context, on = stage) {
  const cookies = await context.cookies(`${on.cdn}/podcasts/`);
  const policy = cookies.find(({ name }) => name === 'CloudFront-Policy')?.value;
  if (!policy) return null;
  const text = Buffer.from(policy.replaceAll('-', '+').replaceAll('_', '=').replaceAll('~', '/'), 'base64').toString();
  return { expires: JSON.parse(text).Statement[0].Condition.DateLessThan['AWS:EpochTime'] };
}

// Until the cookies that the browser holds now, renewed or not, have been over for two lifetimes.
async function outlive(context, on = stage) {
  const { expires } = await policyOf(context, on);
  await until(() => Date.now() / 1000 > expires + 2 * LIFE, 'the end of the cookies');
}

// Seeks and plays; how long it took until sound came, in milliseconds.
function seekAndPlay(page, seconds) {
  return page.evaluate((to) => new Promise((resolve) => {
    const begun = performance.now();
    const look = () => {
      if (audio.seeking || audio.paused || audio.currentTime <= to) return;
      audio.removeEventListener('timeupdate', look);
      resolve(performance.now() - begun);
    };
    audio.addEventListener('timeupdate', look);
    audio.currentTime = to;
    audio.play();
  }), seconds);
}

// Stops every script of the page, timers and events as well, as a machine that sleeps does. Clocks go on.
async function freeze({ session }) {
  await session.send('Debugger.enable');
  const paused = new Promise((resolve) => { session.once('Debugger.paused', resolve); });
  await session.send('Debugger.pause');
  await paused;
}

async function thaw({ session }) {
  await session.send('Debugger.resume');
  await session.send('Debugger.disable');
}

// Beside few others: it is the one that must not be disturbed.
describe('a minute with player.js', { concurrency: 2 }, () => {
  test('(a) plays a minute across ten renewals and more, without one stall and without one refusal', (t) => assertSmooth(t, async () => {
    const { page, audio, seen } = await listen(t);
    await play(page);
    const early = audio().length;
    const source = await page.evaluate(() => {
      Object.assign(seen, { events: [], media: seen.media.filter(({ type }) => type === 'playing').slice(-1) });
      return audio.currentSrc;
    });
    await playsUntil(page, 60);
    const all = await seen();
    const renewed = all.events.filter(({ type }) => type === 'renewed');
    assert.ok(renewed.length >= 10, `${renewed.length} renewals`);
    assert.deepEqual(new Set(all.events.map(({ type }) => type)), new Set(['renewed']));
    assert.deepEqual(all.media.filter(({ type }) => ['error', 'loadstart'].includes(type)), []);
    assert.equal(await page.evaluate(() => audio.currentSrc), source);
    assert.ok(audio().length > 40, `${audio().length} parts`);
    return [all, audio().slice(early)];
  }));

  test('the same listener without renewals is refused and stops: the test above can fail', async (t) => {
    const { page, audio, seen, renewals } = await listen(t);
    await play(page);
    await page.evaluate(() => keeper.stop());
    const before = renewals().length;
    await until(async () => noticed(await seen()).includes(Infinity), 'a stall without end');
    assert.ok(refused(audio()).length > 0);
    assert.equal(renewals().length, before);
    assert.ok(await page.evaluate(() => audio.currentTime) < 60);
  });
});

describe('a listener with player.js', { concurrency: 4 }, () => {
  test('(b) a pause of several lifetimes, then a seek: it goes on within a second', async (t) => {
    const { page } = await listen(t);
    await play(page);
    await page.evaluate(() => audio.pause());
    await tells(page, 'renewed', 8);
    const took = await seekAndPlay(page, 200);
    assert.ok(took < 1000, `${took} ms`);
  });

  test('(b) a pause in a page that was frozen, its cookies long over, then a seek: it goes on within a second', async (t) => {
    const { context, page, network, renewals } = await listen(t);
    await play(page);
    await page.evaluate(() => audio.pause());
    await freeze(network);
    const before = renewals().length;
    await outlive(context);
    assert.equal(renewals().length, before, 'it was frozen');
    await thaw(network);
    const took = await seekAndPlay(page, 200);
    assert.ok(took < 1000, `${took} ms`);
  });

  test('(b) cookies that were lost long before they are due are not missed for long: a seek goes on', async (t) => {
    const own = await startStage({ life: 3600 });
    t.after(() => own.stop());
    const { context, page, audio, renewals } = await listen(t, '', own);
    await play(page);
    await context.clearCookies({ name: /^CloudFront-/ });
    await seekAndPlay(page, 200);
    const at = await page.evaluate(() => audio.currentTime);
    await playsUntil(page, at + 2);
    assert.ok(refused(audio()).length > 0);
    assert.equal(renewals().length, 2);
  });

  test('(c) a machine that slept while it played goes on', async (t) => {
    const { context, page, network, renewals } = await listen(t);
    await play(page);
    await tells(page, 'renewed', 2);
    await freeze(network);
    const before = renewals().length;
    await outlive(context);
    assert.equal(renewals().length, before, 'it was frozen');
    await thaw(network);
    const ahead = await page.evaluate(() => audio.buffered.end(audio.buffered.length - 1));
    await playsUntil(page, ahead + 3);
    assert.equal(await page.evaluate(() => audio.paused), false);
  });

  for (const hours of [-3, 3]) {
    test(`(c) a clock that jumps by ${hours} hours changes nothing`, (t) => assertSmooth(t, async () => {
      const context = await openContext(t);
      await context.addInitScript(() => {
        const { now } = Date;
        window.skew = 0;
        Date.now = () => now() + window.skew;
      });
      const { page, audio, seen, renewals } = await listen(t, '', stage, context);
      await play(page);
      await tells(page, 'renewed', 2);
      const early = audio().length;
      const before = renewals().length;
      const begun = Date.now();
      await page.evaluate((by) => { window.skew = by; }, hours * HOURS);
      await playsUntil(page, 25);
      const periods = (Date.now() - begun) / 1000 / 2;
      assert.ok(renewals().length - before <= periods + 2, `${renewals().length - before} renewals in ${periods} periods`);
      const all = await seen();
      assert.deepEqual(all.events.filter(({ type }) => ['retrying', 'stopped'].includes(type)), []);
      return [all, audio().slice(early)];
    }));

    test(`(c) so does a clock that was wrong by ${hours} hours from the beginning`, (t) => assertSmooth(t, async () => {
      const context = await openContext(t);
      await context.addInitScript((by) => {
        const { now } = Date;
        Date.now = () => now() + by;
      }, hours * HOURS);
      const { page, audio, seen } = await listen(t, '', stage, context);
      await play(page);
      const early = audio().length;
      await playsUntil(page, 15);
      return [await seen(), audio().slice(early)];
    }));
  }

  test('(c) a processor that is slowed down twenty times does not end it', async (t) => {
    const { page, network, seen } = await listen(t);
    await play(page);
    await network.session.send('Emulation.setCPUThrottlingRate', { rate: 20 });
    await tells(page, 'renewed', 6);
    await network.session.send('Emulation.setCPUThrottlingRate', { rate: 1 });
    await playsUntil(page, 25);
    assert.deepEqual((await seen()).events.filter(({ type }) => type === 'stopped'), []);
  });

  for (const how of ['by player.js', 'by the app alone']) {
    test(`(d) signed out in another tab ${how}: the event fires, nothing loops, the edge refuses`, async (t) => {
      const { context, page, network, audio, renewals, told } = await listen(t);
      await play(page);
      const other = await openPage(context, `${stage.app}/listen?player=later`);
      await other.page.waitForFunction(() => window.isLoaded);
      if (how === 'by player.js') {
        assert.equal(await other.page.evaluate(() => leave()), true);
      } else {
        const status = await other.page.evaluate(async (url) => (await fetch(url, {
          method: 'POST', credentials: 'include', headers: { 'Content-Type': 'application/json' }, body: '{}',
        })).status, `${stage.issuer}/leave`);
        assert.equal(status, 204);
      }
      await tells(page, 'stopped');
      assert.deepEqual((await told('stopped')).map(({ reason }) => reason), ['signed-out']);
      const before = renewals().length;
      assert.equal(await policyOf(context), null, 'the browser holds none');
      const asked = audio().length;
      await page.evaluate(() => { audio.currentTime = 250; });
      await until(() => refused(audio().slice(asked)).length >= 3, 'refusals');
      await page.waitForFunction(() => audio.error !== null);
      // A seek is a wish to listen: it asks once more.
      assert.ok(renewals().length - before <= 1, `${renewals().length - before} more renewals`);
      assert.deepEqual(new Set((await told('stopped')).map(({ reason }) => reason)), new Set(['signed-out']));
      assert.equal(network.all().filter(({ url }) => url.endsWith('/leave')).length, 0);
    });
  }

  test('(e) the issuer is down for eight seconds: no interruption, and renewals after', async (t) => {
    const own = await startStage({ life: LIFE });
    t.after(() => own.stop());
    const { page, seen, told } = await listen(t, '', own);
    await play(page);
    await page.waitForFunction(() => audio.buffered.end(audio.buffered.length - 1) - audio.currentTime > 13);
    await own.stopIssuer();
    const down = Date.now();
    await until(() => Date.now() - down > 8000, 'eight seconds');
    const { length } = await told('renewed');
    await own.startIssuer();
    await tells(page, 'renewed', length + 3);
    const at = await page.evaluate(() => audio.buffered.end(audio.buffered.length - 1));
    await playsUntil(page, at + 3);
    const all = await seen();
    assert.ok(all.events.some(({ type }) => type === 'retrying'), 'it noticed');
    assert.deepEqual(all.events.filter(({ type }) => type === 'stopped'), []);
    assert.deepEqual(noticed(all), []);
  });

  test('(e) the issuer is down until the element fails: it is back at the same place and rate', async (t) => {
    const own = await startStage({ life: LIFE });
    t.after(() => own.stop());
    const { page, told } = await listen(t, '', own);
    await play(page);
    await page.evaluate(() => { audio.playbackRate = 1.25; });
    await own.stopIssuer();
    await page.waitForFunction(() => audio.error?.code === 2, null, { timeout: 2 * DEADLINE });
    const { length } = await told('recovered');
    const [failed, url] = await page.evaluate(() => [audio.currentTime, audio.currentSrc]);
    await own.startIssuer();
    await tells(page, 'recovered', length + 1);
    const { position } = (await told('recovered')).at(-1);
    assert.ok(Math.abs(position - failed) < 0.3, `${failed}, ${position}`);
    await playsUntil(page, failed + 3);
    assert.deepEqual(await page.evaluate(() => [audio.playbackRate, audio.paused, audio.currentSrc]), [1.25, false, url]);
    assert.deepEqual(await told('stopped'), []);
  });

  test('(f) of two tabs one renews in each period, and both are told', async (t) => {
    const own = await startStage({ life: LIFE });
    t.after(() => own.stop());
    const { context, page, told } = await listen(t, '', own);
    const other = await listen(t, '', own, context);
    for (const tab of [page, other.page]) await play(tab);
    const counts = async () => [own.renewals().length, (await told('renewed')).length, (await other.told('renewed')).length];
    const first = await counts();
    const begun = Date.now();
    await tells(page, 'renewed', first[1] + 8);
    const [asked, ...heard] = (await counts()).map((count, index) => count - first[index]);
    const periods = (Date.now() - begun) / 2000; // 2 to 2.5 seconds
    assert.ok(asked <= periods + 1, `${asked} renewals in ${periods} periods`);
    for (const count of heard) assert.ok(Math.abs(count - asked) <= 1, `${heard} heard of ${asked}`);
    const ofEach = [await told('renewed'), await other.told('renewed')];
    assert.ok(own.renewals().every((status) => status === 200), `${own.renewals()}`);
    assert.ok(ofEach.flat().every(({ expiresIn }) => expiresIn > 0));
  });

  test('(f) the tab that renewed is closed: the other goes on', (t) => assertSmooth(t, async () => {
    const { context, page } = await listen(t);
    const other = await listen(t, '', stage, context);
    await play(other.page);
    await tells(other.page, 'renewed', 3);
    const early = other.audio().length;
    await page.close();
    await tells(other.page, 'renewed', 6);
    await playsUntil(other.page, 22);
    return [await other.seen(), other.audio().slice(early)];
  }));

  test('(g) HLS by hls.js: one mint covers the playlist and every segment', async (t) => {
    const { page, network, seen } = await listen(t, 'kind=hls');
    await play(page);
    await playsUntil(page, 20);
    const parts = network.all().filter(({ url }) => new URL(url).pathname.startsWith('/podcasts/stream/'));
    const ofKind = (end) => parts.filter(({ url }) => url.endsWith(end));
    assert.equal(ofKind('.m3u8').length, 1);
    assert.ok(ofKind('.mp3').length >= 10, `${ofKind('.mp3').length} segments`);
    for (const { status, headers } of parts) {
      assert.equal(status, 200);
      assert.match(headers.cookie, /CloudFront-Signature=/);
    }
    const all = await seen();
    assert.ok(all.events.filter(({ type }) => type === 'renewed').length >= 5);
    assert.deepEqual(all.hls.filter(({ fatal }) => fatal), []);
    // Beyond what it holds.
    await seekAndPlay(page, 45);
  });

  test('(g) HLS after a sleep: a seek goes on', async (t) => {
    const { context, page, network, seen } = await listen(t, 'kind=hls');
    await play(page);
    await page.evaluate(() => audio.pause());
    await freeze(network);
    await outlive(context);
    await thaw(network);
    await seekAndPlay(page, 40);
    assert.deepEqual((await seen()).hls.filter(({ fatal }) => fatal), []);
  });

  test('who is not signed in is told at once, and is asked for no more', async (t) => {
    const context = await openContext(t);
    const { page, told, renewals } = await openPage(context, `${stage.app}/listen`);
    await tells(page, 'stopped');
    assert.equal(await page.evaluate(() => keeper.ready()), false);
    await page.waitForFunction(() => audio.error !== null);
    assert.equal(renewals().length, 1);
    assert.deepEqual((await told('stopped')).map(({ reason, status }) => [reason, status]), [['signed-out', 401]]);
  });

  test('an element that was refused before somebody signed in is brought back, with <source> too', async (t) => {
    const context = await openContext(t);
    for (const kind of ['audio', 'source']) {
      await context.clearCookies();
      const { page } = await openPage(context, `${stage.app}/listen?player=later&kind=${kind}`);
      await page.waitForFunction(() => audio.networkState === HTMLMediaElement.NETWORK_NO_SOURCE);
      const other = await openPage(context, `${stage.app}/login?player=later`);
      await page.evaluate(() => keep());
      await page.waitForFunction(() => audio.readyState >= HTMLMediaElement.HAVE_METADATA);
      assert.equal(await page.evaluate(() => audio.paused), true);
      await Promise.all([page.close(), other.page.close()]);
    }
  });

  test('a page of another origin gets nothing, and neither may it import the script', async (t) => {
    const context = await openContext(t);
    await openPage(context, `${stage.app}/login?player=later`);
    const stranger = stage.app.replace('//app.', '//elsewhere.');
    const imported = await openPage(context, `${stranger}/listen`);
    const tried = await openPage(context, `${stranger}/listen?player=copy`);
    await tells(tried.page, 'retrying', 3);
    assert.deepEqual(await tried.told('renewed'), []);
    assert.ok(tried.network.all().filter(({ url }) => url.endsWith('/renew')).every(({ status }) => status === 403 || status === null));
    assert.equal(await imported.page.evaluate(() => window.isLoaded), undefined);
  });

  test('stop() leaves nothing behind', async (t) => {
    const { page, network, renewals } = await listen(t);
    const listeners = async () => {
      const counts = {};
      for (const name of ['window', 'document', 'audio']) {
        const { result } = await network.session.send('Runtime.evaluate', { expression: name });
        const found = await network.session.send('DOMDebugger.getEventListeners', { objectId: result.objectId });
        counts[name] = found.listeners.length;
      }
      return counts;
    };
    const busy = await listeners();
    await play(page);
    await page.evaluate(() => keeper.stop());
    const idle = await listeners();
    assert.ok(busy.window - idle.window >= 3 && busy.document - idle.document >= 4 && busy.audio - idle.audio >= 8, JSON.stringify({ busy, idle }));
    // One more keeper comes and goes without a trace.
    await page.evaluate(() => keep());
    await tells(page, 'renewed', 2);
    assert.deepEqual(await listeners(), busy);
    await page.evaluate(() => keeper.stop());
    assert.deepEqual(await listeners(), idle);
    const asked = renewals().length;
    // The cookies run out, the player runs dry, and nothing is done about it.
    await page.waitForFunction(() => audio.error !== null, null, { timeout: 2 * DEADLINE });
    assert.equal(renewals().length, asked);
  });
});

// When player.js renews and when it does not, by a clock that the test moves.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeMedia, FakePage } from './fake-page.mjs';

const { keepFresh, keepListening, leave } = await FakePage.load();
const ISSUER = 'https://listen.example.com';

const down = () => { throw new TypeError('Failed to fetch'); };

// A page, a keeper on it, and what the keeper told.
function keepOn(answer, options = {}) {
  const page = new FakePage(answer, options);
  const told = [];
  const keeper = keepFresh({ issuer: options.issuer ?? ISSUER, onEvent: (detail) => told.push(detail) });
  return { page, told, keeper };
}

const types = (told) => told.map(({ type }) => type);
const inSeconds = (page) => page.requests.map(({ at }) => (at - 5_000) / 1000);

test('renews at once, then between renew_at and half of what is left then, as the issuer asks for it', async () => {
  const { page, told } = keepOn(() => page.renewed(300));
  await page.pass(2000);
  const at = inSeconds(page);
  assert.equal(at[0], 0);
  for (const [index, when] of at.slice(1).entries()) {
    const wait = when - at[index];
    assert.ok(wait >= 200 && wait <= 249.5, `${wait} s after the last one`);
  }
  assert.ok(at.length >= 8 && at.length <= 11, `${at}`);
  assert.deepEqual(new Set(types(told)), new Set(['renewed']));
  const [{ url, method, credentials, headers, body }] = page.requests;
  assert.deepEqual([url, method, credentials, headers, body], [`${ISSUER}/renew`, 'POST', 'include', { 'Content-Type': 'application/json' }, '{}']);
});

test('not all listeners come at the same moment', async () => {
  const waits = new Set();
  for (let listener = 0; listener < 20; listener += 1) {
    const { page, keeper } = keepOn(() => page.renewed(300));
    await page.pass(260);
    waits.add(inSeconds(page)[1]);
    keeper.stop();
  }
  assert.ok(waits.size > 15 && Math.max(...waits) - Math.min(...waits) > 20, `${[...waits]}`);
});

test('lifetimes of seconds are renewed before they end, and not in a loop', async () => {
  for (const [life, least, most] of [[1, 40, 121], [2, 25, 61], [4, 12, 16]]) {
    const { page, keeper } = keepOn(() => page.renewed(life));
    await page.pass(30);
    const at = inSeconds(page);
    assert.ok(at.length >= least && at.length <= most, `${life} s: ${at.length}`);
    for (const [index, when] of at.slice(1).entries()) assert.ok(when - at[index] < life, `${life} s: ${when - at[index]}`);
    keeper.stop();
  }
});

test('of several grants the earliest counts', async () => {
  const { page } = keepOn(() => {
    const answer = page.renewed(3600);
    answer.body.grants.push({ ...answer.body.grants[0], expires_at: answer.body.now + 60, renew_at: answer.body.now + 40 });
    return answer;
  });
  await page.pass(50);
  assert.equal(page.requests.length, 2);
});

test('the base path of the issuer is kept, and it may be a path alone', async () => {
  for (const [issuer, expected] of [
    ['https://listen.example.com/edgemint', 'https://listen.example.com/edgemint/renew'],
    ['https://listen.example.com/edgemint//', 'https://listen.example.com/edgemint/renew'],
    ['/edgemint', 'https://www.example.com/edgemint/renew'],
  ]) {
    const { page, keeper } = keepOn(() => page.renewed(300), { issuer });
    await page.settle();
    assert.equal(page.requests[0].url, expected);
    keeper.stop();
  }
  assert.throws(() => keepFresh({ issuer: 'http://[' }), TypeError);
});

test('a laptop whose clock is wrong by years renews as any other', async () => {
  for (const wrong of [-5e10, 5e10]) {
    const { page, keeper } = keepOn(() => page.renewed(300));
    page.time += wrong;
    await page.pass(1000);
    assert.ok(page.requests.length >= 4 && page.requests.length <= 6, `${page.requests.length}`);
    keeper.stop();
  }
});

test('a clock that jumps costs one renewal', async () => {
  for (const jump of [-3 * 3_600_000, 3 * 3_600_000]) {
    const { page, keeper, told } = keepOn(() => page.renewed(300));
    await page.pass(30);
    page.time += jump;
    assert.equal(page.requests.length, 1);
    await page.pass(30);
    assert.equal(page.requests.length, 2, `${jump}`);
    await page.pass(100);
    assert.equal(page.requests.length, 2, `${jump}`);
    assert.deepEqual(types(told), ['renewed', 'renewed']);
    keeper.stop();
  }
});

test('after sleep it renews, whether the browser says that it woke or not, and whichever clock stood still', async () => {
  for (const ticksToo of [false, true]) {
    for (const [target, type] of [['window', 'online'], ['window', 'pageshow'], ['document', 'resume'], ['document', 'visibilitychange']]) {
      const { page, keeper } = keepOn(() => page.renewed(300));
      await page.pass(60);
      page.sleep(4000, { ticksToo });
      page[target].dispatchEvent(new Event(type));
      await page.settle();
      assert.equal(page.requests.length, 2, `${type} ${ticksToo}`);
      keeper.stop();
    }
    const { page, keeper } = keepOn(() => page.renewed(300));
    await page.pass(60);
    page.sleep(4000, { ticksToo });
    await page.pass(16);
    assert.equal(page.requests.length, 2, 'without being told');
    keeper.stop();
  }
});

test('ready() waits for fresh cookies, and does not trust a clock that jumped', async () => {
  const { page, keeper } = keepOn(() => page.renewed(300));
  assert.equal(await keeper.ready(), true);
  assert.equal(page.requests.length, 1);
  await keeper.ready();
  assert.equal(page.requests.length, 1);
  page.time -= 3 * 3_600_000;
  assert.equal(await keeper.ready(), true);
  assert.equal(page.requests.length, 2);
});

test('401 is signed-out at once, and nothing more is asked', async () => {
  const { page, told, keeper } = keepOn(() => ({ status: 401, body: { code: 'session_refused' } }));
  assert.equal(await keeper.ready(), false);
  await page.pass(3600);
  assert.equal(await keeper.ready(), false);
  page.window.dispatchEvent(new Event('online'));
  page.visibility = 'visible';
  await page.pass(3600);
  assert.equal(page.requests.length, 1);
  assert.deepEqual(told, [{ type: 'stopped', reason: 'signed-out', status: 401 }]);
});

test('a redirect to a login page is signed-out too', async () => {
  const { page, told } = keepOn(() => ({ status: 0, type: 'opaqueredirect' }));
  await page.pass(100);
  assert.deepEqual([told.length, told[0].reason, page.requests.length], [1, 'signed-out', 1]);
});

test('what the issuer does not allow is not asked for again', async () => {
  for (const status of [400, 403, 404, 405, 415]) {
    const { page, told, keeper } = keepOn(() => ({ status, body: {} }));
    await page.pass(3600);
    assert.deepEqual(told, [{ type: 'stopped', reason: 'refused', status }]);
    assert.equal(page.requests.length, 1);
    keeper.stop();
  }
});

test('an issuer that is away is asked seldom while the cookies hold, and soon once it may be back', async () => {
  let isDown = false;
  const { page, told } = keepOn(() => (isDown ? down() : page.renewed(900)));
  await page.pass(1);
  isDown = true;
  await page.pass(880);
  const during = page.requests.length - 1;
  assert.ok(during >= 4 && during <= 16, `${during} attempts in five minutes`);
  assert.ok(!told.some(({ type }) => type === 'stopped'));
  isDown = false;
  await page.pass(15);
  assert.equal(told.at(-1).type, 'renewed');
});

test('it gives up after so many attempts without cookies, says offline once, and tries once when the network is back', async () => {
  const { page, told, keeper } = keepOn(down);
  const ready = keeper.ready();
  await page.pass(3600);
  assert.equal(await ready, false);
  assert.equal(page.requests.length, 16);
  assert.deepEqual(told.filter(({ type }) => type === 'stopped'), [{ type: 'stopped', reason: 'offline', status: undefined }]);
  const spans = inSeconds(page).slice(1).map((at, index) => at - inSeconds(page)[index]);
  assert.ok(spans.every((span, index) => span >= Math.min(0.4 * 2 ** index, 5) && span <= 7.5), `${spans}`);
  page.answer = () => page.renewed(300);
  await page.pass(3600);
  assert.equal(page.requests.length, 16, 'it does not loop');
  page.window.dispatchEvent(new Event('online'));
  await page.settle();
  assert.deepEqual([page.requests.length, told.at(-1).type], [17, 'renewed']);
});

test('Retry-After is heeded, within bounds', async () => {
  for (const [value, least, most] of [['20', 20, 30], ['86400', 60, 90], ['soon', 0.4, 0.6], ['-5', 0.4, 0.6]]) {
    let count = 0;
    const { page, keeper } = keepOn(() => (count++ ? page.renewed(300) : { status: 503, headers: { 'Retry-After': value } }));
    await page.pass(100);
    const wait = inSeconds(page)[1];
    assert.ok(wait >= least && wait <= most, `${value}: ${wait}`);
    keeper.stop();
  }
});

test('an answer that is none counts as a failure', async () => {
  for (const body of [undefined, {}, { now: 1, grants: [] }, { now: 'x', grants: [{ expires_at: 'y', renew_at: 'z' }] }, { now: 10, grants: [{ expires_at: 5, renew_at: 1 }] }]) {
    const { page, told, keeper } = keepOn(() => ({ status: 200, body }));
    await page.pass(0.1);
    assert.deepEqual(types(told), ['retrying'], JSON.stringify(body));
    keeper.stop();
  }
});

test('an answer that never comes is given up, and asked for again', async () => {
  let count = 0;
  const { page } = keepOn(() => (count++ ? page.renewed(300) : new Promise(() => {})));
  await page.pass(7.9);
  assert.equal(page.requests.length, 1);
  await page.pass(1);
  assert.equal(page.requests.length, 2);
});

test('of three tabs one renews in each period, with locks and with messages, and all are told', async () => {
  const page = new FakePage(() => page.renewed(300));
  const told = [[], [], []];
  told.forEach((own) => keepFresh({ issuer: ISSUER, onEvent: (detail) => own.push(detail) }));
  await page.pass(1000);
  assert.ok(page.requests.length >= 4 && page.requests.length <= 6, `${page.requests.length}`);
  for (const own of told) assert.equal(own.length, page.requests.length);
});

test('without locks or messages each tab renews for itself', async () => {
  for (const options of [{ locks: false }, { channels: false }, { locks: false, channels: false }]) {
    const page = new FakePage(() => page.renewed(300), options);
    const keepers = [1, 2].map(() => keepFresh({ issuer: ISSUER }));
    await page.pass(1);
    for (const keeper of keepers) assert.equal(await keeper.ready(), true, JSON.stringify(options));
    assert.ok(page.requests.length <= 2);
    await page.pass(1000);
    assert.ok(page.requests.length >= 4 && page.requests.length <= 12, `${page.requests.length}`);
    keepers.forEach((keeper) => keeper.stop());
  }
});

test('a tab that is frozen while it holds the lock stops the others for seconds only', async () => {
  const page = new FakePage(() => page.renewed(300));
  page.holdLock();
  const keeper = keepFresh({ issuer: ISSUER });
  await page.pass(9.9);
  assert.equal(page.requests.length, 0);
  await page.pass(0.2);
  assert.equal(page.requests.length, 1);
  assert.equal(await keeper.ready(), true);
  // It was robbed of the lock, so the next renewal does not wait.
  page.time += 3_600_000;
  keeper.ready();
  await page.pass(1);
  assert.equal(page.requests.length, 2);
});

test('between two attempts too, neither sleep nor a clock that is set holds it up', async () => {
  for (const [what, change] of [
    ['sleep', (page) => page.sleep(100)],
    ['a clock set back', (page) => { page.time -= 3 * 3_600_000; }],
  ]) {
    const { page, keeper } = keepOn(() => ({ status: 503, headers: { 'Retry-After': '40' } }));
    await page.pass(1);
    change(page);
    await page.pass(what === 'sleep' ? 16 : 60);
    assert.equal(page.requests.length, 2, what);
    keeper.stop();
  }
});

test('signing out in one tab ends it in the others, and signing in again revives them', async () => {
  let isIn = true;
  const { page, told } = keepOn(({ url }) => {
    if (url.endsWith('/leave')) { isIn = false; return { status: 204 }; }
    return isIn ? page.renewed(300) : { status: 401 };
  });
  await page.pass(10);
  assert.equal(await leave({ issuer: ISSUER }), true);
  await page.pass(3600);
  assert.deepEqual(told.at(-1), { type: 'stopped', reason: 'signed-out', status: undefined });
  assert.deepEqual(page.requests.map(({ url }) => url.split('/').at(-1)), ['renew', 'leave']);
  isIn = true;
  const other = keepFresh({ issuer: ISSUER });
  await page.settle();
  assert.deepEqual(types(told), ['renewed', 'stopped', 'renewed']);
  other.stop();
  await page.pass(250);
  assert.equal(page.requests.length, 4, 'the first one goes on');
});

test('a leave that fails ends nothing', async () => {
  const { page, told } = keepOn(({ url }) => (url.endsWith('/leave') ? { status: 503 } : page.renewed(300)));
  await page.settle();
  assert.equal(await leave({ issuer: ISSUER }), false);
  page.answer = down;
  await assert.rejects(leave({ issuer: ISSUER }), TypeError);
  assert.deepEqual(types(told), ['renewed']);
});

test('old mail and mail from a clock that was set is not believed', async () => {
  const { page, told } = keepOn(() => page.renewed(300));
  await page.settle();
  const stranger = new BroadcastChannel([...page.channels][0].name);
  for (const time of [page.time - 400_000, page.time + 3_600_000]) {
    stranger.postMessage({ type: 'renewed', life: 299_000, renew: 200_000, ends: null, time });
    stranger.postMessage({ type: 'failed', after: 0, time });
  }
  await page.settle();
  assert.deepEqual(types(told), ['renewed']);
});

test('a page that is put aside leaves nothing open, and renews when it is shown again', async () => {
  for (const [asleep, awake] of [['pagehide', 'pageshow'], ['freeze', 'resume']]) {
    const { page, keeper } = keepOn(() => page.renewed(300));
    await page.pass(1);
    const target = asleep === 'freeze' ? page.document : page.window;
    target.dispatchEvent(new Event(asleep));
    assert.deepEqual([page.channels.size, page.timers.size], [0, 0]);
    page.sleep(1000, { ticksToo: true });
    target.dispatchEvent(new Event(awake));
    await page.settle();
    assert.equal(page.requests.length, 2, asleep);
    keeper.stop();
  }
});

test('a prerendered page asks for nothing until it is shown', async () => {
  const page = new FakePage(() => page.renewed(300));
  page.document.prerendering = true;
  keepFresh({ issuer: ISSUER });
  page.window.dispatchEvent(new Event('pageshow'));
  await page.pass(1000);
  assert.equal(page.requests.length, 0);
  page.document.prerendering = false;
  page.document.dispatchEvent(new Event('prerenderingchange'));
  await page.settle();
  assert.equal(page.requests.length, 1);
});

test('stop() leaves nothing, whatever is under way', async () => {
  const never = () => new Promise(() => {});
  const moments = {
    'at once': [() => page.renewed(300), 0], 'in a request': [never, 1], 'between two': [() => page.renewed(300), 20], 'between attempts': [down, 3],
  };
  let page;
  for (const [name, [answer, after]] of Object.entries(moments)) {
    page = new FakePage(answer);
    const media = FakeMedia.on(page);
    const keepers = [keepFresh({ issuer: ISSUER }), keepListening(media, { issuer: ISSUER })];
    if (after) await page.pass(after);
    const waiting = keepers.map((keeper) => keeper.ready());
    keepers.forEach((keeper) => keeper.stop());
    await Promise.all(waiting);
    await page.settle();
    assert.deepEqual([page.timers.size, page.channels.size, page.listeners], [0, 0, 0], name);
    const { length } = page.requests;
    page.window.dispatchEvent(new Event('online'));
    media.fire('play');
    await page.pass(3600);
    assert.equal(page.requests.length, length, name);
  }
});

test('stop() in the turn after another tab leaves nothing either', async () => {
  const page = new FakePage(() => page.renewed(300));
  page.holdLock();
  const keeper = keepFresh({ issuer: ISSUER });
  await page.pass(1);
  keeper.stop();
  await page.settle();
  assert.deepEqual([page.timers.size, page.channels.size, page.requests.length], [0, 0, 0]);
});

test('strange times in an answer make no loop', async () => {
  for (const [what, change, least, most] of [
    ['no renew_at', () => ({ renew_at: undefined }), 2, 4],
    ['renew_at is a text', () => ({ renew_at: 'soon' }), 2, 4],
    ['renew_at in the past', () => ({ renew_at: -1e9 }), 2, 4],
    ['renew_at without end', () => ({ renew_at: Infinity }), 2, 2],
    ['times far away', () => ({ expires_at: 1e300, renew_at: 1e300 }), 1, 1],
    ['a lifetime of a millisecond', (now) => ({ expires_at: now + 0.001, renew_at: now }), 2, 1600],
    ['over already', (now) => ({ expires_at: now - 1, renew_at: now - 2 }), 2, 16],
  ]) {
    const { page, keeper } = keepOn(() => {
      const answer = page.renewed(300);
      Object.assign(answer.body.grants[0], change(answer.body.now));
      return answer;
    });
    let timers = 0;
    const { setTimeout: later } = globalThis;
    globalThis.setTimeout = (...rest) => {
      assert.ok((timers += 1) < 10_000, `${what}: timers without end`);
      return later(...rest);
    };
    await page.pass(300);
    assert.ok(page.requests.length >= least && page.requests.length <= most, `${what}: ${page.requests.length}`);
    keeper.stop();
  }
});

test('a refusal that was on its way when another tab signed in again ends nothing', async () => {
  let refuse;
  const { page, told, keeper } = keepOn(() => new Promise((resolve) => { refuse = () => resolve({ status: 401 }); }), { locks: false });
  await page.pass(1);
  page.answer = () => page.renewed(300);
  const other = keepFresh({ issuer: ISSUER });
  await page.settle();
  refuse();
  await page.pass(1);
  assert.deepEqual(types(told), ['renewed']);
  assert.equal(await keeper.ready(), true);
  other.stop();
});

test('a leave without an answer is given up', async () => {
  const page = new FakePage(() => new Promise(() => {}));
  const left = assert.rejects(leave({ issuer: ISSUER }), { name: 'AbortError' });
  await page.pass(8.1);
  await left;
  assert.equal(page.timers.size, 0);
});

test('what another issuer on the page says does not count', async () => {
  const { page, told, keeper } = keepOn(({ url }) => (url === `${ISSUER}/renew` ? page.renewed(300) : { status: 401 }));
  const others = ['https://other.example.com', `${ISSUER}/edgemint`, `${ISSUER}:8443`];
  const ends = [];
  others.forEach((issuer) => keepFresh({ issuer, onEvent: (detail) => ends.push(detail.reason) }));
  await page.pass(10);
  assert.deepEqual(ends, ['signed-out', 'signed-out', 'signed-out']);
  assert.deepEqual(types(told), ['renewed']);
  assert.equal(await keeper.ready(), true);
});

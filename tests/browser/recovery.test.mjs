// What player.js does with an element, by a clock that the test moves.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeMedia, FakePage } from './fake-page.mjs';

const { keepListening, leave } = await FakePage.load();
const ISSUER = 'https://listen.example.com';
const NETWORK = 2;
const DECODE = 3;
const UNUSABLE = 4;

async function listenTo(answer, media = {}) {
  const page = new FakePage(answer);
  const element = Object.assign(FakeMedia.on(page), media);
  const told = [];
  element.addEventListener('edgemint', ({ detail }) => told.push(detail));
  const keeper = keepListening(element, { issuer: ISSUER });
  await page.settle();
  return { page, media: element, told, keeper };
}

const stops = (told) => told.filter(({ type }) => type === 'stopped').map(({ reason }) => reason);

test('a paused element on a hidden page renews nothing, and is fresh again when it is played or sought', async () => {
  for (const type of ['play', 'seeking']) {
    const { page, media, keeper } = await listenTo((_, page) => page.renewed(300));
    page.visibility = 'hidden';
    await page.pass(3600);
    assert.ok(page.requests.length <= 2, `${page.requests.length}`);
    const before = page.requests.length;
    media.fire(type);
    await page.settle();
    assert.equal(page.requests.length, before + 1, type);
    keeper.stop();
  }
});

test('a playing element on a hidden page goes on renewing', async () => {
  const { page } = await listenTo((_, page) => page.renewed(300), { paused: false });
  page.visibility = 'hidden';
  await page.pass(1000);
  assert.ok(page.requests.length >= 4);
});

test('a seek with fresh cookies asks for nothing', async () => {
  const { page, media } = await listenTo((_, page) => page.renewed(300));
  await page.pass(30);
  for (let count = 0; count < 20; count += 1) media.fire('seeking');
  await page.pass(1);
  assert.equal(page.requests.length, 1);
});

for (const code of [NETWORK, UNUSABLE]) {
  for (const paused of [true, false]) {
    test(`after error ${code} it is back at the same place and rate, ${paused ? 'paused' : 'playing'} as it was`, async () => {
      const { page, media, told } = await listenTo((_, page) => page.renewed(300), { paused, currentTime: 83.25, playbackRate: 1.5 });
      await page.pass(30);
      media.fail(code);
      await page.settle();
      assert.equal(page.requests.length, 2, 'renewed once');
      assert.deepEqual([media.currentTime, media.playbackRate, media.paused], [83.25, 1.5, paused]);
      assert.deepEqual(media.calls, ['load', paused ? 'pause' : 'play']);
      media.readyState = 3;
      media.fire('canplay');
      assert.deepEqual(told.at(-1), { type: 'recovered', position: 83.25 });
    });
  }
}

test('an element that fails again at once is given up as refused, told once', async () => {
  const { page, media, told } = await listenTo((_, page) => page.renewed(300), { paused: false });
  for (let count = 0; count < 5; count += 1) {
    media.fail(UNUSABLE);
    await page.pass(3);
  }
  await page.pass(3600);
  assert.equal(media.calls.filter((call) => call === 'load').length, 1);
  assert.deepEqual(stops(told), ['refused']);
});

test('an element that went on, or held for half a minute, may fail again', async () => {
  const { page, media, told } = await listenTo((_, page) => page.renewed(300), { paused: false, currentTime: 10 });
  for (const next of [60, 120]) {
    media.fail(NETWORK);
    await page.settle();
    media.readyState = 4;
    media.fire('canplay');
    media.currentTime = next;
    media.fire('timeupdate');
  }
  media.fail(NETWORK);
  await page.settle();
  media.readyState = 4;
  media.fire('canplay');
  await page.pass(31);
  media.fail(NETWORK);
  await page.settle();
  assert.equal(media.calls.filter((call) => call === 'load').length, 4);
  assert.deepEqual(stops(told), []);
});

test('what is not ours is left alone: broken audio, the sources of scripts, an element without a source', async () => {
  for (const [code, media] of [[DECODE, {}], [NETWORK, { currentSrc: 'blob:https://www.example.com/1' }], [NETWORK, { currentSrc: '' }]]) {
    const { page, media: element, keeper } = await listenTo((_, page) => page.renewed(300), media);
    element.fail(code);
    await page.pass(60);
    assert.deepEqual([page.requests.length, element.calls], [1, []]);
    keeper.stop();
  }
});

test('an element that failed while the issuer was away is back when the issuer is', async () => {
  let isDown = false;
  const { page, media, told } = await listenTo((_, page) => {
    if (isDown) throw new TypeError('Failed to fetch');
    return page.renewed(300);
  }, { paused: false, currentTime: 42 });
  isDown = true;
  await page.pass(310);
  media.fail(NETWORK);
  await page.pass(10);
  assert.deepEqual(media.calls, []);
  isDown = false;
  await page.pass(10);
  assert.deepEqual([media.calls, media.currentTime, stops(told)], [['load', 'play'], 42, []]);
});

test('signed out: the event comes once, and errors, stalls and time ask for nothing; a play asks once', async () => {
  let isIn = true;
  const { page, media, told } = await listenTo((_, page) => (isIn ? page.renewed(4) : { status: 401 }), { paused: false });
  isIn = false;
  await page.pass(5);
  const { length } = page.requests;
  assert.deepEqual(stops(told), ['signed-out']);
  Object.assign(media, { readyState: 2 });
  for (const type of ['waiting', 'stalled', 'error', 'timeupdate']) media.fire(type);
  media.fail(NETWORK);
  await page.pass(3600);
  assert.equal(page.requests.length, length);
  media.fire('play');
  await page.pass(3600);
  assert.equal(page.requests.length, length + 1);
  assert.deepEqual([stops(told), media.calls], [['signed-out', 'signed-out'], []]);
});

test('where nothing arrives: stale cookies are renewed at once, fresh ones after a while, then it is loaded anew, once', async () => {
  const { page, media, told } = await listenTo((_, page) => page.renewed(3600), { paused: false, currentTime: 7 });
  await page.pass(10);
  media.readyState = 2;
  media.fire('waiting');
  await page.pass(3.9);
  assert.equal(page.requests.length, 1);
  await page.pass(0.2);
  assert.equal(page.requests.length, 2);
  assert.deepEqual(media.calls, []);
  await page.pass(4);
  assert.deepEqual([media.calls, media.currentTime], [['load', 'play'], 7]);
  for (const type of ['waiting', 'stalled', 'waiting']) {
    media.fire(type);
    await page.pass(20);
  }
  assert.deepEqual([media.calls.length, stops(told)], [2, ['refused']]);
});

test('where something arrives, only slowly, nothing is done', async () => {
  const { page, media } = await listenTo((_, page) => page.renewed(3600), { paused: false });
  media.readyState = 2;
  for (let count = 0; count < 20; count += 1) {
    media.fire('waiting');
    await page.pass(3);
    media.fire('progress');
  }
  assert.deepEqual([page.requests.length, media.calls], [1, []]);
});

test('renewals by the clock do not put off the end of a stall', async () => {
  const { page, media } = await listenTo((_, page) => page.renewed(4), { paused: false });
  media.readyState = 2;
  media.fire('waiting');
  await page.pass(10);
  assert.deepEqual(media.calls, ['load', 'play']);
});

test('an error of the page\'s own listener does not stop the renewals', async () => {
  // The runner fails a test for what nobody caught; here that is what is wanted.
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  let complaints = 0;
  process.on('uncaughtException', () => { complaints += 1; });
  for (const locks of [true, false]) {
    const page = new FakePage(() => page.renewed(300), { locks });
    const media = Object.assign(FakeMedia.on(page), { paused: false });
    const keeper = keepListening(media, { issuer: ISSUER, onEvent() { throw new Error('a mistake of the page'); } });
    await page.pass(1000);
    keeper.stop();
    assert.ok(page.requests.length >= 4, `${page.requests.length}`);
    assert.ok(complaints >= 4, 'they are told to the page');
  }
  process.removeAllListeners('uncaughtException');
  others.forEach((listener) => process.on('uncaughtException', listener));
});

test('stop() from within an event leaves the element alone', async () => {
  for (const broken of [{ readyState: 2 }, { error: { code: NETWORK } }]) {
    const page = new FakePage(() => page.renewed(300));
    const media = Object.assign(FakeMedia.on(page), { paused: false }, broken);
    const keeper = keepListening(media, { issuer: ISSUER });
    media.addEventListener('edgemint', () => keeper.stop());
    await page.pass(60);
    assert.deepEqual([media.calls, page.requests.length, page.timers.size], [[], 1, 0]);
  }
});

test('an element that waited before it was handed over is loaded anew once, and nothing loops', async () => {
  const { page, media, told } = await listenTo((_, page) => page.renewed(3600), { paused: false, readyState: 0, currentTime: 3 });
  await page.pass(60);
  assert.deepEqual([media.calls, page.requests.length], [['load', 'play'], 1]);
  assert.deepEqual(stops(told), []);
});

test('an element that fails soon after it was back is given up for good, until somebody plays', async () => {
  const { page, media, told } = await listenTo((_, page) => page.renewed(60), { paused: false });
  media.fail(NETWORK);
  await page.settle();
  media.readyState = 4;
  media.fire('canplay');
  await page.pass(5);
  media.fail(NETWORK);
  await page.pass(3600);
  assert.deepEqual([media.calls.filter((call) => call === 'load').length, stops(told)], [1, ['refused']]);
  media.fire('play');
  await page.settle();
  assert.equal(media.calls.filter((call) => call === 'load').length, 2);
});

test('signed out in another tab while its cookies held: a play asks whether somebody signed in again', async () => {
  const { page, media, told, keeper } = await listenTo((_, page) => page.renewed(3600));
  page.answer = () => ({ status: 204 });
  await leave({ issuer: ISSUER });
  await page.settle();
  assert.deepEqual(stops(told), ['signed-out']);
  page.answer = () => page.renewed(3600);
  media.fire('play');
  await page.settle();
  assert.equal(told.at(-1).type, 'renewed');
  assert.equal(await keeper.ready(), true);
});

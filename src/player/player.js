// Keeps edgemint's cookies fresh while somebody listens. Times are milliseconds, counted from the issuer's
// answers: what the local clock shows does not matter.

const SLACK = 1000; // the issuer tells whole seconds, so up to one less is left
const DRIFT = 2000; // two clocks that differ by more: one was set, or stood still in sleep
const LONGEST_NAP = 15_000; // timers stand still in sleep too
const PATIENCE = 8000; // for an answer
const LONGEST_BACK_OFF = 5000; // once no cookies hold; before, a quarter of what is left
const LONGEST_RETRY_AFTER = 60_000;
const SHORTEST_WAIT = 200; // whatever an answer says
const MOST_ATTEMPTS = 16; // in a row, once no cookies hold
const HUNGER = 4000; // nothing arrives: renew; nothing still: load the element anew
const FORGIVEN = 30_000; // an element that held so long may be loaded anew again

const moment = (age = 0) => ({ ticks: performance.now() - age, time: Date.now() - age });
const elapsed = ({ ticks, time }) => Math.max(performance.now() - ticks, Date.now() - time);
const isTorn = ({ ticks, time }) => Math.abs(performance.now() - ticks - (Date.now() - time)) > DRIFT;
const isVisible = () => document.visibilityState !== 'hidden';

function listen(target, types, listener, options) {
  for (const type of types.split(' ')) target.addEventListener(type, listener, options);
}

function locate(issuer) {
  const base = new URL(`${issuer.replace(/\/+$/, '')}/`, document.baseURI);
  return { name: `edgemint ${base}`, url: (path) => new URL(path, base).href };
}

function post(url, signal) {
  return fetch(url, {
    method: 'POST', credentials: 'include', headers: { 'Content-Type': 'application/json' }, body: '{}',
    redirect: 'manual', signal,
  });
}

// A mistake of the page's is the page's: it must not stop the renewals.
function report(onEvent, detail) {
  queueMicrotask(() => onEvent?.(detail));
}

function openChannel(name) {
  try {
    return new BroadcastChannel(name);
  } catch {
    return null; // too old, or not allowed here: each tab then renews for itself
  }
}

// What an answer means; the other tabs are told the same.
async function read(response) {
  const { status, type, headers } = response;
  if (status === 401 || type === 'opaqueredirect') return { type: 'stopped', reason: 'signed-out', status };
  if (status === 200) {
    const { now, grants, session_ends_at: ends } = await response.json();
    const soonest = (key) => Math.min(...grants.map((grant) => grant[key] - now)) * 1000;
    const life = soonest('expires_at');
    if (life > 0 && life < Infinity) {
      return { type: 'renewed', life: life - Math.min(SLACK, life / 4), renew: soonest('renew_at') || 0, ends: ends && (ends - now) * 1000 };
    }
  } else if (status >= 400 && status < 500 && ![408, 425, 429].includes(status)) {
    return { type: 'stopped', reason: 'refused', status };
  }
  return { type: 'failed', status, after: headers.get('Retry-After') * 1000 || 0 };
}

// Renews while `isNeeded`, and tells what happened. Of all tabs, one renews for all.
function keep({ issuer, isNeeded, tell }) {
  const { name, url } = locate(issuer);
  const listening = new AbortController();
  let cookies = null; // when they were asked for, and how long from then they hold
  let plan = { ...moment(), wait: 0 }; // what is waited for, from when
  let running = null; // the renewal under way
  let failures = 0;
  let late = 0; // failures since no cookies hold
  let stopped = null; // why nothing more is tried
  let isAsleep = false;
  let news = 0;
  let waiting = [];
  let channel;
  let timer;

  const left = () => (cookies ? cookies.life - elapsed(cookies) : 0);
  const isFresh = () => !stopped && left() > 0 && !isTorn(cookies);
  const settle = (isReady) => waiting.splice(0).forEach((resolve) => resolve(isReady));

  function giveUp(reason, status) {
    if (stopped === reason) return;
    stopped = reason;
    settle(false);
    tell({ type: 'stopped', reason, status });
  }

  // From our own answer, or from another tab's.
  function learn({ type, reason, status, life, renew: renewal, ends, after }, age) {
    news += 1;
    if (type === 'stopped') return giveUp(reason, status);
    if (type === 'renewed') {
      stopped = null;
      failures = late = 0;
      cookies = { ...moment(age), life };
      // Everybody's cookies are due at the same second: spread over half of the time that is left then.
      const due = Math.min(Math.max(renewal, life / 3), life - Math.min(1000, life / 3));
      plan = { ...moment(age), wait: Math.max(SHORTEST_WAIT, due + (Math.random() * (life - due)) / 2) };
      settle(true);
      const seconds = (span) => Math.max(0, span - age) / 1000;
      tell({ type, renewsIn: seconds(plan.wait), expiresIn: seconds(life), sessionEndsIn: ends == null ? null : seconds(ends) });
    } else if (!stopped) {
      failures += 1;
      if (left() <= 0 && (late += 1) >= MOST_ATTEMPTS) return giveUp('offline', status);
      const backOff = Math.min(400 * 2 ** (failures - 1), LONGEST_BACK_OFF);
      const wait = Math.max(backOff, left() / 4, Math.min(after, LONGEST_RETRY_AFTER)) * (1 + Math.random() / 2);
      plan = { ...moment(), wait };
      tell({ type: 'retrying', retriesIn: wait / 1000, status });
    }
  }

  function schedule() {
    clearTimeout(timer);
    if (stopped || running || isAsleep || !(isNeeded() || waiting.length)) return;
    const rest = plan.wait - elapsed(plan);
    if (rest <= 0 || (!failures && isTorn(plan))) renew();
    else timer = setTimeout(schedule, Math.min(Math.ceil(rest), LONGEST_NAP));
  }

  // Resolves to whether there are fresh cookies then.
  function renew() {
    if (stopped || isAsleep) return Promise.resolve(false);
    if (!running) {
      const run = moment();
      running = run;
      run.result = inTurn(run).then(() => {
        if (running === run) drop();
        schedule();
        return isFresh();
      });
    }
    return running.result;
  }

  function drop() {
    clearTimeout(running?.timer);
    running?.abort.abort();
    running = null;
  }

  // A signal for the next step of a renewal, which must not take longer.
  function within(patience, run) {
    clearTimeout(run.timer);
    run.abort = new AbortController();
    run.timer = setTimeout(() => run.abort.abort(), patience);
    return run.abort.signal;
  }

  // One tab at a time; who had to wait may have been told the answer meanwhile.
  async function inTurn(run) {
    const [seen, asked] = [news, performance.now()];
    let hasBegun = false;
    const turn = async () => {
      hasBegun = true;
      // The lock may come before the news.
      if (running === run && performance.now() - asked > 5) await new Promise((go) => { within(50, run).onabort = go; });
      if (running === run && news === seen) await ask(run);
    };
    // A tab that holds the lock for longer is frozen: it is robbed of it. Where locks are not allowed, do without.
    for (const options of [{ signal: within(PATIENCE + 2000, run) }, { steal: true }]) {
      await navigator.locks?.request(name, options, turn).catch(() => {});
      if (hasBegun || running !== run) return;
    }
    await turn();
  }

  async function ask(run) {
    const asked = moment();
    const result = await post(url('renew'), within(PATIENCE, run)).then(read).catch(() => ({ type: 'failed', after: 0 }));
    if (running !== run) return;
    channel?.postMessage({ ...result, time: asked.time });
    learn(result, elapsed(asked));
  }

  function connect() {
    channel ??= openChannel(name);
    if (channel) channel.onmessage = ({ data }) => {
      const age = Date.now() - data.time;
      // A page that was frozen gets all its mail at once, and a clock may have been set since.
      if (data.type !== 'stopped' && !(age >= 0 && age < (data.life ?? LONGEST_RETRY_AFTER))) return;
      if (data.type !== 'failed') drop(); // an answer still on its way is older
      learn(data, age);
      schedule();
    };
  }

  // Nothing stays open in a page that is put aside: it could not come back from the browser's cache.
  function sleep() {
    isAsleep = true;
    clearTimeout(timer);
    drop();
    channel?.close();
    channel = null;
  }

  function wake() {
    if (document.prerendering) return;
    isAsleep = false;
    connect();
    if (running && elapsed(running) > 3000) drop(); // its connection may not have survived
    if (failures) plan.wait = 0;
    if (stopped === 'offline') again();
    else schedule();
  }

  // Somebody wants to listen: even what was given up is tried once more.
  function again() {
    if (stopped) failures = late = 0;
    stopped = null;
    return renew();
  }

  const { signal } = listening;
  listen(window, 'online pageshow', wake, { signal });
  listen(window, 'pagehide', sleep, { signal });
  listen(document, 'freeze', sleep, { signal });
  listen(document, 'resume prerenderingchange', wake, { signal });
  listen(document, 'visibilitychange', () => isVisible() && wake(), { signal });
  queueMicrotask(() => signal.aborted || wake());

  return {
    again, isFresh, renew, schedule,
    ready() {
      if (stopped || isFresh()) return Promise.resolve(!stopped);
      const answer = new Promise((resolve) => { waiting.push(resolve); });
      if (failures) schedule();
      else renew();
      return answer;
    },
    stop() {
      listening.abort();
      stopped = 'stopped';
      sleep();
      settle(false);
    },
  };
}

export function keepFresh({ issuer, onEvent }) {
  const { ready, stop } = keep({ issuer, isNeeded: () => true, tell: (detail) => report(onEvent, detail) });
  return { ready, stop };
}

export function keepListening(media, { issuer, onEvent }) {
  const listening = new AbortController();
  let hunger = 0; // a timer
  let hungrySince = 0;
  let renewedAt = -1;
  let loads = 0; // since it last went on
  let isPlaying = !media.paused; // as the listener wants it: browsers pause what fails
  let source; // what was loaded anew
  let goal; // where it is to go on
  let backAt = null; // when it was back

  const wants = () => (media.seeking || (!media.paused && !media.ended)) && media.readyState < 3;
  // Only what the element fetches itself: the sources of scripts (`blob:`) are loaded anew by their scripts.
  const canLoad = () => /^https?:/.test(media.currentSrc) && !media.srcObject;
  const isBroken = () => canLoad() && ([2, 4].includes(media.error?.code) || media.networkState === 3);

  function tell(detail) {
    media.dispatchEvent(new CustomEvent('edgemint', { detail }));
    report(onEvent, detail);
    if (detail.type !== 'renewed' || listening.signal.aborted) return;
    renewedAt = performance.now();
    if (isBroken()) load();
    else if (wants()) hunger ||= setTimeout(look, HUNGER);
  }

  const keeper = keep({ issuer, tell, isNeeded: () => isVisible() || (isPlaying && !media.ended) });

  // The same URL, place and rate, playing or paused as it was.
  function load() {
    if (!canLoad()) return;
    if (source !== media.currentSrc || (backAt !== null && performance.now() - backAt > FORGIVEN)) loads = 0;
    loads += 1;
    if (loads > 1) {
      backAt = null; // time alone forgives no more
      if (loads === 2) tell({ type: 'stopped', reason: 'refused' });
      return;
    }
    const { playbackRate } = media;
    [source, goal, backAt] = [media.currentSrc, media.currentTime, null];
    media.load();
    media.playbackRate = playbackRate;
    if (goal > 0) media.currentTime = goal;
    if (isPlaying) media.play().catch(() => {});
    else media.pause(); // or `autoplay` would start it
  }

  function look() {
    hunger = 0;
    if (!wants()) return;
    if (renewedAt >= hungrySince) load();
    else keeper.renew();
  }

  const on = (types, listener, capture) => listen(media, types, listener, { capture, signal: listening.signal });
  on('play', () => { isPlaying = true; });
  on('pause', () => { isPlaying &&= media.error !== null; });
  on('play seeking', () => {
    if (isBroken()) loads = 0;
    if (isBroken() || !keeper.isFresh()) keeper.again();
    else keeper.schedule();
  });
  on('waiting stalled seeking', () => {
    if (!wants() || hunger) return;
    hungrySince = performance.now();
    hunger = setTimeout(look, HUNGER);
    if (!keeper.isFresh()) keeper.renew();
  });
  on('progress playing emptied', () => { hunger = clearTimeout(hunger) ?? 0; });
  // In the capture phase: those of a <source> do not bubble, and come before the element gives up.
  on('error', () => queueMicrotask(() => isBroken() && keeper.renew()), true);
  on('canplay seeked', () => {
    if (!loads || backAt !== null || media.seeking || media.readyState < 2) return;
    backAt = performance.now();
    tell({ type: 'recovered', position: media.currentTime });
  });
  on('timeupdate', () => { if (backAt !== null && Math.abs(media.currentTime - goal) > 1) loads = 0; });

  return {
    ready: keeper.ready,
    stop() {
      listening.abort();
      clearTimeout(hunger);
      keeper.stop();
    },
  };
}

// Signs out, and tells the other tabs. Resolves to whether the issuer took it.
export async function leave({ issuer }) {
  const { name, url } = locate(issuer);
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE);
  const { ok } = await post(url('leave'), patience.signal).finally(() => clearTimeout(timer));
  if (ok) {
    const channel = openChannel(name);
    channel?.postMessage({ type: 'stopped', reason: 'signed-out', time: Date.now() });
    channel?.close();
  }
  return ok;
}

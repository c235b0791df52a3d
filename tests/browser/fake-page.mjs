// A page without a browser: its clocks stand still until a test lets time pass, and its issuer answers what a
// test says. What is made here is all that player.js touches.

import events from 'node:events';

const LIBRARY = new URL('../../src/player/player.js', import.meta.url);
const turn = setImmediate;
// One signal ends all listeners of a keeper; more than ten are no leak.
events.defaultMaxListeners = 100;

export class FakePage {
  ticks = 5_000;
  time = 1_800_000_000_000;
  timers = new Map();
  channels = new Set();
  requests = [];
  // The time at the issuer: the page's may be set to anything.
  served = 1_800_000_123;
  listeners = 0;
  #ids = 0;
  #held = false;
  #queue = [];

  // `answer(request, page)` gives { status, body, headers }, or throws as a network does.
  constructor(answer, { locks = true, channels = true } = {}) {
    this.answer = answer;
    const page = this;
    class Target extends EventTarget {
      addEventListener(type, listener, options) {
        page.listeners += 1;
        options?.signal?.addEventListener('abort', () => { page.listeners -= 1; });
        super.addEventListener(type, listener, options);
      }
    }
    this.window = new Target();
    this.document = Object.assign(new Target(), { visibilityState: 'visible', baseURI: 'https://www.example.com/', prerendering: false });
    this.Target = Target;
    class Channel {
      constructor(name) {
        if (!channels) throw new Error('no channels here');
        this.name = name;
        page.channels.add(this);
      }
      postMessage(data) {
        const others = [...page.channels].filter((one) => one !== this && one.name === this.name);
        others.forEach((one) => queueMicrotask(() => one.onmessage?.({ data: structuredClone(data) })));
      }
      close() { page.channels.delete(this); }
    }
    const globals = {
      window: this.window,
      document: this.document,
      navigator: { locks: locks ? { request: (...rest) => this.#lock(...rest) } : undefined },
      BroadcastChannel: Channel,
      fetch: (url, options) => this.#fetch(url, options),
      setTimeout: (run, wait) => this.#later(run, wait),
      clearTimeout: (id) => { this.timers.delete(id); },
    };
    for (const [name, value] of Object.entries(globals)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    performance.now = () => this.ticks;
    Date.now = () => this.time;
  }

  static load() {
    return import(LIBRARY);
  }

  #later(run, wait) {
    this.timers.set(++this.#ids, { at: this.ticks + Math.max(1, Math.trunc(wait) || 0), run });
    return this.#ids;
  }

  // Serves in turn; a thief gets it at once.
  #lock(name, { signal, steal }, work) {
    return new Promise((resolve, reject) => {
      const begin = () => {
        this.#held = true;
        Promise.resolve().then(work).then(resolve, reject).finally(() => {
          this.#held = false;
          this.#queue.shift()?.();
        });
      };
      if (steal || !this.#held) return begin();
      this.#queue.push(begin);
      signal?.addEventListener('abort', () => {
        this.#queue = this.#queue.filter((one) => one !== begin);
        reject(new DOMException('given up', 'AbortError'));
      });
    });
  }

  // Somebody who never lets go, as a frozen tab.
  holdLock() {
    this.#held = true;
  }

  async #fetch(url, options) {
    const request = { url, ...options, at: this.ticks };
    this.requests.push(request);
    const cut = new Promise((_, reject) => {
      options.signal?.addEventListener('abort', () => reject(new DOMException('cut', 'AbortError')));
    });
    cut.catch(() => {});
    const { status, body, headers = {}, type = 'cors' } = await Promise.race([this.answer(request, this), cut]);
    return { status, type, ok: status >= 200 && status < 300, headers: new Headers(headers), json: async () => body };
  }

  // What a renewal gives, `life` seconds from the issuer's now.
  renewed(life, { renew = life - Math.max(1, Math.floor(life / 3)), ends = null } = {}) {
    const now = Math.floor(this.served);
    const grants = [{ name: 'podcasts', resource: 'https://cdn.example.com/podcasts/*', expires_at: now + life, renew_at: now + renew }];
    return { status: 200, body: { now, grants, session_ends_at: ends === null ? null : now + ends } };
  }

  #clocks(span) {
    this.ticks += span;
    this.time += span;
    this.served += span / 1000;
  }

  // Lets time pass; what is due runs in order.
  async pass(seconds) {
    const end = this.ticks + seconds * 1000;
    for (;;) {
      await this.settle();
      const due = [...this.timers].filter(([, timer]) => timer.at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      this.#clocks(Math.max(0, due[1].at - this.ticks));
      this.timers.delete(due[0]);
      due[1].run();
    }
    this.#clocks(end - this.ticks);
  }

  // The machine sleeps: no timer runs, and `performance.now()` may stand still too.
  sleep(seconds, { ticksToo = false } = {}) {
    this.time += seconds * 1000;
    this.served += seconds;
    if (ticksToo) this.ticks += seconds * 1000;
  }

  // Everything that needs no time.
  async settle() {
    for (let round = 0; round < 8; round += 1) await new Promise((resolve) => { turn(resolve); });
  }

  set visibility(state) {
    this.document.visibilityState = state;
    this.document.dispatchEvent(new Event('visibilitychange'));
  }
}

// As much of an <audio> as player.js looks at.
export class FakeMedia {
  static on(page) {
    return Object.assign(new page.Target(), {
      paused: true, ended: false, seeking: false, readyState: 4, networkState: 1, error: null,
      currentSrc: 'https://cdn.example.com/podcasts/1.mp3', srcObject: null, currentTime: 0, playbackRate: 1, calls: [],
      load() {
        Object.assign(this, { paused: true, error: null, currentTime: 0, playbackRate: 1, networkState: 2, readyState: 0 });
        this.calls.push('load');
      },
      async play() { this.paused = false; this.calls.push('play'); },
      pause() { this.paused = true; this.calls.push('pause'); },
      fire(type) { this.dispatchEvent(new Event(type)); },
      // Chromium pauses what fails, and says so after the error.
      fail(code) {
        const wasPlaying = !this.paused;
        Object.assign(this, { error: { code }, paused: true });
        this.fire('error');
        if (wasPlaying) this.fire('pause');
      },
    });
  }
}

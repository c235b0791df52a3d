// The page of the demo. It never touches the cookies: what it shows it learns from the edge's decisions.

import { showRotation, showWait } from '/keys.js';
import { RangeMap, addRow, addStep, bytes, clock, element, extent, finishRow, refused, verdict } from '/ranges.js';

const byId = (id) => document.getElementById(id);
const audio = byId('audio');
const map = new RangeMap();
const waiting = [];
let state;
let episode;
let expires = null;
let lastRefusal = null;
let keeper = null;
let renewed = 0;
let renewsAt = null;

const RESUME = 'resume';
const HANDED_OVER = 'handed-over';

async function start() {
  const answer = await fetch('/state');
  state = await answer.json();
  document.body.dataset.signedIn = state.name ? 'yes' : 'no';
  byId('name').textContent = state.name ?? '';
  byId('lifetime').textContent = lifetime(state.lifetime_seconds);
  for (const place of ['app', 'edgemint', 'cdn']) showHost(place);
  showSent(state.sent);
  offerEpisodes();
  const resume = taken(RESUME);
  choose(state.episodes.find((one) => one.path === resume?.path) ?? state.episodes[0]);
  showHandover();
  // Only now may the player ask: otherwise its first request would be decided before we listen.
  await listen();
  audio.src = state.places.cdn + episode.path;
  if (resume?.seconds) audio.addEventListener('loadedmetadata', () => { audio.currentTime = resume.seconds; }, { once: true });
  if (state.name) await startPlayer();
  setInterval(tick, 250);
}

// A host's name, breakable before its port.
function showHost(place) {
  const { hostname, port } = new URL(state.places[place]);
  byId(`host-${place}`).replaceChildren(hostname, element('wbr'), `:${port}`);
}

function lifetime(seconds) {
  return seconds < 120 ? `${seconds} seconds` : `${Math.round(seconds / 6) / 10} minutes`;
}

// ---- episodes

function offerEpisodes() {
  state.episodes.forEach((one) => {
    const label = element('label');
    const radio = element('input');
    Object.assign(radio, { type: 'radio', name: 'episode' });
    radio.addEventListener('change', () => { choose(one); audio.src = state.places.cdn + one.path; });
    const picture = element('img');
    Object.assign(picture, { src: state.places.cdn + one.cover, alt: '' });
    const text = element('span', '', one.title);
    text.append(element('small', '', `${clock(one.seconds)} · ${bytes(one.bytes)}`));
    label.append(radio, picture, text);
    one.radio = radio;
    byId('episodes').append(label);
  });
}

function choose(one) {
  episode = one;
  one.radio.checked = true;
  byId('episode-title').textContent = one.title;
  byId('episode-subtitle').textContent = one.subtitle;
  byId('cover').src = state.places.cdn + one.cover;
  byId('message').hidden = true;
  map.show(one);
}

// ---- the edge's decisions

function listen() {
  const stream = new EventSource('/events');
  const opened = new Promise((resolve) => { stream.addEventListener('open', resolve, { once: true }); });
  stream.addEventListener('open', () => { byId('stream-state').textContent = 'live'; });
  stream.addEventListener('error', () => { byId('stream-state').textContent = 'connection to the app lost, trying again…'; });
  stream.addEventListener('answered', (message) => decided(JSON.parse(message.data)));
  stream.addEventListener('finished', (message) => finished(JSON.parse(message.data)));
  stream.addEventListener('rotating', (message) => showRotation(JSON.parse(message.data), addStep));
  stream.addEventListener('sent', (message) => showSent(JSON.parse(message.data)));
  stream.addEventListener('missed', (message) => { byId('stream-state').textContent = `live, ${message.data} not shown`; });
  return opened;
}

function decided(event) {
  addRow(event);
  map.add(event);
  waiting.filter((one) => one.wanted(event)).forEach((one) => one.found(event));
  if (event.path !== episode.path) return;
  flash(['link-range', 'node-edge'], !refused(event));
  if (refused(event)) {
    // A request that left its cookies out on purpose says nothing about the player.
    if (!askedWithoutCookies(event)) {
      lastRefusal = event;
      showRefusal(event);
    }
  } else {
    lastRefusal = null;
    byId('message').hidden = true;
    expires = event.expires ?? expires;
    showSigner(event);
  }
  showCookieState();
}

// The key by which the cookies of a request were signed, as the edge read it.
function showSigner({ trace }) {
  const key = trace.find((check) => check.name === 'key_pair_id');
  if (!key) return;
  byId('signed-by').hidden = false;
  byId('signed-by-key').textContent = key.detail;
}

function finished(event) {
  map.finished(event);
  finishRow(event);
}

function showSent(sent) {
  for (const who of ['app', 'edgemint', 'edge']) byId(`sent-${who}`).textContent = bytes(sent[who]);
}

function showCookieState() {
  const seen = byId('cookie-state');
  if (lastRefusal) seen.textContent = lastRefusal.had_cookies ? 'cookies refused' : 'no cookies';
  else if (expires) seen.textContent = expires * 1000 > Date.now() ? 'holds cookies, unreadable to scripts' : 'cookies expired';
}

function flash(ids, ok) {
  for (const id of ids) {
    const { classList } = byId(id);
    classList.remove('ok', 'no');
    void byId(id).offsetWidth; // restarts the animation
    classList.add(ok ? 'ok' : 'no');
  }
  clearTimeout(flash.timer);
  flash.timer = setTimeout(() => byId('node-edge').classList.remove('ok', 'no'), 1200);
}

// ---- the hand-over, remembered across its redirects

document.addEventListener('submit', (event) => {
  const action = new URL(event.target.action).pathname;
  if (action === '/logout') return;
  sessionStorage.setItem(HANDED_OVER, 'true');
  if (episode) sessionStorage.setItem(RESUME, JSON.stringify({ path: episode.path, seconds: audio.currentTime }));
});

function taken(key) {
  const value = JSON.parse(sessionStorage.getItem(key));
  sessionStorage.removeItem(key);
  return value;
}

function showHandover() {
  const justNow = taken(HANDED_OVER);
  if (!state.name) return;
  for (const id of ['link-ticket', 'link-cookies']) byId(id).classList.add('done');
  if (justNow) flash(['link-ticket', 'link-cookies'], true);
}

// ---- the player

// A refusal is shown at once: a player may retry for a long time, in silence, before it says anything.
function showRefusal(event) {
  byId('message-title').textContent = `The edge refused: ${verdict(event)}`;
  byId('message-text').textContent = reason(event);
  byId('message').hidden = false;
}

audio.addEventListener('error', async () => {
  const { code, message } = audio.error;
  const names = { 1: 'playback aborted', 2: 'network error', 3: 'decoding error', 4: 'source not usable' };
  // The decision may arrive after the player's complaint.
  const why = lastRefusal ?? await decision((event) => event.path === episode.path && refused(event));
  if (why) showRefusal(why);
  else byId('message-title').textContent = 'The player stopped';
  const complaint = `The player says: ${names[code] ?? `error ${code}`}${message ? ` (${message})` : ''}.`;
  byId('message-text').textContent = `${why ? reason(why) : ''} ${complaint}`;
  byId('message').hidden = false;
});
audio.addEventListener('playing', () => { byId('message').hidden = true; });

function reason(event) {
  if (!event) return '';
  if (!event.had_cookies) return state.name ? 'The browser sent no cookies for this path.' : 'Nobody is signed in, so there are no cookies to send.';
  return failedCheck(event);
}

function failedCheck(event) {
  const failed = event.trace.find((check) => !check.passed);
  if (!failed) return '';
  if (failed.name === 'expiry' && event.expires) return `The cookies expired at ${new Date(event.expires * 1000).toLocaleTimeString('en-GB')}.`;
  return `The check “${failed.name.replaceAll('_', ' ')}” failed${failed.detail ? `: ${failed.detail}` : ''}.`;
}

byId('map').addEventListener('click', (click) => {
  const box = byId('lanes').getBoundingClientRect();
  const fraction = Math.min(1, Math.max(0, (click.clientX - box.left) / box.width));
  if (audio.error) retryAt(fraction * episode.seconds);
  else audio.currentTime = fraction * episode.seconds;
});

// After an error the element does nothing until it is loaded again.
function retryAt(seconds) {
  audio.load();
  audio.addEventListener('loadedmetadata', () => { audio.currentTime = seconds; }, { once: true });
}

function tick() {
  map.follow(audio);
  showExpiry();
  showWait();
  if (renewsAt) showRenewal();
}

// ---- renewal: all of it is player.js

async function startPlayer() {
  const { keepListening } = await import(state.player);
  const start = () => { keeper = keepListening(audio, { issuer: state.places.edgemint }); };
  byId('renew').addEventListener('change', () => {
    if (byId('renew').checked) return start();
    keeper.stop();
    renewsAt = null;
    byId('renewal').textContent = 'Nothing is renewed.';
    return undefined;
  });
  audio.addEventListener('edgemint', ({ detail }) => happened[detail.type](detail));
  start();
}

const reasons = { 'signed-out': 'edgemint knows no session', offline: 'edgemint does not answer', refused: 'the edge or edgemint refuses' };

const happened = {
  renewed({ renewsIn, expiresIn }) {
    renewed += 1;
    renewsAt = Date.now() + renewsIn * 1000;
    expires = Math.max(expires ?? 0, Date.now() / 1000 + expiresIn);
    flash(['link-cookies'], true);
    showRenewal();
    showExpiry();
  },
  retrying({ retriesIn }) {
    renewsAt = null;
    byId('renewal').textContent = `edgemint did not answer; asking again in ${retriesIn.toFixed(1)} s`;
  },
  recovered() {
    byId('message').hidden = true;
  },
  stopped({ reason: why }) {
    renewsAt = null;
    byId('renewal').textContent = `Renewing has stopped: ${reasons[why]}.`;
  },
};

function showRenewal() {
  const left = Math.max(0, Math.ceil((renewsAt - Date.now()) / 1000));
  byId('renewal').textContent = `Renewed ${renewed === 1 ? 'once' : `${renewed} times`}, next in ${clock(left)}`;
}

function showExpiry() {
  const box = byId('expiry');
  if (!expires) return;
  const left = expires - Date.now() / 1000;
  const text = left > 0
    ? `Cookies expire in ${clock(Math.ceil(left))}`
    : `Cookies expired at ${new Date(expires * 1000).toLocaleTimeString('en-GB')}: the next request will be refused`;
  const now = left <= 0 ? 'over' : left <= Math.min(20, state.lifetime_seconds / 3) ? 'soon' : 'good';
  byId('expiry-text').textContent = text;
  byId('gauge').style.width = `${Math.min(100, Math.max(0, (100 * left) / state.lifetime_seconds))}%`;
  if (box.dataset.state !== now) {
    box.dataset.state = now;
    showCookieState();
  }
}

// ---- without cookies

const OMITTED_RANGE = 'bytes=0-1023';

function askedWithoutCookies(event) {
  return event.range === OMITTED_RANGE && !event.had_cookies;
}

// The next decision that is wanted, or null when it does not come in time.
function decision(wanted, deadline = 3000) {
  return new Promise((resolve) => {
    const one = { wanted, found: (event) => { forget(); resolve(event); } };
    const timer = setTimeout(() => { forget(); resolve(null); }, deadline);
    const forget = () => { clearTimeout(timer); waiting.splice(waiting.indexOf(one), 1); };
    waiting.push(one);
  });
}

byId('omit').addEventListener('click', async () => {
  byId('omit').disabled = true;
  const edge = decision((event) => event.path === episode.path && askedWithoutCookies(event));
  const browser = await withoutCookies();
  showVerdict(browser, await edge);
  byId('omit').disabled = false;
});

async function withoutCookies() {
  try {
    const answer = await fetch(state.places.cdn + episode.path, {
      credentials: 'omit', cache: 'no-store', headers: { Range: OMITTED_RANGE },
    });
    return `status ${answer.status}`;
  } catch (error) {
    return `${error.name}: ${error.message}. A refusal carries no CORS headers, so a script may not read it; the player would see a plain failure.`;
  }
}

function showVerdict(browser, edge) {
  const list = element('dl', 'verdict');
  const line = (term, text, className) => list.append(element('dt', '', term), element('dd', className, text));
  line('The edge answered', edge ? verdict(edge) : 'nothing that reached this page in time', 'code');
  if (edge && refused(edge)) line('Because', failedCheck(edge));
  if (edge) line('Asked for', `${edge.range}, ${bytes(extent(edge, episode.bytes)[1] + 1)} of ${edge.path}`);
  line('The script saw', browser);
  byId('omit-result').replaceChildren(list);
}

// ---- rotation: its steps come with the edge's decisions

byId('rotate').addEventListener('click', async () => {
  byId('rotate').disabled = true;
  const answer = await fetch('/rotate', { method: 'POST' });
  // 409: somebody else's is under way, and is drawn here too.
  if (answer.ok || answer.status === 409) return;
  byId('rotate').disabled = false;
  byId('rotating').textContent = `The rotation did not begin: ${await answer.text()}`;
});

start().catch((error) => { byId('stream-state').textContent = `The page could not start: ${error.message}`; });

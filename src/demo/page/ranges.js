// Draws what the edge decided: each request as a span over the file, and as a row with its checks.

const LANES = 6;
const LANE_PITCH = 19;
const MOST_ROWS = 80;

const byId = (id) => document.getElementById(id);

export function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

export function bytes(count) {
  if (count < 1000) return `${count} B`;
  if (count < 1e6) return `${(count / 1e3).toFixed(1)} kB`;
  return `${(count / 1e6).toFixed(1)} MB`;
}

export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

export const refused = (event) => event.outcome.kind === 'refused' || event.outcome.kind === 'failed';

// `206 Allowed`, `403 MissingKey`, `200 Open`.
export function verdict(event) {
  return `${event.status} ${event.outcome.code ?? event.outcome.kind.replace(/^./, (first) => first.toUpperCase())}`;
}

// Whether an event is the same refusal of the same request as the one before it.
function isRepeated(before, event) {
  return refused(event) && ['method', 'path', 'range', 'had_cookies'].every((key) => before[key] === event[key])
    && verdict(before) === verdict(event);
}

const times = (event) => (event.times > 1 ? ` ×${event.times}` : '');

// Where the time axis is marked: whole minutes, but for one too close to the end.
function minutes(seconds) {
  return Array.from({ length: Math.ceil((seconds - 25) / 60) }, (_, minute) => minute * 60);
}

// The first and last byte that a request was about, of a file of `size` bytes.
export function extent(event, size) {
  const answered = /^bytes (\d+)-(\d+)\//.exec(event.content_range ?? '');
  if (answered) return [Number(answered[1]), Number(answered[2])];
  const asked = /^bytes=(\d+)-(\d*)$/.exec(event.range ?? '');
  const first = asked ? Math.min(Number(asked[1]), size - 1) : 0;
  const last = asked?.[2] ? Math.min(Number(asked[2]), size - 1) : size - 1;
  return [first, last];
}

export class RangeMap {
  #episode;
  #drawn = [];
  #sent = new Map();

  show(episode) {
    this.#episode = episode;
    this.#drawn = [];
    this.#sent.clear();
    byId('lanes').querySelectorAll('.span, .span-label').forEach((span) => span.remove());
    byId('lanes-empty').hidden = false;
    byId('map-summary').textContent = 'No requests yet.';
    byId('axis').replaceChildren(...[...minutes(episode.seconds), episode.seconds].map((second) => {
      const label = element('span', '', clock(second));
      label.style.left = `${(100 * second) / episode.seconds}%`;
      return label;
    }));
  }

  add(event) {
    if (event.path !== this.#episode.path || event.method !== 'GET') return;
    const before = this.#drawn.at(-1);
    // A refused player asks again and again: that is one span, counted.
    if (before && isRepeated(before, event)) before.times += 1;
    else this.#drawn.push({ ...event, times: 1 });
    this.#draw();
  }

  // How much of an answer's body was sent, once it is known.
  finished({ id, bytes_sent: sent }) {
    if (!this.#drawn.some((event) => event.id === id)) return;
    this.#sent.set(id, sent);
    this.#draw();
  }

  #draw() {
    byId('lanes-empty').hidden = true;
    const lanes = byId('lanes');
    lanes.querySelectorAll('.span, .span-label').forEach((span) => span.remove());
    const recent = this.#drawn.slice(-LANES);
    lanes.append(...recent.flatMap((request, lane) => this.#span(request, lane)));
    this.#summarise();
  }

  #span(event, lane) {
    const { bytes: size } = this.#episode;
    const [first, last] = extent(event, size);
    const kind = refused(event) ? 'no' : 'ok';
    const span = element('div', `span ${kind}`);
    const left = (100 * first) / size;
    span.style.left = `${left}%`;
    span.style.width = `${(100 * (last - first + 1)) / size}%`;
    if (!refused(event) && this.#sent.has(event.id)) {
      const sent = element('i');
      sent.style.width = `${Math.min(100, (100 * this.#sent.get(event.id)) / (last - first + 1))}%`;
      span.append(sent);
    }
    const label = element('div', `span-label ${kind}`, refused(event) ? verdict(event) + times(event) : `from ${first.toLocaleString('en')}`);
    // Near the right end the label would be cut off: there it stands before its span.
    if (left > 55) label.style.right = `${100 - left}%`;
    else label.style.left = `calc(${left}% + 5px)`;
    for (const part of [span, label]) part.style.top = `${4 + lane * LANE_PITCH}px`;
    return [span, label];
  }

  #summarise() {
    const count = (events) => events.reduce((sum, event) => sum + event.times, 0);
    const no = count(this.#drawn.filter(refused));
    byId('map-summary').textContent = `${count(this.#drawn) - no} requests answered, ${no} refused.`;
  }

  // What the player holds and where it is, as fractions of the file: in PCM a byte is a time.
  follow(audio) {
    const { seconds } = this.#episode;
    const held = [];
    for (let part = 0; part < audio.buffered.length; part += 1) {
      const piece = element('i');
      piece.style.left = `${(100 * audio.buffered.start(part)) / seconds}%`;
      piece.style.width = `${(100 * (audio.buffered.end(part) - audio.buffered.start(part))) / seconds}%`;
      held.push(piece);
    }
    byId('buffer').replaceChildren(...held);
    const head = byId('head');
    head.hidden = audio.readyState === 0;
    head.style.left = `${Math.min(100, (100 * audio.currentTime) / seconds)}%`;
  }
}

let newest;

export function addRow(event) {
  if (newest && isRepeated(newest, event)) {
    newest.times += 1;
    byId('log').querySelector('.tag').textContent = verdict(event) + times(newest);
    return;
  }
  newest = { ...event, times: 1 };
  const row = element('li');
  const details = element('details');
  details.append(summaryOf(event), traceOf(event));
  row.dataset.id = event.id;
  row.append(details);
  prepend(row);
}

// A step of a rotation, between the requests that it came between.
export function addStep(what, why) {
  newest = undefined;
  const row = element('li', 'step');
  row.append(element('span', 'when', new Date().toLocaleTimeString('en-GB')), element('span', 'what', what), element('span', 'why', why));
  prepend(row);
}

function prepend(row) {
  byId('log-empty').hidden = true;
  const log = byId('log');
  log.prepend(row);
  while (log.children.length > MOST_ROWS) log.lastElementChild.remove();
}

// The promised length of an answer gives way to what was sent of it.
export function finishRow({ id, bytes_sent: sent }) {
  const row = byId('log').querySelector(`[data-id="${CSS.escape(id)}"]`);
  if (row) row.querySelector('.bytes').textContent = bytes(sent);
}

function summaryOf(event) {
  const summary = element('summary');
  const path = element('span', 'path', event.path);
  path.title = event.path;
  summary.append(
    element('span', 'when', new Date(event.time * 1000).toLocaleTimeString('en-GB')),
    element('span', 'method', event.method),
    path,
    element('span', 'range', event.range ?? 'no Range'),
    element('span', 'bytes', event.bytes_promised === null ? '' : bytes(event.bytes_promised)),
  );
  const status = element('span', 'status');
  status.append(element('span', `tag ${refused(event) ? 'no' : 'ok'}`, verdict(event)));
  summary.append(status);
  return summary;
}

function traceOf(event) {
  const trace = element('div', 'trace');
  const facts = [
    event.content_range ? `Answered with ${event.content_range}.` : `Answered with status ${event.status}.`,
    event.had_cookies ? 'Cookies were sent.' : 'No cookies were sent.',
  ];
  if (!event.trace.length) facts.push('No protected path matches: nothing to check.');
  if (event.expires) facts.push(`Policy expires ${new Date(event.expires * 1000).toLocaleTimeString('en-GB')}.`);
  trace.append(element('p', 'facts', facts.join(' ')));
  const list = element('ol');
  for (const check of event.trace) {
    const item = element('li', check.passed ? 'passed' : 'failed');
    const mark = element('span', 'mark', check.passed ? '✓' : '✗');
    mark.setAttribute('aria-label', check.passed ? 'passed' : 'failed');
    mark.setAttribute('role', 'img');
    item.append(mark, element('span', 'check', check.name.replaceAll('_', ' ')), element('span', 'detail', check.detail));
    list.append(item);
  }
  trace.append(list);
  return trace;
}

// Draws a rotation of the signing key: each key with the states that it goes through.

import { clock, element } from '/ranges.js';

const byId = (id) => document.getElementById(id);

// As in keyring.json, in their order; and what each means to somebody who looks on.
const STATES = {
  generated: 'made, and known here alone',
  published: 'CloudFront has the public key',
  trusted: 'the key group names it; the edge’s nodes learn of it one after the other',
  proven: 'the edge was seen to accept it, time after time',
  active: 'it signs',
  retiring: 'it signs no more, and its last cookies are still good',
  untrusted: 'the key group no longer names it',
  gone: 'its public key and its private key are deleted',
};
const ORDER = Object.keys(STATES);

let drawn = '';
let known = new Map();
let until = null;

// How far it is. `tell` hears of every key that has come into another state.
export function showRotation({ keys, is_running: isRunning, doing, until: end, failed }, tell) {
  for (const key of keys) {
    const before = known.get(key.id);
    // What it was when the page was opened is no news.
    if (drawn && before !== key.state) tell(`${nameOf(key)} is ${key.state}`, STATES[key.state]);
  }
  known = new Map(keys.map(({ id, state }) => [id, state]));
  // Only what differs is drawn: a screen reader reads on where it was.
  const picture = JSON.stringify(keys);
  if (picture !== drawn) byId('keys').replaceChildren(...keys.map(drawKey));
  drawn = picture;
  byId('rotate').disabled = isRunning;
  until = end;
  const said = failed ? `The rotation stopped: ${failed}.` : sentence(doing);
  if (byId('rotating').textContent !== said) byId('rotating').textContent = said;
  byId('rotating').dataset.state = failed ? 'failed' : isRunning ? 'running' : 'idle';
  showWait();
}

// The time that is left of a wait, on every tick.
export function showWait() {
  const left = until && Math.max(0, Math.ceil(until - Date.now() / 1000));
  byId('rotation-wait').textContent = until ? `${clock(left)} to go` : '';
}

const nameOf = (key) => key.key_pair_id ?? `key ${key.id.slice(0, 8)}`;
const sentence = (text) => (text ? `${text[0].toUpperCase()}${text.slice(1)}.` : '');

function drawKey(key) {
  const row = element('li', 'key');
  row.dataset.state = key.state;
  const name = element('h3', '', nameOf(key));
  name.append(' ', element('span', 'muted', key.kind));
  const states = element('ol', 'states');
  states.setAttribute('aria-label', `States of ${nameOf(key)}`);
  const at = ORDER.indexOf(key.state);
  ORDER.forEach((state, index) => {
    const item = element('li', index < at ? 'done' : index === at ? 'current' : '', state);
    if (index === at) item.setAttribute('aria-current', 'step');
    item.title = STATES[state];
    states.append(item);
  });
  row.append(name, states, element('p', 'muted', STATES[key.state]));
  return row;
}

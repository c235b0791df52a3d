// What is published to npm, and what it weighs.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const folder = fileURLToPath(new URL('../../src/player/', import.meta.url));
const read = (name) => readFileSync(`${folder}${name}`, 'utf8');

test('the script weighs less than 5 kB', () => {
  const { length } = gzipSync(read('player.js'), { level: 9 });
  assert.ok(length < 5000, `${length} bytes`);
});

test('the package holds the script, its types, and nothing of the service', () => {
  const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const [{ files, name }] = JSON.parse(packed);
  assert.equal(name, 'edgemint-player');
  assert.deepEqual(files.map(({ path }) => path).sort(), ['LICENSE', 'README.md', 'package.json', 'player.d.ts', 'player.js']);
});

test('it needs nothing, and has the version and the licence of the service', () => {
  const manifest = JSON.parse(read('package.json'));
  for (const kind of ['dependencies', 'peerDependencies', 'scripts', 'private']) assert.equal(manifest[kind], undefined, kind);
  const cargo = readFileSync(`${folder}../../Cargo.toml`, 'utf8');
  assert.equal(manifest.version, /^version = "(.*)"$/m.exec(cargo)[1]);
  assert.equal(read('LICENSE'), readFileSync(`${folder}../../LICENSE`, 'utf8'));
  assert.doesNotMatch(read('player.js'), /^\s*import\b|\bimport\(|\brequire\(/m);
});

test('the types name what the script exports', async () => {
  const exported = Object.keys(await import(`${folder}player.js`)).sort();
  const declared = [...read('player.d.ts').matchAll(/^export function (\w+)/gm)].map(([, name]) => name).sort();
  assert.deepEqual(exported, ['keepFresh', 'keepListening', 'leave']);
  assert.deepEqual(declared, exported);
});

test('importing it does nothing, where there is no page as well', () => {
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', `await import(${JSON.stringify(`${folder}player.js`)})`], { encoding: 'utf8' });
  assert.equal(output, '');
});

// The pages in README.md do what it says.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { startChromium, watchNetwork } from './demo.mjs';
import { startStage } from './stage.mjs';

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const PAGES = [...README.matchAll(/^```html\n(.*?)^```$/gms)].map(([, page]) => page);

let browser;
let stage;
before(async () => {
  stage = await startStage({ life: 10, pages: PAGES });
  browser = await startChromium();
});
after(() => Promise.all([browser?.close(), stage?.stop()]));

test('README.md has a page for an element, and one for hls.js', () => {
  assert.deepEqual(PAGES.map((page) => /keep\w+/.exec(page)[0]), ['keepListening', 'keepFresh']);
});

for (const index of PAGES.keys()) {
  test(`page ${index + 1} plays, renews, and goes where it says`, async (t) => {
    const context = await browser.newContext();
    t.after(() => context.close());
    context.setDefaultTimeout(60_000);
    const page = await context.newPage();
    await page.goto(`${stage.app}/login?player=later`);
    const network = await watchNetwork(page);
    await page.goto(`${stage.app}/readme/${index}`);
    await page.waitForFunction(() => document.querySelector('audio').readyState >= 3);
    await page.evaluate(() => document.querySelector('audio').play());
    await page.waitForFunction(() => document.querySelector('audio').currentTime > 1);
    const renewals = network.all().filter(({ method, url }) => method === 'POST' && url === `${stage.issuer}/renew`);
    assert.deepEqual(renewals.map(({ status }) => status), [200]);
    if (!PAGES[index].includes('/login')) return;
    await context.clearCookies();
    await page.evaluate(() => { document.querySelector('audio').currentTime = 200; });
    await page.waitForURL(/\/listen$/);
  });
}

/**
 * Many servers in one window: simulated agents behind real sockets, hundreds of jobs that tell their figures once a second. In: a fleet. Out:
 * all of it is there, the document stays small, what needs somebody comes to the top, and nothing is kept that is over. How long that takes
 * is not tested here but measured: `npm run bench -- --only console-scale`.
 */
import { describe, expect } from 'vitest';
import {
  type ConsoleWindow,
  costOf,
  Fleet,
  sized,
  staged,
  until,
  whyNoConsole,
  withConsole,
} from '../bootstrap/index.ts';
import { open } from '../pages/console.ts';

const why = whyNoConsole();
if (why !== null) console.warn(`SKIPPED the console with many servers: ${why}`);

const SIZE = { servers: sized(120, 40), jobsEach: 4 };
const JOBS = SIZE.servers * SIZE.jobsEach;
/** Statuses that a job tells while the memory is looked at. */
const UPDATES = sized(600, 100);

const lines = async ({ page }: ConsoleWindow): Promise<string[]> =>
  page.locator('.us-line [role=cell]:first-child').allTextContents();

async function scrollTo({ page }: ConsoleWindow, where: 'end' | 'begin'): Promise<void> {
  await page.evaluate(`document.querySelector('.us-body').scrollTop = ${where === 'end' ? '1e9' : '0'}`);
}

async function showsAll(window: ConsoleWindow): Promise<void> {
  const { page } = window;
  await page.locator('[data-health="good"] b', { hasText: new RegExp(`^${JOBS}$`) }).waitFor();
  expect(await page.getByRole('table').getAttribute('aria-rowcount')).toBe(String(JOBS + 1));
  expect((await lines(window)).length, 'rows in the document').toBeLessThan(80);
  const [first = 0, second = 0] = await page.evaluate<number[]>(
    `[...document.querySelectorAll('.us-line')].slice(0, 2).map((one) => one.getBoundingClientRect().top)`,
  );
  expect(second - first, 'rows stand under each other without a gap').toBe(27);
  const last = `server${String(SIZE.servers).padStart(3, '0')}-job${SIZE.jobsEach}`;
  await scrollTo(window, 'end');
  await page.getByRole('button', { name: last, exact: true }).waitFor();
  await scrollTo(window, 'begin');
  await page.getByRole('button', { name: 'server001-job1', exact: true }).waitFor();
}

/** What halts stands at the top at once, and what is well again goes back to its place. */
async function bringsUp(window: ConsoleWindow, fleet: Fleet): Promise<void> {
  const { page } = window;
  const reason = { code: 'root-missing', sentence: 'the folder is gone' };
  fleet.change('server017-job3', { state: 'halted', reason, actions: ['start', 'stop', 'delete'] });
  await until('the halted job is the first', async () => (await lines(window))[0] === 'server017-job3');
  await page.getByText('the folder is gone').first().waitFor();
  await page.locator('[data-health="halted"] b', { hasText: /^1$/ }).waitFor();
  await window.picture('scale-halted');
  fleet.change('server017-job3', { state: 'protected', reason: null });
  await until('it is well again', async () => (await lines(window))[0] === 'server001-job1');
}

async function movesOn(window: ConsoleWindow): Promise<void> {
  const figure = async (): Promise<string> =>
    (await window.page.locator('.us-line [role=cell]:nth-child(5)').allTextContents()).join();
  const before = await figure();
  await until('figures that were told are shown', async () => (await figure()) !== before);
}

async function findsOne(window: ConsoleWindow): Promise<void> {
  const { page } = window;
  await page.getByLabel('Find a job or a server').fill('server023-job2');
  await until('one is left', async () => (await lines(window)).join() === 'server023-job2');
  await page.getByLabel('Find a job or a server').fill('');
  await page.getByLabel('Group by source server').check();
  await page.locator('.us-group').first().waitFor();
  await page.getByLabel('Group by source server').uncheck();
}

/** Of what is opaque on the first chart most is its grid: its colour, and that of the page's own lines. */
const COLOURS = `(() => {
  const canvas = document.querySelector('.us-chart canvas');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const counts = {};
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] !== 255) continue;
    const colour = 'rgb(' + data.slice(i, i + 3).join(', ') + ')';
    counts[colour] = (counts[colour] ?? 0) + 1;
  }
  const most = Object.entries(counts).sort((one, other) => other[1] - one[1])[0]?.[0];
  return [most, getComputedStyle(document.querySelector('.us-panel')).borderTopColor];
})()`;

/** A chart is drawn on a canvas, which follows no style sheet. */
async function chartsFollowTheTheme({ page }: ConsoleWindow): Promise<void> {
  await page.getByRole('button', { name: 'server001-job1', exact: true }).click();
  await page.locator('.us-chart canvas').first().waitFor();
  const lines = new Set<string>();
  for (const theme of ['dark', 'light']) {
    await page.keyboard.press('Control+k');
    await page.keyboard.type(`Appearance: ${theme}`);
    await page.keyboard.press('Enter');
    await page.locator(`html[data-mantine-color-scheme="${theme}"]`).waitFor();
    const line = await until(`the grid is ${theme}`, async () => {
      const [grid, own = ''] = await page.evaluate<string[]>(COLOURS);
      return grid === own && own;
    });
    lines.add(line);
  }
  expect(lines.size, 'colours of lines in two themes').toBe(2);
}

describe.skipIf(why !== null)('many servers in one window', () => {
  staged(
    'are all there, what needs somebody comes to the top, and memory does not grow with what is told',
    [],
    async (stage) => {
      const fleet = await Fleet.open(stage, SIZE);
      try {
        await withConsole(stage, 'scale', async (window) => {
          await showsAll(window);
          fleet.pace(1000);
          await movesOn(window);
          await bringsUp(window, fleet);
          await findsOne(window);
          await chartsFollowTheTheme(window);
          for (const screen of ['Servers', 'Map', 'Events', 'Dashboard']) await open(screen)(window);
          await window.picture('scale');

          fleet.pace(100);
          const told = (times: number) => until(`${times} statuses a job`, () => fleet.told >= times * JOBS);
          await told(UPDATES / 4);
          const before = { ...(await window.heaps()), ...costOf(window.pid) };
          await told(UPDATES);
          fleet.pace(null);
          const after = { ...(await window.heaps()), ...costOf(window.pid) };
          const { mainMiB, pageMiB } = after;
          console.log(
            `heap of the page ${before.page.toFixed(1)} → ${after.page.toFixed(1)} MiB, of the main process ${before.main.toFixed(1)} → ${after.main.toFixed(1)} MiB; resident ${pageMiB.toFixed(0)} and ${mainMiB.toFixed(0)} MiB`,
          );
          // A status that was kept for each one told would be some kilobytes of them.
          const kept = (JOBS * UPDATES * 0.75 * 200) / 2 ** 20;
          expect(after.page - before.page).toBeLessThan(kept);
          expect(after.main - before.main).toBeLessThan(kept);
          // The connections' thread has a heap of its own, in which what is new has this much room before anything is taken away.
          expect(after.mainMiB - before.mainMiB).toBeLessThan(kept + 3 * 48);
          expect(window.complaints).toEqual([]);
        });
      } finally {
        await fleet.close();
      }
    },
    240_000,
  );
});

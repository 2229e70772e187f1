/**
 * The console with five hundred servers and two thousand jobs: how long until it shows something, until it has heard of all, what a second of
 * figures costs, whether scrolling keeps up, and whether an hour of them leaves anything behind. The agents are simulated, in a process of
 * their own, behind real sockets; what they cost is not counted.
 */
import {
  type Bootstrap,
  ConsoleWindow,
  costOf,
  Fleet,
  firstPaintMs,
  type Scrolled,
  turnWheel,
  until,
  whyNoConsole,
} from '@understudy/e2e';
import type { Figure } from '../measure/figure.ts';
import { quantile } from '../measure/statistics.ts';
import type { Sizes } from '../sizes.ts';
import { figure, type StageRow } from './row.ts';

const ROW = 'console-scale';

export const consoleScale: StageRow = {
  id: ROW,
  title: 'the console with 500 servers and 2,000 jobs',
  ownOnly: true,
  async onStage({ stage, sizes }) {
    const why = whyNoConsole();
    if (why !== null) return [figure(ROW, 'not measured', 'count', null, { note: why })];
    const fleet = await Fleet.open(stage, sizes.fleet);
    try {
      return await measured(stage, fleet, sizes);
    } finally {
      await fleet.close();
    }
  },
};

async function measured(stage: Bootstrap, fleet: Fleet, sizes: Sizes): Promise<Figure[]> {
  const { servers, jobsEach } = fleet.size;
  const jobs = servers * jobsEach;
  const note = `${servers} servers, ${jobs} jobs`;
  const first = await firstPaintMs(stage);
  const began = performance.now();
  const window = await ConsoleWindow.openUntraced(stage);
  try {
    await until('all jobs are shown', async () => (await shown(window)) === jobs, { timeoutMs: 300_000 });
    const all = (performance.now() - began) / 1000;
    await window.resize(1920, 1080);
    return [
      figure(ROW, 'first paint', 's', first / 1000, { note, reach: { atMost: 2 } }),
      figure(ROW, 'all jobs shown', 's', all, { note }),
      ...(await atOneHertz(window, fleet, sizes.consoleCostSeconds)),
      ...(await scrolling(window)),
      ...(await anHour(window, fleet, sizes)),
    ];
  } finally {
    await window.close();
  }
}

const shown = async ({ page }: ConsoleWindow): Promise<number> =>
  page.evaluate<number>(
    `Number((document.querySelector('[data-health="good"] b')?.textContent ?? '').replace(/\\D/g, ''))`,
  );

async function atOneHertz(window: ConsoleWindow, fleet: Fleet, seconds: number): Promise<Figure[]> {
  fleet.pace(1000);
  await pause(5);
  const before = costOf(window.pid);
  const began = performance.now();
  await pause(seconds);
  const after = costOf(window.pid);
  const passed = (performance.now() - began) / 1000;
  const share = (part: 'seconds' | 'mainSeconds' | 'pageSeconds' | 'pictureSeconds'): number =>
    ((after[part] - before[part]) / passed) * 100;
  const note = `of one core, over ${Math.round(passed)} s; figures that are not on the screen are asked for every 10 s`;
  return [
    figure(ROW, 'processor at 1 Hz', '%', share('seconds'), { note, reach: { atMost: 10 } }),
    figure(ROW, 'of it the main process', '%', share('mainSeconds'), { note }),
    figure(ROW, 'of it the page', '%', share('pageSeconds'), { note }),
    figure(ROW, 'of it putting the picture together', '%', share('pictureSeconds'), {
      note: `${note}; without a graphics card`,
    }),
  ];
}

const pause = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** A hand at the wheel, fast, while figures come. */
const WHEEL = { px: 18_000, speed: 3600 } as const;
const TURNS = 3;

async function scrolling({ page }: ConsoleWindow): Promise<Figure[]> {
  const turns: Scrolled[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) turns.push(await turnWheel(page, WHEEL));
  if (turns.some(({ px }) => px < WHEEL.px))
    throw new Error(`the table did not follow the wheel: ${JSON.stringify(turns)}`);
  const sum = (what: (turn: Scrolled) => number): number => turns.reduce((all, turn) => all + what(turn), 0);
  const frames = sum((turn) => turn.frames);
  const note = `of ${frames} frames, by the browser's word; ${WHEEL.speed} px a second, drawn without a graphics card`;
  return [
    figure(
      ROW,
      'frames dropped while scrolling',
      'count',
      sum((turn) => turn.dropped),
      {
        note,
        samples: frames,
        reach: { atMost: 0 },
      },
    ),
    figure(
      ROW,
      'frames not drawn wholly',
      'count',
      sum((turn) => turn.incomplete),
      { note, samples: frames },
    ),
    figure(
      ROW,
      'steps before their rows',
      'count',
      sum((turn) => turn.bare),
      {
        note: 'steps of the wheel at which a row in sight was not in the document yet',
      },
    ),
    ...(await movedByScript(page)),
  ];
}

/** Harder than any hand: each frame waits for the page's own thread. */
async function movedByScript(page: ConsoleWindow['page']): Promise<Figure[]> {
  const gaps = await page.evaluate<number[]>(`new Promise((done) => {
    const body = document.querySelector('.us-body');
    body.scrollTop = 0;
    const gaps = [];
    let last = performance.now();
    const step = (now) => {
      gaps.push(now - last);
      last = now;
      body.scrollTop += 60;
      if (gaps.length < 300) requestAnimationFrame(step);
      else done(gaps.slice(5));
    };
    requestAnimationFrame(step);
  })`);
  const beat = 1000 / 60;
  const late = gaps.reduce((sum, gap) => sum + Math.max(0, Math.round(gap / beat) - 1), 0);
  return [
    figure(ROW, 'frames late where a script scrolls', 'count', late, {
      note: `of ${gaps.length} at 60 Hz`,
      samples: gaps.length,
    }),
    figure(ROW, 'longest frame of a hundred there', 'ms', quantile(gaps, 0.99), { samples: gaps.length }),
  ];
}

/** As many statuses as come in an hour; told faster than that where the sizes say so. What is alive is compared, not what is held. */
async function anHour(
  window: ConsoleWindow,
  fleet: Fleet,
  { consoleUpdates, consoleEveryMs }: Sizes,
): Promise<Figure[]> {
  const jobs = fleet.size.servers * fleet.size.jobsEach;
  fleet.pace(consoleEveryMs);
  const told = (times: number): Promise<true> =>
    until(`${times} statuses a job were told`, () => fleet.told >= times * jobs, {
      timeoutMs: 2 * 3_600_000,
      everyMs: 250,
    });
  await told(consoleUpdates / 6);
  const before = { ...(await window.heaps()), ...costOf(window.pid) };
  await told(consoleUpdates);
  fleet.pace(null);
  await pause(2);
  const after = { ...(await window.heaps()), ...costOf(window.pid) };
  const note = `over ${Math.round((consoleUpdates * 5) / 6)} statuses a job, one every ${consoleEveryMs} ms; those that are on no screen were asked for every 10 s`;
  return [
    figure(ROW, 'heap of the page grew by', 'MiB', after.page - before.page, { note, reach: { atMost: 10 } }),
    figure(ROW, 'heap of the main process grew by', 'MiB', after.main - before.main, { note, reach: { atMost: 10 } }),
    figure(ROW, 'page, resident', 'MiB', after.pageMiB, { note: `${before.pageMiB.toFixed(0)} MiB before` }),
    figure(ROW, 'main process, resident', 'MiB', after.mainMiB, {
      note: `${before.mainMiB.toFixed(0)} MiB before; with the thread of the connections, whose heap cannot be told apart`,
    }),
  ];
}

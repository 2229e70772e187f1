/**
 * The console dies in the middle of a failover, one part of it after the other, and so does the agent that carries the failover out. In: two
 * real agents, a failover that a script holds where it stands. Out: the console says each time at which step it is, and in the end that the
 * target has taken over. What the agents do does not hang on any window.
 */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import {
  type Bootstrap,
  ConsoleWindow,
  staged,
  until,
  whyNoConsole,
  whyNoFuse,
  withConsole,
} from '../bootstrap/index.ts';
import { openJob } from '../pages/console.ts';

const why = whyNoConsole() ?? whyNoFuse();
if (why !== null) console.warn(`SKIPPED kills of the console during a failover: ${why}`);

/** What stands beside each step of the failover, as the page shows it. */
const STEPS = `Object.fromEntries([...document.querySelectorAll('li[data-step]')].map(({ dataset }) => [dataset.step, dataset.state]))`;
const BADGE = `document.querySelector('.us-bar .us-state')?.textContent ?? ''`;
const NOTES = `[...document.querySelectorAll('.us-note')].map(({ textContent }) => textContent).join('\\n')`;

/** As an administrator has it before the takeover; it waits for what a person has to do first. */
function holdingScript(stage: Bootstrap): { readonly section: string; readonly go: string; readonly log: string } {
  const [path, go, log] = [join(stage.root, 'before'), join(stage.root, 'go'), join(stage.root, 'before.log')];
  const lines = [`echo "begun $UNDERSTUDY_AGAIN" >> ${log}`, `while [ ! -e ${go} ]; do sleep 0.1; done`];
  writeFileSync(path, ['#!/bin/sh', ...lines, `echo "ended $UNDERSTUDY_AGAIN" >> ${log}`, ''].join('\n'));
  chmodSync(path, 0o755);
  const section = join(stage.root, 'failover.yaml');
  writeFileSync(section, `scripts:\n  beforeFailover: { path: ${path}, timeout: 10m }\n`);
  return { section, go, log };
}

/** The page says that the failover stands at the script, whether somebody drives it or not. */
async function standsAtScript(window: ConsoleWindow): Promise<void> {
  await until('the page shows the step at which the failover stands', async () => {
    const steps = await window.look<Record<string, string>>(STEPS);
    return steps?.['script-before'] === 'doing' && steps.data === 'done' && steps.intercept === 'waiting';
  });
  expect(await window.look(BADGE)).toContain('failing over');
}

/** The source is gone, and a person lets the target take over. */
async function orderFailover({ page }: ConsoleWindow): Promise<void> {
  await page.locator('.us-bar .us-state', { hasText: 'disconnected' }).waitFor();
  await page.getByRole('button', { name: 'Fail over…' }).click();
  const sheet = page.getByRole('dialog');
  await sheet.getByLabel(/^Type the job’s name/).fill('files');
  await sheet.getByRole('button', { name: 'Fail over now' }).click();
  await sheet.locator('[data-step="script-before"][data-state="doing"]').waitFor();
  await page.keyboard.press('Escape');
}

/** First the process of its page, which comes back by itself, then all of it. */
async function consoleDies(stage: Bootstrap): Promise<void> {
  const window = await ConsoleWindow.open(stage);
  try {
    await openJob(window);
    await orderFailover(window);

    await standsAtScript(window);
    await window.picture('kills-under-way');
    await window.crashPage();
    await standsAtScript(window);
    await window.lookedAt('kills-page-crashed');
  } finally {
    await window.kill();
  }
}

/** The agent that does it: meanwhile the page and the sheet say how it stood, and that it goes on. */
async function targetDies(window: ConsoleWindow, stage: Bootstrap): Promise<void> {
  const { page } = window;
  await stage.agent('beta').kill();
  await until('the page says that the target is silent', async () =>
    (await window.look<string>(NOTES))?.includes('beta does not answer: this is how it stood'),
  );
  expect(await window.look(STEPS)).toMatchObject({ data: 'done', 'script-before': 'doing', intercept: 'waiting' });
  expect(await window.faults(), 'faults of a page whose target is silent').toEqual([]);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await window.picture(`kills-target-gone-${colorScheme}`);
  }
  await page.getByRole('button', { name: 'Failover under way…' }).click();
  const sheet = page.getByRole('dialog');
  await sheet.getByText('beta does not answer: this is how it stood').waitFor();
  await sheet.locator('[data-step="script-before"][data-state="doing"]').waitFor();
  await page.keyboard.press('Escape');
  await stage.agent('beta').start();
}

describe.skipIf(why !== null)('a failover in the middle of which everything that shows it is killed', () => {
  staged(
    'goes on by itself, and the console shows where it stands after each death',
    ['alpha', 'beta'],
    async (stage) => {
      const { source, to } = { source: stage.folder('source', 'files'), to: stage.folder('replica') };
      writeFileSync(join(source, 'kept'), 'kept');
      const holding = holdingScript(stage);
      const job = { name: 'files', source: 'alpha', target: 'beta', include: [source], to, intercept: 'fuse' } as const;
      await stage.client.protect({ ...job, extra: ['--failover-file', holding.section] });
      await stage.agent('alpha').kill();
      await consoleDies(stage);
      await withConsole(stage, 'kills', async (window) => {
        await standsAtScript(window);
        await window.picture('kills-console-restarted');
        await targetDies(window, stage);
        await until('the script runs once more', () => readFileSync(holding.log, 'utf8').includes('begun 1'));
        await standsAtScript(window);
        writeFileSync(holding.go, '');
        await window.page.locator('.us-bar .us-state', { hasText: 'failed over' }).waitFor({ timeout: 60_000 });
        expect((await stage.client.status('files')).state).toBe('failed-over');
        expect(readFileSync(join(to, source, 'kept'), 'utf8')).toBe('kept');
        await window.picture('kills-failed-over');
        expect(window.complaints).toEqual([]);
      });
    },
    120_000,
  );
});

/**
 * pages: the console as a person uses it. In: a window, names and folders. Out: what was done with mouse and keyboard, and what can be seen then.
 * Promised: only words and roles that a person sees or hears are looked for, or marks that the page bears for exactly this.
 */
import { expect } from 'vitest';
import type { Bootstrap, ConsoleWindow } from '../bootstrap/index.ts';
import { pressOn, tabTo } from './keyboard.ts';

export const SIZES = [
  [1280, 800],
  [1920, 1080],
] as const;
const THEMES = ['light', 'dark'] as const;

/** As a person does it: the code from the server, the rest in the dialog. `reached`: where, if not where the agent listens. */
export async function pairBy(
  window: Pick<ConsoleWindow, 'page'>,
  stage: Bootstrap,
  name: string,
  reached: (address: string) => Promise<string> = async (address) => address,
): Promise<void> {
  const agent = stage.newAgent(name);
  await agent.start();
  const address = await reached(agent.address);
  const code = (await stage.cli(['agent', 'pairing-code', '--home', agent.home])).stdout.trim();
  const { page } = window;
  await page.getByRole('button', { name: 'Pair a server…' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Address').fill(address);
  await dialog.getByLabel('Pairing code').fill(code);
  await dialog.getByRole('button', { name: 'Pair', exact: true }).click();
  await dialog.getByText(`${name} is paired`).waitFor();
  expect(await dialog.locator('code').textContent()).toBe(agent.fingerprint.match(/.{8}/g)?.join(' '));
  await dialog.getByRole('button', { name: 'Close', exact: true }).last().click();
}

/** On the line of moments, by keyboard alone: the oldest, then now, then the oldest again; the plan follows. */
async function chooseOldest(window: ConsoleWindow): Promise<void> {
  const { page } = window;
  const sheet = page.getByRole('dialog');
  const line = sheet.getByRole('slider', { name: 'Moment' });
  await tabTo(window, 'Moment');
  expect(await line.getAttribute('aria-valuetext')).toContain('nothing is taken back');
  for (const key of ['Home', 'End', 'ArrowLeft', 'Home']) {
    await page.keyboard.press(key);
    await sheet.getByText('Take the replica back to').waitFor({ state: key === 'End' ? 'detached' : 'visible' });
  }
  expect(await sheet.getByLabel('Go back to a moment').isChecked()).toBe(true);
  await sheet.getByText('since then is given up').waitFor();
  expect(await window.faults(), 'faults of the sheet with a moment chosen').toEqual([]);
  await window.picture('moment-chosen');
}

/** The plan is read, the oldest moment chosen, the job's name typed, and the steps are seen to their end. */
export async function failOverBy(window: ConsoleWindow): Promise<void> {
  const { page } = window;
  await pressOn(window, 'Fail over…');
  const sheet = page.getByRole('dialog');
  await sheet.getByText('point of no return', { exact: true }).waitFor();
  await chooseOldest(window);
  const go = sheet.getByRole('button', { name: 'Fail over now' });
  expect(await go.isDisabled(), 'before the name is typed').toBe(true);
  await tabTo(window, /^Type the job’s name/);
  await page.keyboard.type('files');
  await pressOn(window, 'Fail over now');
  await sheet.getByRole('heading', { name: 'beta has taken over' }).waitFor();
  await sheet.locator('[data-step="writable"][data-state="done"]').waitFor();
}

/** The job goes from one server to the other and is known to neither for a moment: what the page says in the end is waited for. */
export async function failBackBy(window: ConsoleWindow): Promise<void> {
  const { page } = window;
  await page.getByRole('dialog').getByRole('button', { name: 'Fail back' }).waitFor();
  await pressOn(window, 'Fail back');
  await pressOn(window, 'Yes, do it');
  await page.locator('.us-bar', { hasText: /protected.*alpha → beta/ }).waitFor({ timeout: 120_000 });
}

/** How many stretches of the last hour that server has figures of; asked by the page's own door. */
export async function keptBy({ page }: ConsoleWindow, server: string): Promise<number> {
  return page.evaluate<number>(`understudy
    .invoke('ask', { server: '${server}', call: 'job.history', params: { name: 'files' } })
    .then(({ value }) => value.recoveryPointAgeMs.filter((age) => age !== null).length)`);
}

/** As its agent keeps it now; asked as above. */
export async function definitionOf({ page }: ConsoleWindow, server: string): Promise<unknown> {
  return page.evaluate(`understudy
    .invoke('ask', { server: '${server}', call: 'job.get', params: { name: 'files' } })
    .then(({ value }) => value.definition)`);
}

/** To another place, while the job goes on. */
export async function restoreBy(window: ConsoleWindow, directory: string): Promise<void> {
  const { page } = window;
  await openJob(window);
  await page.getByRole('button', { name: 'What you can do' }).click();
  await page.getByRole('menuitem', { name: 'Restore…' }).click();
  const sheet = page.getByRole('dialog');
  await sheet.getByLabel('To another place').check();
  await sheet.getByLabel('Folder').fill(directory);
  await sheet.getByRole('button', { name: 'Show what would be done' }).click();
  const go = sheet.getByRole('button', { name: 'Restore to alpha' });
  await go.waitFor();
  expect(await window.faults(), 'faults of the sheet with a restore’s plan').toEqual([]);
  await window.picture('restore');
  await go.click();
  await sheet.getByText('The last restore: done, to alpha').waitFor({ timeout: 60_000 });
  await page.keyboard.press('Escape');
}

type Visit = readonly [name: string, show: (window: ConsoleWindow) => Promise<void>, leave?: string];

export const open = (screen: string) => async (window: ConsoleWindow) => {
  await window.page.getByRole('navigation').getByRole('button', { name: screen }).click();
  await window.page.getByRole('heading', { level: 1, name: screen }).waitFor();
};
export const openJob = async (window: ConsoleWindow) => {
  await open('Dashboard')(window);
  await window.page.getByRole('button', { name: 'files', exact: true }).click();
  await window.page.getByRole('heading', { level: 1, name: 'files' }).waitFor();
};
export async function openEdit({ page }: ConsoleWindow): Promise<void> {
  await page.getByRole('button', { name: 'What you can do' }).click();
  await page.getByRole('menuitem', { name: 'Edit…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).waitFor();
}

/** Two at one job: `other` is faster, the window is told, and what both have written is there in the end. */
export async function editTogether(window: ConsoleWindow, other: () => Promise<unknown>): Promise<void> {
  const { page } = window;
  await openJob(window);
  await openEdit(window);
  const sheet = page.getByRole('dialog');
  await sheet.getByText('By days and hours', { exact: true }).click();
  await sheet.getByLabel('Sat').first().check();
  await sheet.getByLabel('Compression', { exact: true }).first().click();
  await page.getByRole('option', { name: 'high' }).click();
  await other();
  await sheet.getByRole('button', { name: 'Save' }).click();
  await sheet.getByText('Somebody else has changed this job meanwhile: Compression, Mirror options.').waitFor();
  await sheet.getByText('You have changed this, too: Compression.').waitFor();
  expect(await window.faults(), 'faults of the sheet with a conflict').toEqual([]);
  await sheet.getByText('You have changed this, too').scrollIntoViewIfNeeded();
  await window.picture('edit-conflict');
  await sheet.getByRole('button', { name: 'My changes on top of it' }).click();
  await sheet.getByRole('button', { name: 'Save' }).click();
  await sheet.getByText('Saved.').waitFor();
  await page.keyboard.press('Escape');
}

const VISITS: readonly Visit[] = [
  ['dashboard', open('Dashboard')],
  ['job', openJob],
  [
    'job-actions',
    async ({ page }) => {
      await page.getByRole('button', { name: 'What you can do' }).click();
      await page.getByRole('menuitem', { name: /Verify/ }).waitFor();
    },
    'Escape',
  ],
  [
    'edit',
    async (window) => {
      await openEdit(window);
      await window.page.getByRole('dialog').getByText('By days and hours', { exact: true }).click();
    },
    'Escape',
  ],
  [
    'failover',
    async ({ page }) => {
      await page.getByRole('button', { name: 'Fail over…' }).click();
      await page.getByRole('button', { name: 'Fail over now' }).waitFor();
    },
    'Escape',
  ],
  ['servers', open('Servers')],
  [
    'server',
    async ({ page }) => {
      await page.getByRole('button', { name: 'alpha', exact: true }).click();
      await page.getByRole('heading', { level: 1, name: 'alpha' }).waitFor();
    },
  ],
  [
    'map',
    async (window) => {
      await open('Map')(window);
      await window.page.getByRole('img', { name: 'Who protects whom' }).waitFor();
      await window.page.getByText('alpha is protected by beta').waitFor();
    },
  ],
  ['events', open('Events')],
  [
    'pair',
    async ({ page }) => {
      await page.getByRole('button', { name: 'Pair a server…' }).first().click();
      await page.getByRole('dialog').getByLabel('Address').waitFor();
    },
    'Escape',
  ],
  [
    'protect',
    async ({ page }) => {
      await page.getByRole('button', { name: 'Protect…' }).click();
      await page.getByRole('radio', { name: /^alpha/ }).check();
      await page.getByRole('button', { name: 'Next' }).click();
      await page.getByRole('button', { name: 'etc', exact: true }).waitFor();
    },
    'Escape',
  ],
  [
    'palette',
    async ({ page }) => {
      await page.keyboard.press('Control+k');
      await page.getByRole('option', { name: 'Open job files' }).waitFor();
    },
    'Escape',
  ],
  ['settings', open('Settings')],
];

/** Of whom asks for reduced motion, as these tests do: what moves all the same. */
const MOVING = `[...document.querySelectorAll('body *')].filter((one) => {
  const { transitionDuration, animationName, animationDuration } = getComputedStyle(one);
  const lasts = (durations) => durations.split(',').some((duration) => parseFloat(duration) > 0);
  return lasts(transitionDuration) || (animationName !== 'none' && lasts(animationDuration));
}).map((one) => one.tagName + '.' + one.getAttribute('class'))`;

/** Every screen in both themes and both sizes; what axe finds is collected, so that one run tells all of it. */
export async function lookAtAll(window: ConsoleWindow): Promise<string[]> {
  const found: string[] = [];
  const { page } = window;
  for (const theme of THEMES) {
    await open('Settings')(window);
    await page.getByText(theme, { exact: true }).click();
    await page.locator(`html[data-mantine-color-scheme="${theme}"]`).waitFor();
    for (const [name, show, leave] of VISITS) {
      await show(window);
      for (const [width, height] of SIZES) {
        await window.resize(width, height);
        await window.picture(`${name}-${theme}-${width}x${height}`);
      }
      for (const { rule, where, why: fault } of await window.faults())
        found.push(`${name}, ${theme}: ${rule} at ${where}: ${fault}`);
      for (const moving of await page.evaluate<string[]>(MOVING)) found.push(`${name}, ${theme}: ${moving} moves`);
      if (leave !== undefined) await page.keyboard.press(leave);
    }
  }
  return found;
}

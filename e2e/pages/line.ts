/** pages: a job between two servers whose line is not always there, as a person follows it. In: a window. Out: what was read in it. */
import { expect } from 'vitest';
import { type ConsoleWindow, until } from '../bootstrap/index.ts';
import { open } from './console.ts';
import { pictures } from './events.ts';

const BADGE = '.us-bar .us-state';

export const stands = async ({ page }: ConsoleWindow, state: string): Promise<void> =>
  page.locator(BADGE, { hasText: state }).waitFor({ timeout: 60_000 });

/**
 * In the wizard: what is done and left, how fast, and how long it takes; then the end. `begun`: what somebody does from there on. Returns the
 * percentages that were read.
 */
export async function watchesFirstCopy(window: ConsoleWindow, begun: () => void): Promise<number[]> {
  const { page } = window;
  const dialog = page.getByRole('dialog');
  const meter = dialog.getByRole('progressbar', { name: 'Progress of the mirror' });
  await meter.waitFor();
  const read: number[] = [];
  const isUnderWay = async (): Promise<boolean> => {
    const percent = Number(await meter.getAttribute('aria-valuenow'));
    if (percent !== read.at(-1)) read.push(percent);
    return percent > 0 && percent < 100;
  };
  await until('the first copy is seen under way', isUnderWay);
  begun();
  await dialog.getByText(/ of .*\/s/).waitFor();
  await dialog.getByText(/ MiB left/).waitFor();
  await window.picture('line-first-copy');
  const ready = dialog.getByText('files is protected.');
  const hasEnded = async (): Promise<boolean> => {
    await isUnderWay();
    return ready.isVisible();
  };
  await until('the first copy ends', hasEnded, { timeoutMs: 120_000 });
  await dialog.getByRole('button', { name: 'Open the job' }).click();
  return read;
}

/** Milliseconds that `2 min 5 s`, `0.3 s` or `12 ms` come to. */
function milliseconds(text: string): number {
  const units = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 } as const;
  const parts = [...text.matchAll(/([\d.]+)\s*(ms|s|min|h)\b/g)];
  if (parts.length === 0) throw new Error(`“${text}” is no length of time`);
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * units[unit as keyof typeof units], 0);
}

/** By the panel that says what would be if the source died now. */
export async function atStake({ page }: ConsoleWindow): Promise<{
  readonly ageMs: number;
  readonly files: number;
  readonly said: string;
}> {
  const panel = page.locator('.us-panel', { hasText: 'If the source died now' });
  const said = (await panel.textContent()) ?? '';
  const [, age = ''] = /would be a state of (.+?) ago/.exec(said) ?? [];
  const [, files = '0'] = /Changes to ([\d,]+) files? \([\d.]+ (?:B|KiB|MiB)\) not yet on the target/.exec(said) ?? [];
  return { ageMs: milliseconds(age), files: Number(files.replaceAll(',', '')), said };
}

/** The line is gone while somebody writes: what the target lacks, and how old it is, grows before one's eyes. */
export async function seesLineGone(window: ConsoleWindow): Promise<void> {
  const { page } = window;
  await stands(window, 'disconnected');
  const grows = async (what: 'ageMs' | 'files'): Promise<void> => {
    const before = (await atStake(window))[what];
    await until(`${what} grows`, async () => (await atStake(window))[what] > before);
  };
  await until('files are told of that the target lacks', async () => (await atStake(window)).files > 0);
  await grows('files');
  await grows('ageMs');
  await until('the recovery point is old', async () => (await atStake(window)).ageMs > 3000);
  await pictures(window, 'line-gone');
  await open('Dashboard')(window);
  await page.getByText('1 server does not answer').waitFor({ timeout: 60_000 });
  await page.getByRole('button', { name: 'files', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'files' }).waitFor();
}

/** Nothing is lacking any more, and the recovery point is of this moment. */
export async function seesLineBack(window: ConsoleWindow): Promise<void> {
  await stands(window, 'protected');
  await until('the recovery point is of now', async () => (await atStake(window)).ageMs < 3000);
}

/** Beside the red button: on a copy, while replication goes on. */
export async function triesFailover(window: ConsoleWindow): Promise<void> {
  const { page } = window;
  await page.getByRole('button', { name: 'Fail over…' }).click();
  const sheet = page.getByRole('dialog');
  await sheet.getByRole('button', { name: 'Test failover' }).click();
  const said = sheet.locator('.us-note', { hasText: /^The test |:/ }).last();
  await said.waitFor({ timeout: 120_000 });
  expect(await said.textContent()).toMatch(/The test succeeded .* served after/s);
  await sheet.getByText(/The test succeeded/).scrollIntoViewIfNeeded();
  await window.picture('line-failover-tried');
  await page.keyboard.press('Escape');
  await stands(window, 'protected');
}

/** By severity, server, job and words: what is left is what was asked for, and nothing of it is missing. */
export async function filtersEvents(window: ConsoleWindow): Promise<void> {
  const { page } = window;
  await open('Events')(window);
  const rows = page.getByRole('table').getByRole('row');
  const texts = async (): Promise<readonly string[]> => (await rows.allTextContents()).slice(1);
  const choose = async (filter: string, option: string | RegExp): Promise<void> => {
    await page.locator(`input[aria-label="${filter}"]`).click();
    await page.getByRole('option', { name: option, exact: true }).click();
  };
  const are = async (wanted: (row: string) => boolean, what: string): Promise<void> => {
    const expected = all.filter(wanted);
    expect(expected.length, `events ${what}`).toBeGreaterThan(0);
    expect(expected.length, `events that are not ${what}`).toBeLessThan(all.length);
    await until(`the events ${what} are shown, and no others`, async () => {
      const shown = await texts();
      return shown.every(wanted) && expected.every((row) => shown.includes(row));
    });
  };
  const all = await texts();
  await choose('At least', /warning/);
  await are((row) => /^\d\d:\d\d:\d\d(warning|error)/.test(row), 'of warnings and worse');
  await window.picture('line-warnings');
  await choose('At least', /information/);
  await choose('Server', 'beta');
  await are((row) => /^\S{8}(information|warning|error)beta/.test(row), 'of beta');
  await choose('Server', 'all servers');
  await choose('Job', 'files');
  await are((row) => row.includes('alpha/files') || row.includes('beta/files'), 'of the job');
  await page.getByLabel('Find in events', { exact: true }).fill('mirror-ended');
  await are((row) => row.includes('mirror-ended'), 'with that word');
  await window.picture('line-events-found');
}

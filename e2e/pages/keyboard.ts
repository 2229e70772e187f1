/**
 * pages: the console without a mouse. In: a window, what is to be reached. Out: it has the focus, reached by Tab from where one was. Promised:
 * nothing is focused, clicked or filled by a script; what no key reaches fails.
 */
import type { ConsoleWindow } from '../bootstrap/index.ts';

/** As somebody hears it who does not see the page. */
const FOCUSED = `(() => {
  const at = document.activeElement;
  if (at === null || at === document.body) return '';
  const labels = [...(at.labels ?? [])].map((label) => label.textContent).join(' ');
  return (at.getAttribute('aria-label') ?? (labels || at.textContent) ?? '').trim();
})()`;
/** A folder of a busy machine has many neighbours. */
const MOST_TABS = 600;

export async function tabTo({ page }: ConsoleWindow, wanted: string | RegExp): Promise<void> {
  const passed: string[] = [];
  for (let i = 0; i < MOST_TABS; i += 1) {
    const name = await page.evaluate<string>(FOCUSED);
    if (typeof wanted === 'string' ? name === wanted : wanted.test(name)) return;
    passed.push(name);
    await page.keyboard.press('Tab');
  }
  throw new Error(`no Tab reaches ${String(wanted)}; it passed ${[...new Set(passed)].join(' | ').slice(0, 2_000)}`);
}

export async function pressOn(window: ConsoleWindow, wanted: string | RegExp, key = 'Enter'): Promise<void> {
  await tabTo(window, wanted);
  await window.page.keyboard.press(key);
}

/** Of a group of radio buttons: Tab reaches one of them, arrows the others. */
async function chooseRadio(window: ConsoleWindow, wanted: RegExp, any: RegExp): Promise<void> {
  await pressOn(window, any, 'Space');
  for (let i = 0; i < 10; i += 1) {
    if (wanted.test(await window.page.evaluate<string>(FOCUSED))) return;
    await window.page.keyboard.press('ArrowDown');
  }
  throw new Error(`no arrow reaches ${String(wanted)}`);
}

/** Through the wizard, down the remote tree to the folder itself. */
export async function protectByKeys(window: ConsoleWindow, folder: string, to: string): Promise<void> {
  const { page } = window;
  const servers = /^(alpha|beta)/;
  await pressOn(window, 'Protect…');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('radio', { name: /^alpha/ }).waitFor();
  await chooseRadio(window, /^alpha/, servers);
  await pressOn(window, 'Next');
  const tree = page.getByRole('list', { name: 'Folders of alpha' });
  for (const part of folder.split('/').slice(1)) {
    await tree.getByRole('button', { name: part, exact: true }).waitFor();
    await pressOn(window, part);
  }
  await page.getByRole('button', { name: `Protect this folder: ${folder}` }).waitFor();
  await pressOn(window, `Protect this folder: ${folder}`);
  await pressOn(window, 'Next');
  await dialog.getByRole('radio', { name: /^beta/ }).waitFor();
  await chooseRadio(window, /^beta/, servers);
  await tabTo(window, /^Replica beneath this folder/);
  await page.keyboard.type(to);
  await pressOn(window, 'Next');
  await dialog.getByText('How changes are captured').first().waitFor();
  await pressOn(window, 'Next');
  await dialog.locator('[data-check="definition"][data-state="ok"]').waitFor();
  await pressOn(window, 'Create and start');
  await dialog.getByText('files is protected.').waitFor({ timeout: 60_000 });
  await pressOn(window, 'Open the job');
  await page.getByRole('heading', { level: 1, name: 'files' }).waitFor();
}

/** pages: the wizard that protects a folder, as a person goes through it. In: a window, two folders. Out: a job, and its first copy under way. */
import { expect } from 'vitest';
import type { ConsoleWindow } from '../bootstrap/index.ts';

interface Folders {
  readonly source: string;
  readonly to: string;
}

/** Down the remote tree, to the folder itself. */
async function choose({ page }: ConsoleWindow, folder: string): Promise<void> {
  const tree = page.getByRole('list', { name: 'Folders of alpha' });
  for (const part of folder.split('/').slice(1)) await tree.getByRole('button', { name: part, exact: true }).click();
  await page.getByRole('button', { name: `Protect this folder: ${folder}` }).click();
}

/** It is opened with what is recommended, says what it comes to, keeps what is wrong from the next step, and is taken back. */
async function lookAtFailover(window: ConsoleWindow): Promise<void> {
  const { page } = window;
  const dialog = page.getByRole('dialog');
  const next = dialog.getByRole('button', { name: 'Next' });
  const now = dialog.getByLabel('Say now what the target does when the source is gone');
  await now.check();
  await dialog.getByText('The target watches the source and calls for somebody').waitFor();
  await dialog.getByText('Only the data is made ready').waitFor();
  await dialog.getByLabel('Addresses that move to the target').fill('192.0.2.10');
  expect(await next.isDisabled(), 'with an address that is none').toBe(true);
  await dialog.getByLabel('Addresses that move to the target').fill('192.0.2.10/24@eth0');
  await dialog.getByText('One address moves to the target').waitFor();
  expect(await next.isDisabled(), 'with one that is').toBe(false);
  expect(await window.faults(), 'faults of the wizard with a failover').toEqual([]);
  await now.scrollIntoViewIfNeeded();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await window.picture(`protect-failover-${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await now.uncheck();
}

export async function protectBy(window: ConsoleWindow, folders: Folders): Promise<void> {
  const { page } = window;
  const dialog = page.getByRole('dialog');
  await createBy(window, folders, lookAtFailover);
  await dialog.getByText('files is protected.').waitFor({ timeout: 60_000 });
  await dialog.getByRole('button', { name: 'Open the job' }).click();
}

/** Through the wizard until the job is created, and its first copy can be watched there. */
export async function createBy(
  window: ConsoleWindow,
  { source, to }: Folders,
  look: (window: ConsoleWindow) => Promise<void> = async () => undefined,
): Promise<void> {
  const { page } = window;
  await page.getByRole('button', { name: 'Protect…' }).first().click();
  const dialog = page.getByRole('dialog');
  const next = dialog.getByRole('button', { name: 'Next' });
  await dialog.getByRole('radio', { name: /^alpha/ }).check();
  await next.click();
  await choose(window, source);
  await next.click();
  await dialog.getByRole('radio', { name: /^beta/ }).check();
  await dialog.getByLabel('Replica beneath this folder').fill(to);
  await next.click();
  await look(window);
  await next.click();
  await dialog.locator('[data-check="definition"][data-state="ok"]').waitFor();
  await dialog.getByRole('button', { name: 'Create and start' }).click();
}

/** pages: forms of the console, as a person writes in them: the failover section of a job, a setting of an agent. */
import { expect } from 'vitest';
import type { ConsoleWindow } from '../bootstrap/index.ts';
import { open, openEdit, openJob } from './console.ts';

const choose = async ({ page }: ConsoleWindow, label: string, option: string): Promise<void> => {
  await page.getByRole('dialog').getByLabel(label, { exact: true }).first().click();
  await page.getByRole('option', { name: option, exact: true }).click();
};

async function writeDnsAndLimits(window: ConsoleWindow): Promise<void> {
  const sheet = window.page.getByRole('dialog');
  await sheet.getByLabel('DNS records change at a failover').check();
  await sheet.getByLabel('Name server').fill('192.0.2.53');
  await sheet.getByLabel('Zone').fill('example.org');
  await sheet.getByLabel('Records that point at the target then').fill('db.example.org A');
  await sheet.getByText('“db.example.org A” is no record').waitFor();
  expect(await sheet.getByRole('button', { name: 'Save' }).isDisabled(), 'half a record cannot be saved').toBe(true);
  await sheet.getByLabel('Records that point at the target then').fill('db.example.org A 192.0.2.20 back 192.0.2.10');
  await sheet.getByLabel('Age, such as 24h or 30d').fill('36h');
  await sheet.getByLabel('Size, such as 10G').fill('much');
  await sheet.getByText('“much” is no size').waitFor();
  await sheet.getByLabel('Size, such as 10G').fill('2G');
  await sheet.getByText('“much” is no size').waitFor({ state: 'detached' });
  await sheet.getByLabel('Zone').scrollIntoViewIfNeeded();
  expect(await window.faults(), 'faults of the sheet with a DNS update').toEqual([]);
  for (const colorScheme of ['light', 'dark'] as const) {
    await window.page.emulateMedia({ colorScheme });
    await window.picture(`edit-dns-${colorScheme}`);
  }
}

/** Everything of it, with what is refused on the way; then it is saved. */
export async function editFailover(window: ConsoleWindow, script: string): Promise<void> {
  const { page } = window;
  await openJob(window);
  await openEdit(window);
  const sheet = page.getByRole('dialog');
  const save = sheet.getByRole('button', { name: 'Save' });
  await choose(window, 'Files in the replica that never came from the source', 'are put aside');
  await sheet.getByLabel('Only those that were last changed longer ago than').fill('7');

  await sheet.getByLabel('The target watches whether the source is there').check();
  await sheet.getByLabel('TCP ports').fill('ssh');
  await sheet.getByText('“ssh” is no port').waitFor();
  expect(await save.isDisabled(), 'what is wrong cannot be saved').toBe(true);
  await sheet.getByLabel('TCP ports').fill('22, 5432');
  await sheet.getByLabel('Gone after, seconds').fill('30');
  await choose(window, 'Failover', 'by itself when the source has failed');
  await sheet.getByText(/^an automatic failover needs a witness/i).waitFor();
  await sheet.getByText(/^an automatic failover needs a witness/i).scrollIntoViewIfNeeded();
  expect(await window.faults(), 'faults of the sheet with a failover that will not do').toEqual([]);
  await window.picture('edit-failover-wrong');
  await choose(window, 'Failover', 'when a person says so');
  await sheet.getByLabel('Addresses that move to the target').fill('192.0.2.10/24@lo');
  await sheet.getByLabel('Services that are started on the target').fill('nginx.service');
  await sheet.getByLabel('Before a failover').fill(`${script} now "it is time"`);
  await writeDnsAndLimits(window);
  await sheet.getByLabel('Try a failover by itself').fill('0 4 * * *');
  await sheet.getByLabel('Before a failover').scrollIntoViewIfNeeded();
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await window.picture(`edit-failover-${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await save.click();
  await sheet.getByText('Saved.').waitFor();
  await page.keyboard.press('Escape');
}

/** On the server's page: what will not do is refused by the agent, what does is written into its file and holds from the next start on. */
export async function changeSetting(window: ConsoleWindow): Promise<void> {
  const { page } = window;
  await open('Servers')(window);
  await page.getByRole('button', { name: 'beta', exact: true }).click();
  const line = page.locator('[data-setting="queue.memory"]');
  await line.getByText('128 MiB').first().waitFor();
  await line.getByRole('button', { name: 'Change queue.memory' }).click();
  await line.getByLabel('queue.memory', { exact: true }).fill('much');
  await line.getByRole('button', { name: 'Write it' }).click();
  await line.getByText(/`queue\.memory` is "much"; right would be a size between/).waitFor();
  await line.getByLabel('queue.memory', { exact: true }).fill('64 MiB');
  await line.scrollIntoViewIfNeeded();
  expect(await window.faults(), 'faults of the server’s settings').toEqual([]);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await window.picture(`server-settings-${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await line.getByRole('button', { name: 'Write it' }).click();
  await line.getByText('from the next start on: 64 MiB').waitFor();
}

/** pages: events of the console, as a person reads them. In: a window in which they are. Out: what could be read, and how much room it took. */
import { expect } from 'vitest';
import { type ConsoleWindow, until } from '../bootstrap/index.ts';

/** In both themes; what axe finds is a fault of the test. */
export async function pictures(window: ConsoleWindow, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await window.page.emulateMedia({ colorScheme });
    await window.page.locator(`html[data-mantine-color-scheme="${colorScheme}"]`).waitFor();
    await window.picture(`${name}-${colorScheme}`);
  }
  expect(await window.faults(), `faults of ${name}`).toEqual([]);
}

/** A sentence without end has two lines, and all of it on demand, within bounds: the jobs above stay where they are. */
export async function readsEndless(window: ConsoleWindow): Promise<void> {
  const { page } = window;
  const list = page.getByRole('region', { name: 'Last events' });
  const heightOf = async (): Promise<number> => (await list.boundingBox())?.height ?? Number.NaN;
  const [whole, less] = ['Read all of it', 'Show less'].map((name) => list.getByRole('button', { name }));
  await whole?.first().waitFor();
  const short = await heightOf();
  // Six events, each of two lines and a button; the sentence alone would have forty lines.
  expect(short, 'the list with a sentence without end').toBeLessThan(400);
  await pictures(window, 'bad-endless');
  await whole?.first().click();
  await less?.waitFor();
  expect(await window.faults(), 'faults of a sentence that is read').toEqual([]);
  await pictures(window, 'bad-endless-read');
  expect(await heightOf(), 'the list while it is read').toBeLessThan(short + 132);
  await less?.click();
  await until('it has two lines again', async () => (await heightOf()) === short);
}

/** On the screen of events, where each has a line: the last of them as a whole. */
export async function readsOldest(window: ConsoleWindow, where: string): Promise<void> {
  const { page } = window;
  await page.getByRole('table').getByRole('button').last().click();
  await page.getByRole('dialog').getByText(where).waitFor();
  expect(await window.faults(), 'faults of an event as a whole').toEqual([]);
  await window.picture('bad-hostile-event');
  await page.keyboard.press('Escape');
}

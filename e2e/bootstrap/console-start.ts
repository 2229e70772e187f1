/**
 * How long a console takes from the start of its process until its page shows what it is for. In: a stage. Out: milliseconds. Who drives a
 * window through Electron holds its start up until he is there; here it is only looked at, as a packaged console is.
 */
import { readFileSync } from 'node:fs';
import type { Bootstrap } from './bootstrap.ts';
import { APPLICATION, program } from './console-window.ts';
import { openDisplay } from './display.ts';
import { PackagedConsole } from './packaged-console.ts';
import { until } from './until.ts';

const TICKS_PER_SECOND = 100;

export async function firstPaintMs(stage: Bootstrap, memory = 'config'): Promise<number> {
  const display = await openDisplay(stage.env);
  try {
    const env = { ...stage.env, DISPLAY: display.name, XDG_CONFIG_HOME: stage.folder(memory), LANG: 'en_GB.UTF-8' };
    const command = [program() ?? 'electron', APPLICATION, '--no-sandbox'];
    const started = await PackagedConsole.start(command, env, isThere);
    const began = beginningOf(started.pid);
    const shown = await until('the page is shown', async () =>
      started.page.evaluate<number | false>(`(() => {
        const [mark] = performance.getEntriesByName('shown');
        return mark !== undefined && performance.timeOrigin + mark.startTime;
      })()`),
    );
    await started.close();
    return shown - began;
  } finally {
    await display.close();
  }
}

/** A page that is taken hold of before it is there waits for who does so: it has a title of its own once it knows what it shows. */
const isThere = (address: string): Promise<true> =>
  until('the console shows its page', async () => {
    const listed = await fetch(`http://${new URL(address).host}/json/list`);
    const pages = (await listed.json()) as readonly { readonly title: string }[];
    return pages.some(({ title }) => title.endsWith(' – Understudy'));
  });

/** When the kernel began it, ms since 1970. */
function beginningOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  const [up = ''] = readFileSync('/proc/uptime', 'latin1').split(' ');
  return Date.now() - Number(up) * 1000 + (ticks / TICKS_PER_SECOND) * 1000;
}

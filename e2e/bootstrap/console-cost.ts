/** What a console costs: processor time and memory of all its processes. In: its main process. Out: figures of the kernel. */
import { readFileSync } from 'node:fs';
import { childrenOf, residentMiB } from './processes.ts';

const TICKS_PER_SECOND = 100;

function familyOf(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(familyOf)];
}

/** Of a process that has ended meanwhile: nothing. */
function ticksOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return 0;
  }
}

function isOfType(pid: number, type: string): boolean {
  return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(`--type=${type}`);
}

export interface ConsoleCost {
  /** Processor seconds so far, of all processes; of the main one; of the page's; of the one that puts the picture together, mostly a card's work. */
  readonly seconds: number;
  readonly mainSeconds: number;
  readonly pageSeconds: number;
  readonly pictureSeconds: number;
  readonly mainMiB: number;
  readonly pageMiB: number;
}

export function costOf(main: number): ConsoleCost {
  const family = familyOf(main);
  const page = family.find((pid) => isOfType(pid, 'renderer'));
  if (page === undefined) throw new Error(`no page among the processes of ${main}`);
  const seconds = (pids: readonly number[]): number =>
    pids.reduce((sum, pid) => sum + ticksOf(pid), 0) / TICKS_PER_SECOND;
  return {
    seconds: seconds(family),
    mainSeconds: seconds([main]),
    pageSeconds: seconds([page]),
    pictureSeconds: seconds(family.filter((pid) => isOfType(pid, 'gpu-process'))),
    mainMiB: residentMiB(main),
    pageMiB: residentMiB(page),
  };
}

/** The sentence at the end of a mirror or a repair: what was done, and what became of orphans. */
import { brand, printable, type RawName } from '@understudy/base';
import { fromBase64 } from '../../base64.ts';
import type { Mirror } from './mirror.ts';

export function endOfMirror({ repairing, progress, replies, plan }: Mirror) {
  const what = repairing ? 'repair' : 'mirror';
  const { filesDone, bytesSent } = progress;
  const { left, moved, deleted, outside } = replies.orphans;
  const parts = [
    left === 0 ? '' : ` ${counted(left)} on the target ${are(left)} not on the source and ${were(left)} left alone.`,
    moved === 0
      ? ''
      : ` ${counted(moved)} on the target ${are(moved)} not on the source and ${were(moved)} moved aside; the target's events say where to.`,
    deleted === 0
      ? ''
      : ` ${counted(deleted)} on the target ${are(deleted)} not on the source and ${were(deleted)} deleted, as the job says.`,
    outside === 0 ? '' : outsideSentence(outside, replies.outside),
  ];
  const younger =
    left > 0 && plan.orphans !== 'report' && plan.orphansOlderThanMs > 0
      ? ' Those left are too young to be touched.'
      : '';
  return {
    code: `${what}-ended`,
    severity: 'information',
    sentence: `The ${what} ended: ${grouped(filesDone)} ${filesDone === 1 ? 'file' : 'files'} handled, ${grouped(bytesSent)} bytes sent.${parts.join('')}${younger}`,
  } as const;
}

/** Paths beneath the protected directory they lie in. */
function outsideSentence(count: number, examples: Mirror['replies']['outside']): string {
  const shown = examples.map(({ path }) => printable(fromBase64(path) ?? brand<RawName>(''))).join(', ');
  const more = count > examples.length ? ` and ${grouped(count - examples.length)} more` : '';
  return ` ${counted(count)} on the target ${are(count)} outside the rules now and ${were(count)} left in place: ${shown}${more}.`;
}

const grouped = (n: number): string => n.toLocaleString('en-US');
const counted = (n: number): string => (n === 1 ? '1 name' : `${grouped(n)} names`);
const are = (n: number): string => (n === 1 ? 'is' : 'are');
const were = (n: number): string => (n === 1 ? 'was' : 'were');

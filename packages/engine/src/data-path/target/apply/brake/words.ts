/** What people are told when the brake holds, and what becomes of it. */
import { printable, type RawName } from '@understudy/base';
import { type BrakeSettings, LOSSES, type Trip } from './detector.ts';
import type { Beginning } from './generations.ts';

const SHOWN = 40;
const MOST_LOST = 5;

const shown = (path: RawName): string => {
  const text = printable(path);
  return `«${text.length > SHOWN ? `…${text.slice(1 - SHOWN)}` : text}»`;
};

export const timeOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** At most 512 characters: it goes into a condition. */
export function heldSentence(trip: Trip, settings: BrakeSettings, to: Beginning | null, whole: boolean): string {
  const counts = LOSSES.filter((loss) => trip.counts[loss] > 0).map((loss) => `${trip.counts[loss]} ${loss}`);
  const examples = trip.examples.slice(0, 3).map(shown).join(', ');
  const what =
    trip.code === 'root-emptied'
      ? `the protected root was emptied (${trip.files} files)`
      : `${trip.files} old files lost their content within ${settings.windowMs / 1000} s`;
  const back =
    to === null
      ? 'stops here: what was lost is not kept aside'
      : `takes the replica back to position ${to.position} (${timeOf(to.sourceMs)}) and stops there${whole ? '' : '; what came before is not kept any more'}`;
  return (
    `The brake holds: on the source ${what} (${counts.join(', ')}; ${examples}). Nothing more is applied, capture goes on. ` +
    `\`brake --go-on\` applies it; \`brake --halt-here\` ${back}.`
  ).slice(0, 512);
}

const ANEW = '`job start` begins anew with a mirror, which makes it what the source is then.';

function exceptions(lost: readonly string[]): string {
  if (lost.length === 0) return '';
  const names = lost.slice(0, MOST_LOST).map((path) => shown(path as RawName));
  return ` Except ${lost.length} of which not all was kept, or could be put back: ${names.join(', ')}.`;
}

export function haltedSentence(position: number, sourceMs: number, lost: readonly string[]): string {
  const what = `it is the source as it was at ${timeOf(sourceMs)} (position ${position}).${exceptions(lost)}`;
  return `The replica was halted by hand: ${what} ${ANEW}`.slice(0, 512);
}

type Moment = Pick<Beginning, 'position' | 'sourceMs'>;

export function rewoundSentence({ position, sourceMs }: Moment, lost: readonly string[]): string {
  const what = `it is the source as it was at ${timeOf(sourceMs)} (position ${position}).${exceptions(lost)}`;
  return `The replica was taken back to a moment that was asked for: ${what} Nothing more is applied to it.`.slice(
    0,
    512,
  );
}

/** The way back was lost half way. */
export function unreachableSentence({ sourceMs }: Moment): string {
  return (
    `The replica was being taken back to ${timeOf(sourceMs)} when what was kept for it was lost or damaged: it is the source at no moment now. ` +
    ANEW
  ).slice(0, 512);
}

/**
 * SRM3 in a run: the source's machine loses its power again and again. In: a run whose source has power cuts. Out: times in which all comes
 * to rest, syncs, moments that the disk may hold, cuts; from each on the source rules.
 */
import { turn } from './cranking.ts';
import { changed, pairsOf, type Run, say } from './run.ts';
import { SourcePower } from './source-power.ts';
import { resumeRecording } from './trouble.ts';

const SYNC = 0.05;
const SYNC_WHEN_QUIET = 0.7;
const REMEMBER = 0.1;
/** Most of a machine's life is quiet, and only what has come to rest is let go of by the activity log. */
const LULL = 0.02;
const LULL_TURNS = 40;
const AFTER_CUT_TURNS = 60;
const LULL_TURN_MS = 100;

/** What was there before the jobs began is on the disk. */
export function beginPower(run: Run): void {
  const { pair, world, chances, watcher } = run;
  if ((world.sourceCuts ?? 0) > 0) run.power = new SourcePower(pair, chances.cuts, () => watcher.now);
}

export async function stepPower(run: Run): Promise<void> {
  const { pair, power, world } = run;
  const { cuts: random } = run.chances;
  if (power === null) return;
  const isQuiet = random.chance(LULL);
  if (isQuiet) lull(run, random.below(LULL_TURNS));
  if (random.chance(isQuiet ? SYNC_WHEN_QUIET : SYNC)) pair.asSource(() => power.sync());
  if (random.chance(REMEMBER)) power.remember();
  if (random.chance(world.sourceCuts ?? 0)) await cutPower(run, power);
}

/** Of what the source had not synced some is gone, and the target may have it. */
async function cutPower(run: Run, power: SourcePower): Promise<void> {
  const { pair, watcher, beside, chances } = run;
  // Whatever was executed is in the activity log.
  resumeRecording(run);
  const moment = await power.cut();
  say(run, `the source loses power, and is back at ${moment} of ${watcher.now}`);
  run.handPaused = false;
  run.spoil(pair);
  watcher.wentBack(moment);
  beside?.watcher.wentBack(moment);
  changed(run);
  // Now and then the next trouble comes before the regions of this one have been looked at.
  if (chances.cuts.chance(0.5)) lull(run, AFTER_CUT_TURNS);
}

function lull(run: Run, turns: number): void {
  const { pair, watcher } = run;
  for (let i = turns; i > 0 && run.failures.length === 0; i -= 1) {
    for (const each of pairsOf(run)) turn(each);
    pair.advance(LULL_TURN_MS);
    if (!run.planting) watcher.look();
  }
}

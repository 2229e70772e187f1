/**
 * SAFE4 in a run: storms that a brake is for, and the person who decides when it holds. In: a run whose target has a brake. Out: the replica
 * taken back and held against what it was, or the stream going on.
 */
import type { Word } from './pair.ts';
import { changed, type Run, say } from './run.ts';

/** How likely a person decides at a step at which the brake holds. */
const DECIDES = 0.1;
const HALTS = 0.5;
/** Or, without one that holds, wants the replica as it was at some moment. */
const REWINDS = 0.005;
/** A storm at a step. */
const STORM = 0.02;

export async function stepBrake(run: Run): Promise<void> {
  const { pair, chances, work, world } = run;
  if (world.brake == null) return;
  const random = chances.brake;
  if (random.chance(STORM)) work.storm(random, () => changed(run));
  if (random.chance(0.05) && !pair.target.keepHouse()) pair.cut();
  if (isHeld(run)) {
    if (random.chance(DECIDES)) await decide(run, random.chance(HALTS) ? 'halt-here' : 'go-on');
    return;
  }
  const point = random.chance(REWINDS) && !pair.sourceDied ? random.pick(pair.target.points) : undefined;
  if (point !== undefined) await decide(run, point);
}

/** There is somebody who has to decide, and could be told. */
function isHeld({ pair }: Run): boolean {
  const phase = pair.target.brake?.phase;
  return !pair.sourceDied && (phase === 'held' || phase === 'rolling-back');
}

async function decide(run: Run, word: Word): Promise<void> {
  const { pair, failures, watcher } = run;
  // What is being taken back is taken back to its end.
  const meant = pair.target.brake?.phase === 'rolling-back' ? 'halt-here' : word;
  say(run, typeof meant === 'string' ? `the brake holds: ${meant}` : `taken back to the moment ${meant.number}`);
  const { wrong, halted } = await pair.decide(meant);
  if (wrong !== null) failures.push(wrong);
  if (!halted) return;
  watcher.takenBack();
  run.handPaused = false;
  run.spoil(pair);
}

/** At the end of a run nothing may stay held. */
export async function letGo(run: Run): Promise<void> {
  if (isHeld(run)) await decide(run, 'go-on');
}

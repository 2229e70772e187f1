/** One turn of everything that a pair is made of, for whoever waits for it to come to rest. In: a pair. Out: all that was under way arrived. */
import type { Pair } from './pair.ts';

export function turn(pair: Pair, disk = true): void {
  pair.pumpSource();
  pair.connect();
  if (disk) pair.targetDisk(true, true);
  while (pair.deliver('target')) pair.applySome(64);
  pair.applySome(64);
  while (pair.deliver('source')) pair.pumpSource();
}

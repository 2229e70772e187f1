/**
 * Asked for before anything else of the page has run: the answer is on its way while the rest is still being read. In: nothing. Out: the
 * snapshot, and batches that came meanwhile. Only the page's beginning may import it.
 */
import type { Batch, Snapshot } from '../shared/view.ts';
import { invoke, onBatches } from './bridge.ts';

const early: Batch[] = [];
let take = (batch: Batch): void => void early.push(batch);
onBatches((batch) => take(batch));

export const asked: Promise<Snapshot> = invoke('open', {});

/** From now on batches go to `listener`; those that came before go there first. */
export function takeBatches(listener: (batch: Batch) => void): void {
  take = listener;
  for (const batch of early.splice(0)) listener(batch);
}

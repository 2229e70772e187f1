/**
 * What must hold at every moment, not only at rest. In: a pair, after each of its steps. Out: failures as sentences.
 * [promise] while a job says `protected` and the target has given nothing up, the replica is a past of the source, and never an older
 * one than before; a flush that has settled means a past not older than its call; the recovery point claims no time that the replica has
 * not come to; [SRM3] what the source has lost in a power cut is none of its pasts;
 * [SRM2] while something is dirty, what is not is a past of the source.
 */
import { History } from './history.ts';
import { imageDifferences } from './image.ts';
import { OutsideDirty } from './outside-dirty.ts';
import type { Pair } from './pair.ts';
import { imageWhere } from './rule-edits.ts';

export class Watcher {
  readonly failures: string[];
  /** How often a replica was held against the source's pasts. */
  compared = 0;
  /** How often something was dirty, and the rest was looked at. */
  outside = 0;
  readonly #pair: Pair;
  readonly #history = new History();
  readonly #outside: OutsideDirty;
  /** The replica is known to be at least this new. */
  #least = 0;
  /** When each of the source's pasts began; Infinity: the call had not been recorded yet, so that it counts as one that goes on. */
  readonly #times: number[] = [];

  constructor(pair: Pair, failures: string[] = []) {
    this.#pair = pair;
    this.#outside = new OutsideDirty(pair);
    this.failures = failures;
  }

  /** The source's machine had no power, and has lost what came behind `moment`: nothing of that may the replica show as a past. */
  wentBack(moment: number): void {
    this.#history.loseAfter(moment);
    this.#times.fill(Number.POSITIVE_INFINITY, moment + 1);
    this.#least = Math.min(this.#least, moment);
  }

  /** Of other rules it has no past yet. */
  rulesEdited(): void {
    this.#history.loseAfter(-1);
    this.#least = this.#history.now + 1;
  }

  /** By a person's word the replica went back to a past. */
  takenBack(): void {
    this.#least = 0;
  }

  get now(): number {
    return this.#history.now;
  }

  /** An application's call has been executed. */
  changed(): void {
    this.#outside.changed();
    this.#history.add(this.#pair.sourceImage());
    const { interceptor } = this.#pair.source;
    const recorded = interceptor.passed(interceptor.barrier()) && !interceptor.deaf;
    this.#times.push(recorded ? this.#pair.nowMs : Number.POSITIVE_INFINITY);
  }

  /** The whole promise; where nothing is promised now, nothing is looked at. */
  look(): void {
    const { pair } = this.#promising();
    if (pair === null) {
      this.#lookAtClaims();
      this.#lookOutsideDirty();
      return;
    }
    const image = this.#image();
    const index = this.#pastOf(image, 'the replica is none of the source’s pasts');
    if (index === null) return;
    this.#checkRecoveryPoint(index);
    const since = this.#history.oldestFrom(image, this.#least);
    if (since === null) this.failures.push(`the replica went back to ${index}; it has been at ${this.#least}`);
    else this.#least = since;
  }

  /** Everything done before call number `index` must be on the target now. */
  flushed(index: number): void {
    const { pair } = this.#promising();
    if (pair === null) return;
    const newest = this.#pastOf(this.#image(), 'after a flush the replica is none of the source’s pasts');
    if (newest !== null && newest < index)
      this.failures.push(`a flush settled at ${newest}; it was called at ${index}`);
  }

  /** [SRM2] What is not dirty is a past of the source also while something is. */
  #lookOutsideDirty(): void {
    const pair = this.#pair;
    const { host, interceptor } = pair.source;
    // Whoever has just begun again knows what is in the ring still only when it has heard it.
    if (pair.sourceDied || !host.caughtUp || interceptor.deaf || pair.hasLostRemovals || !pair.target.settled) return;
    const some = this.#outside.restriction();
    if (some === null) return;
    this.outside += 1;
    const image = imageWhere(pair, (one) => this.#history.hasWithin(one, some));
    if (this.#history.hasWithin(image, some)) return;
    const closest = this.#history.closest(image);
    const differs = imageDifferences(some(closest.image), some(image));
    this.failures.push(`outside of the dirty map the replica is none of the source’s pasts; ${differs.join('; ')}`);
  }

  /** Also while nothing is promised the recovery point must not claim what the replica, where it shows a past, has not come to. */
  #lookAtClaims(): void {
    const { linked, sourceDied, hasLostRemovals, target, source } = this.#pair;
    if (!linked || sourceDied || hasLostRemovals || source.interceptor.deaf || !target.settled) return;
    const index = this.#history.newest(this.#image());
    if (index !== null) this.#checkRecoveryPoint(index);
  }

  /** `index`: the newest past that the replica shows. */
  #checkRecoveryPoint(index: number): void {
    const exact = this.#pair.source.job.recovery.timeMs;
    if (exact === null) return;
    // The run's clock ticks in whole milliseconds; on its way through a record a time gains or loses a little.
    const timeMs = Math.round(exact);
    const claimed = this.#times.findLastIndex((time) => time < timeMs);
    if (claimed > index) this.failures.push(`the recovery point claims ${claimed}, and the replica is at ${index}`);
  }

  #image(): readonly string[] {
    return imageWhere(this.#pair, (image) => this.#history.newest(image) !== null);
  }

  #promising(): { readonly pair: Pair | null } {
    const pair = this.#pair;
    // While nothing is recorded and nobody can know it yet, nothing can be promised.
    if (pair.hasLostRemovals || pair.source.interceptor.deaf || !pair.target.settled) return { pair: null };
    return { pair: pair.state() === 'protected' ? pair : null };
  }

  #pastOf(image: readonly string[], what: string): number | null {
    this.compared += 1;
    const newest = this.#history.newest(image);
    if (newest !== null) return newest;
    const closest = this.#history.closest(image);
    this.failures.push(`${what}; nearest is ${closest.index}: ${imageDifferences(closest.image, image).join('; ')}`);
    return null;
  }
}

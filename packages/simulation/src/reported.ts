/** Names on the target that are not the set's, as mirrors have reported them. In: a target's replies. Out: whether a name is one of them. */
import type { Reply } from '@understudy/wire';

/** Times of the replica's own clock lie beyond it. */
const TARGET_TIMES = 3_999_999_999;

export class Reported {
  /** Root and path, of names that the source does not have. */
  readonly orphans = new Set<string>();
  /** Of names that rules of before took in. */
  readonly #outside = new Set<string>();
  #editedAt = 0;

  note(replies: readonly Reply[]): void {
    for (const reply of replies) {
      if (reply.kind !== 'orphan' || (reply.fate === 'outside' && reply.at < this.#editedAt)) continue;
      const names = reply.fate === 'outside' ? this.#outside : this.orphans;
      names.add(`${reply.root}/${Buffer.from(reply.path, 'base64').toString()}`);
    }
  }

  /** What is outside the rules of now a mirror says from this position on. */
  rulesEdited(next: number): void {
    this.#outside.clear();
    this.#editedAt = next;
  }

  /** A greeting has said where the source numbers on: an agent that had begun again may have been ahead of itself at the edit. */
  numbersFrom(next: number): void {
    this.#editedAt = Math.min(this.#editedAt, next);
  }

  /** An agent was killed between making a file and noting whose it is: it bears a time of the target's own. */
  isStray(name: string, mtimeSec: number): boolean {
    return mtimeSec > TARGET_TIMES && this.orphans.has(name);
  }

  isOutside(name: string): boolean {
    return this.#outside.has(name);
  }
}

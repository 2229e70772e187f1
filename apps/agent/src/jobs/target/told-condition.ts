/**
 * What a source has been told of its target's condition. In: how it is, and links. Out: a frame where something is otherwise than was told.
 * Promise: nothing is told twice, but to a link that is new.
 */

import { sameCondition, type TargetPath } from '@understudy/engine';
import { type Condition, FrameType, type Opened } from '@understudy/wire';
import type { ReplicationLink } from '../../ports/replication-link/replication-link.ts';

export interface ToldParts {
  readonly path: () => Pick<TargetPath, 'condition' | 'queue'>;
  /** TRM3: others could write into the replica, and it has not been compared since. */
  readonly opened: () => Opened | null;
  /** It is another than it was. */
  readonly changed: (condition: Condition) => void;
}

export class ToldCondition {
  readonly #parts: ToldParts;
  #condition: Condition = { state: 'ok', code: '', sentence: '' };
  #queue = '';
  #openedAt: number | null = null;

  constructor(parts: ToldParts) {
    this.#parts = parts;
  }

  get code(): string {
    return this.#condition.code;
  }

  /** What waits is told when it is asked for, and with anything else. */
  tell(link: ReplicationLink | null, why: 'changed' | 'queue' | 'greeted' = 'changed'): void {
    const { condition, queue } = this.#parts.path();
    const opened = this.#parts.opened();
    const openedAt = opened?.at ?? null;
    const said = JSON.stringify(queue);
    const same = sameCondition(condition, this.#condition);
    const quiet = same && openedAt === this.#openedAt && !(why === 'queue' && said !== this.#queue);
    if (quiet && why !== 'greeted') return;
    this.#condition = condition;
    this.#openedAt = openedAt;
    if (!same) this.#parts.changed(condition);
    this.#queue = said;
    link?.sendJson(FrameType.condition, { ...condition, queue, ...(opened === null ? {} : { opened }) });
  }
}

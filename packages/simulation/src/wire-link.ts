/**
 * The wire between two simulated agents. In: messages from either end. Out: the same at the other, later; whether the sender knows that
 * they arrived is the protocol's affair. What carries a number of its own may be lost, doubled and overtaken (worse than TCP, for the
 * protocol claims to bear it); answers come in order or not at all, as a stream guarantees. All is lost when the link breaks, and a link
 * that is half open takes what is sent and delivers none of it.
 */
import type { LoggedPacket } from '@understudy/engine';
import type { Condition, Position, Reply } from '@understudy/wire';
import type { SeededRandom } from './random.ts';

export type ToTarget =
  | { readonly kind: 'operations'; readonly packet: LoggedPacket; readonly epoch: number }
  | { readonly kind: 'confirm'; readonly applied: Position };
export type ToSource =
  | { readonly kind: 'acknowledge'; readonly received: Position; readonly applied: Position }
  | { readonly kind: 'resend'; readonly from: Position }
  | { readonly kind: 'replies'; readonly replies: readonly Reply[] }
  | { readonly kind: 'condition'; readonly condition: Condition }
  | { readonly kind: 'pause'; readonly paused: boolean };

/** How bad a wire is. */
export interface WireTrouble {
  readonly random: SeededRandom;
  /** For each frame that may suffer. */
  readonly chance: number;
}

type Fate = 'lost' | 'doubled' | 'overtakes';

export class Direction<M extends { readonly kind: string }> {
  readonly #waiting: M[] = [];
  readonly #trouble: WireTrouble | null;
  readonly #may: Partial<Record<M['kind'], readonly Fate[]>>;
  /** Nothing that is sent arrives any more. */
  silent = false;

  constructor(trouble: WireTrouble | null, may: Partial<Record<M['kind'], readonly Fate[]>>) {
    this.#trouble = trouble;
    this.#may = may;
  }

  push(message: M): void {
    if (this.silent) return;
    const fate = this.#fateOf(message);
    if (fate === 'lost') return;
    const before = this.#waiting.at(-1);
    if (fate === 'overtakes' && before?.kind === message.kind) this.#waiting.splice(-1, 0, message);
    else this.#waiting.push(message);
    if (fate === 'doubled') this.#waiting.push(message);
  }

  shift(): M | undefined {
    return this.silent ? undefined : this.#waiting.shift();
  }

  #fateOf(message: M): Fate | null {
    const may = this.#may[message.kind as M['kind']];
    if (this.#trouble === null || may === undefined) return null;
    const { random, chance } = this.#trouble;
    return random.chance(chance) ? (random.pick(may) ?? null) : null;
  }
}

export class WireLink {
  readonly toTarget: Direction<ToTarget>;
  readonly toSource: Direction<ToSource>;

  constructor(trouble: WireTrouble | null = null) {
    const all: readonly Fate[] = ['lost', 'doubled', 'overtakes'];
    this.toTarget = new Direction(trouble, { operations: all, confirm: all });
    // An acknowledgement must not come before the answers that belong to it.
    this.toSource = new Direction(trouble, { acknowledge: ['lost', 'doubled'], resend: ['lost', 'doubled'] });
  }

  /** A router or a firewall on the way has forgotten the link: one direction is dead, or both. */
  breakSilently(direction: 'toTarget' | 'toSource' | 'both'): void {
    if (direction !== 'toSource') this.toTarget.silent = true;
    if (direction !== 'toTarget') this.toSource.silent = true;
  }

  get halfOpen(): boolean {
    return this.toTarget.silent || this.toSource.silent;
  }
}

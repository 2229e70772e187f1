/**
 * One server of the pair: its agent, which holds the lease or takes the other's over, and its fsid. In: answers of the witness, orders,
 * stops, deaths. Out: calls answered. The machines are the engine's; here is only what the agent does with them.
 */
import { EpochTaker, HeldLease, LeaseHolder, leaseTerms, ObservedLease } from '@understudy/engine';
import type { SeededRandom } from '../random.ts';
import type { Checker } from './checker.ts';
import { Clock } from './clock.ts';
import type { Fault } from './faults.ts';
import { Fsid } from './fsid.ts';
import { Process } from './process.ts';
import type { Timeline } from './timeline.ts';
import type { Witness } from './witness.ts';

export interface ServerParts {
  readonly name: string;
  readonly leaseMs: number;
  readonly timeline: Timeline;
  readonly random: SeededRandom;
  readonly witness: Witness;
  readonly checker: Checker;
  readonly fault: Fault | null;
  readonly rate: number;
}

export class Server {
  readonly clock: Clock;
  readonly agent: Process;
  readonly calls: Process;
  readonly #parts: ServerParts;
  readonly #fsid: Fsid;
  /** What its disk keeps. */
  #stored: { epoch: number; writes: boolean; known: boolean };
  #holder: LeaseHolder | null = null;
  /** Of the planted `from-answer`. */
  #wrong = new HeldLease();
  #taking = false;

  constructor(parts: ServerParts, first: boolean) {
    this.#parts = parts;
    const { timeline, rate, random, checker, name, fault } = parts;
    this.clock = new Clock(timeline, rate);
    this.agent = new Process(timeline);
    this.calls = new Process(timeline);
    const nowMs = () => timeline.nowMs;
    this.#fsid = new Fsid({ name, process: this.calls, clock: this.clock, random, checker, nowMs, fault });
    this.#stored = { epoch: 1, writes: first, known: false };
    this.#begin();
  }

  get name(): string {
    return this.#parts.name;
  }

  get writes(): boolean {
    return this.#stored.writes;
  }

  /** All of it ends and begins anew. */
  reboot(): void {
    this.agent.kill();
    this.calls.kill();
    this.clock.boot();
    this.#begin();
  }

  /** The agent alone: the gates stand as they were set. */
  restartAgent(): void {
    this.agent.kill();
    this.#serve();
  }

  /** By a person's order, or because the monitor says that the other is gone. */
  takeOver(automatic: boolean): void {
    if (this.#stored.writes || this.#taking) return;
    this.#taking = true;
    const epoch = Math.max(this.#stored.epoch, this.#parts.witness.kept?.record.epoch ?? 0) + 1;
    const observed = new ObservedLease();
    const taker = new EpochTaker({ ...this.#me(epoch), automatic, observed });
    this.agent.after(1, () => this.#take(taker, epoch));
  }

  #begin(): void {
    this.#taking = false;
    this.#fsid.speaksFor(this.#stored.epoch);
    this.#fsid.boot(!this.#stored.writes);
    this.#serve();
  }

  #serve(): void {
    this.#taking = false;
    this.#holder = null;
    if (!this.#stored.writes) return;
    const { epoch, known } = this.#stored;
    this.#holder = new LeaseHolder({ ...this.#me(epoch), known });
    this.#wrong = new HeldLease();
    this.agent.after(1, () => this.#renew());
  }

  #me(epoch: number) {
    return { epoch, holder: this.#parts.name, leaseMs: this.#parts.leaseMs };
  }

  #renew(): void {
    const holder = this.#holder;
    if (holder === null) return;
    const ask = holder.ask(this.clock.bootMs());
    this.#parts.witness.ask(this.#parts.name, ask, (answer) =>
      this.agent.after(0, () => {
        if (this.#holder !== holder) return;
        const before = holder.untilMs;
        holder.answered(ask, answer, this.clock.bootMs());
        this.#confirmed(holder, before);
      }),
    );
  }

  #confirmed(holder: LeaseHolder, before: number): void {
    const { fault, leaseMs } = this.#parts;
    if (holder.superseded !== null) {
      this.#stored = { epoch: this.#stored.epoch, writes: false, known: false };
      this.#fsid.shut();
      this.#holder = null;
      return;
    }
    if (holder.untilMs > before) {
      this.#stored = { ...this.#stored, known: true };
      if (fault === 'from-answer') this.#wrong.confirmed(this.clock.bootMs(), leaseMs);
      this.#fsid.set(Math.max(holder.untilMs, this.#wrong.untilMs), this.#stored.epoch);
    }
    const pause = Math.max(0, holder.askAtMs - this.clock.bootMs());
    this.agent.after(this.clock.trueMs(pause), () => this.#renew());
  }

  #take(taker: EpochTaker, epoch: number): void {
    const ask = taker.ask(this.clock.bootMs());
    this.#parts.witness.ask(this.#parts.name, ask, (answer) =>
      this.agent.after(0, () => {
        if (!this.#taking) return;
        taker.answered(ask, answer, this.clock.bootMs());
        const { outcome } = taker;
        if (outcome === null) this.agent.after(50, () => this.#take(taker, epoch));
        else if (outcome.kind === 'begun') this.#wait(outcome.safeAtMs, epoch);
        else this.#taking = false;
      }),
    );
  }

  #wait(safeAtMs: number, epoch: number): void {
    const { fault, leaseMs } = this.#parts;
    const early = fault === 'no-wait' ? leaseMs * 2 : fault === 'no-margin' ? leaseTerms(leaseMs).marginMs : 0;
    const left = safeAtMs - early - this.clock.bootMs();
    if (left > 0) {
      this.agent.after(this.clock.trueMs(Math.min(left, 100)), () => this.#wait(safeAtMs, epoch));
      return;
    }
    this.#stored = { epoch, writes: true, known: true };
    this.#fsid.speaksFor(epoch);
    this.#serve();
  }
}

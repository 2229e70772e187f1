/**
 * One schedule of two servers and a witness: partitions, stopped processes, reboots, wall clocks that jump by an hour, orders to take over.
 * In: a seed, and perhaps a planted fault. Out: what the checker found. Promise: one seed is one run.
 */
import { SeededRandom } from '../random.ts';
import { Checker } from './checker.ts';
import type { Fault } from './faults.ts';
import { Server } from './server.ts';
import { Timeline } from './timeline.ts';
import { Witness } from './witness.ts';

const LEASE_MS = 2000;
const LENGTH_MS = 60_000;
/** Two clocks may differ by 2 % and no more: see the bounds in SPEC.md. */
const MOST_DRIFT = 0.0095;
const HOUR_MS = 3_600_000;

export interface LeaseRun {
  readonly wrong: readonly string[];
  readonly acknowledged: number;
  /** Epochs under which something was written. */
  readonly epochs: number;
}

export function runLease(seed: number, fault: Fault | null = null): LeaseRun {
  const timeline = new Timeline();
  const random = new SeededRandom(seed);
  const witness = new Witness(timeline, random, fault);
  const checker = new Checker();
  const server = (name: string, first: boolean) => {
    const rate = 1 + (random.next() * 2 - 1) * MOST_DRIFT;
    return new Server({ name, leaseMs: LEASE_MS, timeline, random, witness, checker, fault, rate }, first);
  };
  const servers = [server('alpha', true), server('beta', false)];
  const trouble = () => {
    const victim = random.pick(servers);
    if (victim !== undefined) happen(random, witness, timeline, victim, servers);
    timeline.after(random.below(2500), trouble);
  };
  timeline.after(1000, trouble);
  timeline.run(LENGTH_MS);
  return { wrong: checker.wrong, acknowledged: checker.acknowledged, epochs: checker.epochs };
}

function happen(
  random: SeededRandom,
  witness: Witness,
  timeline: Timeline,
  victim: Server,
  servers: readonly Server[],
): void {
  const ms = random.below(3 * LEASE_MS);
  const cut = ({ name }: Server) => {
    witness.cutOff.add(name);
    timeline.after(ms, () => witness.cutOff.delete(name));
  };
  const events: readonly (() => void)[] = [
    () => cut(victim),
    () => victim.agent.stop(ms),
    () => victim.calls.stop(ms),
    () => {
      victim.agent.stop(ms);
      victim.calls.stop(ms);
    },
    () => victim.reboot(),
    () => victim.restartAgent(),
    () => victim.clock.setWall(random.chance(0.5) ? HOUR_MS : -HOUR_MS),
    () => victim.takeOver(true),
    () => victim.takeOver(false),
    // What a failover is for: the writer is cut off, or stands still, and the other begins at once.
    () => {
      const writer = servers.find(({ writes }) => writes);
      if (writer === undefined) return;
      if (random.chance(0.5)) writer.agent.stop(ms);
      else cut(writer);
      for (const other of servers) if (other !== writer) other.takeOver(false);
    },
  ];
  random.pick(events)?.();
}

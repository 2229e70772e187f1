/** A replica as a test failover needs it. In: what is kept of it. Out: its directories, its services, and why it cannot be tried now. */
import type { RawName } from '@understudy/base';
import type { TargetPast } from '../../target/past/target-past.ts';
import { placesOf } from '../../target/replica-place.ts';
import { raw } from '../../target/replica-record.ts';
import { keptBeside } from '../../target/replica-roots.ts';
import type { ReplicaFacts } from '../../target/target-hand.ts';
import type { TargetJob } from '../../target/target-job.ts';
import type { KeptReplica } from '../../target/target-jobs.ts';
import { replicaJob } from '../replica-job.ts';
import type { CopiedRoot, ShownPast } from './copies.ts';
import type { TestedReplica } from './test-failover.ts';

export interface AroundReplica {
  readonly agentName: string;
  /** Opened without its source where that is away; null: not enough is known of it. */
  readonly open: (jobId: string) => TargetJob | null;
  /** This server has taken over, or is about to. */
  readonly isTaken: (jobId: string) => boolean;
}

export function testedReplica(kept: KeptReplica, around: AroundReplica): TestedReplica {
  const job = replicaJob(kept, around.agentName);
  const opened = kept.job ?? around.open(job.id);
  const roots = rootsOf(kept);
  const facts = opened?.hand.facts() ?? null;
  return {
    jobId: job.id,
    name: job.name,
    roots,
    services: job.failover.services,
    addresses: job.failover.addresses.map(({ address }) => address),
    hand: opened?.hand ?? nobody,
    past: opened === null ? null : shownPast(opened.past),
    whyNot: around.isTaken(job.id) ? TAKEN(job.name) : whyNot(job.name, facts, roots),
  };
}

/** The newest moment that is kept: a few seconds old at most, while something is written. */
export function shownPast(past: Pick<TargetPast, 'describe' | 'view' | 'endView'>): ShownPast {
  return {
    whyNot: () => (past.describe().points.length > 0 ? null : 'no moment of it is kept that could be shown'),
    show: (directory) => past.view(Number.POSITIVE_INFINITY, directory),
    end: (directory) => past.endView(directory),
  };
}

const nobody: TestedReplica['hand'] = {
  hold: () => () => undefined,
  facts: () => {
    throw new Error('nothing is known of the replica');
  },
};

const TAKEN = (name: string): string =>
  `This server has taken over ${name} already: its services run, or could, on the replica itself.`;

function whyNot(name: string, facts: ReplicaFacts | null, roots: readonly CopiedRoot[]): string | null {
  if (facts === null || roots.length === 0)
    return `Not enough is known of the replica of ${name}: its source has not linked to this server since it was made.`;
  if (facts.mirroring || !facts.complete)
    return `The replica of ${name} is not whole: a mirror is under way, or none has come to its end. Try it when the job is protected.`;
  if (facts.replaying)
    return `The replica of ${name} is not known to be good until it is past what had begun before a stop.`;
  if (facts.brake === 'rolling-back') return `The replica of ${name} is being taken back.`;
  return null;
}

function rootsOf({ stored, hello }: KeptReplica): CopiedRoot[] {
  const replicas = stored.roots.map(({ path }) => raw(path));
  const kept = keptBeside(stored.jobId, replicas);
  const places = hello === null ? [] : placesOf(hello);
  return places.flatMap(({ source, replica }): CopiedRoot[] => {
    const index = replicas.indexOf(replica);
    const beside: RawName | null = kept[index] ?? null;
    return beside === null ? [] : [{ replica, source, kept: beside }];
  });
}

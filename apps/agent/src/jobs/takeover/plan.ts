/**
 * Plan first, then act: the steps of a failover with this job's names. In: the job, what is known of its replica, what was chosen. Out:
 * the steps in their order, what stands in the way, how far the data reaches. The same steps are then done.
 */
import { formatBytes } from '@understudy/base';
import { type ChosenTakeover, isPastReturn, obstaclesTo, POINT_OF_NO_RETURN, type Takeover } from '@understudy/engine';
import {
  ManagementError,
  type Obstacle,
  type PlannedStep,
  type TakeoverPlan,
  type TakeoverStep,
} from '@understudy/wire';
import type { ReplicaFacts } from '../target/target-hand.ts';
import type { KeptReplica } from '../target/target-jobs.ts';
import type { ReverseRole, Rewinds } from './ports.ts';
import { preflight } from './preflight.ts';
import { pathsOf, type ReplicaJob } from './replica-job.ts';

export interface PlanParts {
  readonly job: ReplicaJob;
  readonly kept: KeptReplica;
  /** Null: the replica could not be opened. */
  readonly facts: ReplicaFacts | null;
  readonly chosen: ChosenTakeover;
  readonly rewinds: Rewinds;
  readonly reverse: ReverseRole;
  /** The next one. */
  readonly epoch: number;
  /** What a look at the witness has shown; null: nothing. */
  readonly seen: Obstacle | null;
}

type Told = readonly [step: TakeoverStep, sentence: string, undo: string | null];

export function planOf(parts: PlanParts): TakeoverPlan {
  const { job, facts, chosen } = parts;
  const steps = toldSteps(parts).map(
    ([step, sentence, undo]): PlannedStep => ({ step, sentence, undo, pointOfNoReturn: step === POINT_OF_NO_RETURN }),
  );
  return {
    name: job.name,
    steps,
    obstacles: obstacles(parts),
    queue: facts?.queue ?? { operations: 0, bytes: 0 },
    reaches: reachOf(facts, chosen),
    notes: notes(parts),
  };
}

/** What is known of the replica that may stand in the way of using it. */
export function knownOf({ job, kept, facts }: Pick<PlanParts, 'job' | 'kept' | 'facts'>) {
  return {
    known: kept.hello !== null && facts !== null && job.definition !== null,
    complete: facts?.complete ?? false,
    mirroring: facts?.mirroring ?? false,
    failures: facts?.failures ?? false,
    lostPower: facts?.lostPower ?? false,
    brake: facts?.brake ?? null,
    standing: kept.stored.standing ?? null,
    rests: kept.stored.rests ?? false,
    opened: kept.stored.opened?.sentence ?? null,
    linked: facts?.linked ?? false,
  };
}

function obstacles({ job, kept, facts, chosen, rewinds, seen }: PlanParts): Obstacle[] {
  const found = obstaclesTo(knownOf({ job, kept, facts }), chosen);
  const { data, point } = chosen;
  const whyNot = data === 'rewind' && point !== null ? rewinds.whyNot(job, point) : null;
  if (whyNot !== null) found.push({ code: 'no-point', sentence: whyNot, risk: null });
  return [...found, ...(seen === null ? [] : [seen]), ...preflight(job.failover)];
}

function toldSteps(parts: PlanParts): Told[] {
  const { job, reverse, epoch } = parts;
  const { failover } = job;
  const paths = pathsOf(job.replicaPaths);
  const before = failover.scripts.beforeFailover;
  const after = failover.scripts.afterFailover;
  const services = failover.services.map(({ name }) => name).join(', ');
  const moved = failover.addresses.map(({ address, interface: device }) => `${address} to ${device}`).join(', ');
  const told: (Told | null)[] = [
    ['check', `Look whether the replica of ${job.name} at ${paths} is known to be good.`, 'nothing to undo'],
    ['epoch', `Begin epoch ${epoch}: from here on ${job.source} is sent away. ${witnessWord(parts)}`, null],
    ['data', dataWord(parts), 'what was applied stays'],
    before === undefined
      ? null
      : ['script-before', `Run ${before.path}, for at most ${before.timeoutMs / 1000} s.`, 'not undone'],
    moved === ''
      ? null
      : ['addresses', `Move ${moved}, unless they answer elsewhere, and announce them.`, 'taken away again'],
    ['intercept', `Let go of ${paths}: the point of no return. ${reverse.sentence(job)}`, null],
    ['writable', `Look that ${paths} can be written.`, null],
    failover.dns === undefined
      ? null
      : [
          'dns',
          `Update ${failover.dns.records.map(({ name }) => name).join(', ')} at the name server ${failover.dns.server}.`,
          null,
        ],
    services === '' ? null : ['services', `Start ${services}, each until it serves.`, null],
    after === undefined ? null : ['script-after', `Run ${after.path}, for at most ${after.timeoutMs / 1000} s.`, null],
  ];
  return told.filter((step): step is Told => step !== null);
}

function witnessWord({ job: { failover }, chosen }: PlanParts): string {
  if (failover.witness?.kind === 'fence') return `First ${failover.witness.script.path} makes sure that it is off.`;
  if (failover.witness !== undefined)
    return `The witness (${failover.witness.kind}) gives it, once the source’s lease is over.`;
  return chosen.sourceIsDown ? 'That it does not write any more is the operator’s word.' : '';
}

function dataWord({ facts, chosen: { data, point } }: PlanParts): string {
  const { operations, bytes } = facts?.queue ?? { operations: 0, bytes: 0 };
  const amount = `${operations} ${operations === 1 ? 'operation' : 'operations'} (${formatBytes(bytes)})`;
  if (data === 'rewind') return `Take the replica back to ${point}.`;
  if (data === 'discard') return `Leave out what is received and not applied: ${amount}.`;
  return operations === 0 ? 'Everything received is applied already.' : `Apply what is received: ${amount}.`;
}

function reachOf(facts: ReplicaFacts | null, { data, point }: ChosenTakeover): string | null {
  if (data === 'rewind') return point;
  const appliedMs = facts?.appliedMs ?? null;
  const reached = data === 'apply' && (facts?.queue.operations ?? 0) > 0 ? null : appliedMs;
  return reached === null ? null : new Date(Math.floor(reached)).toISOString();
}

function notes({ job, kept, chosen }: PlanParts): string[] {
  const found: string[] = [];
  const { services, addresses, dns } = job.failover;
  if (services.length === 0 && addresses.length === 0 && dns === undefined)
    found.push(
      'The job has no addresses, services or DNS records to move: the data becomes writable, and nothing else happens.',
    );
  if (kept.stored.standing === undefined)
    found.push('The source has never said how the job stands; what is known is the target’s own.');
  for (const risk of chosen.risks) found.push(`A risk is taken: ${risk}.`);
  return found;
}

/** What a person can do about one that is halted. */
export function adviceFor(takeover: Takeover, advice: string): string {
  if (takeover.phase !== 'halted') return '';
  if (isPastReturn(takeover))
    return `${advice === '' ? 'Mend that.' : advice} \`understudy failover NAME\` goes on with this step; with --skip it is taken for done.`;
  const stuck = takeover.steps.some(({ state }) => state === 'undoing');
  if (stuck)
    return `Something could not be taken back: mend that, and \`understudy failover NAME --cancel\` tries it again.`;
  return `${advice === '' ? 'Mend that, and order the failover again.' : advice} Nothing was written; what had been done is taken back.`;
}

/** With every obstacle, and how each could be named as a risk. */
export function refusalOf({ obstacles }: TakeoverPlan): ManagementError {
  const said = obstacles.map(({ sentence, risk }) =>
    risk === null ? sentence : `${sentence} (Named as a risk with --risk ${risk}, it is no obstacle.)`,
  );
  return new ManagementError('refused', said.join(' '));
}

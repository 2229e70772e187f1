/** Joins the source's jobs to the agent around them: its name, its peers and how to reach them, its event log. */
import { randomUUID } from 'node:crypto';
import { brand, printable, type RawName } from '@understudy/base';
import { type Address, type Hello, parseAddress, type Refuse, type Welcome } from '@understudy/wire';
import type { AgentBase } from '../../listen/index.ts';
import { digestNames } from '../../ports/digest/digest.ts';
import { dialReplication } from '../../ports/replication-link/dial.ts';
import type { ReplicationLink } from '../../ports/replication-link/replication-link.ts';
import { type ProtectedDirectory, replicaPathOf } from '../../rules/index.ts';
import { OwnEpochs } from '../../witness/index.ts';
import { JobStore, type StoredJob } from '../stored-job.ts';
import { roleOf } from '../takeover/reverse/role-of.ts';
import { keepUnsent } from '../takeover/reverse/unsent-list.ts';
import { ask, askWell } from './ask-target.ts';
import { brakeLimitsOf } from './brake-calls.ts';
import { leaseOf } from './gate/lease-of.ts';
import { handoverOf } from './handover.ts';
import type { Interceptors } from './interceptors.ts';
import { FileMirrorMemory } from './mirror-memory.ts';
import { mirrorOptionsOf } from './mirror-options.ts';
import { PositionReserve } from './position-reserve.ts';
import type { JobSurroundings } from './prepare-job.ts';
import { forgetLeftBehind, survivalOf } from './queue-places.ts';
import { scopesFor } from './root-scopes.ts';
import { synchronousOf } from './synchronous/synchronous-of.ts';
import { VerificationReports } from './verification-reports.ts';

export interface SurroundingParts {
  readonly base: AgentBase;
  readonly interceptors: Interceptors;
  readonly machine: string;
}

export function sourceSurroundings(parts: SurroundingParts): JobSurroundings {
  const { base, interceptors } = parts;
  const store = new JobStore(base.home.jobs);
  const own = new OwnEpochs(base.home.path);
  return {
    agentName: base.name,
    homePath: base.home.path,
    interceptors,
    holdAtStartMs: base.settings['source.hold-at-start'],
    leaseOf: (stored) => leaseOf({ identity: base.identity, own }, stored),
    runnerOptions: (stored, roots, prepared, ring) => {
      // Before the folder of the queue is opened: a damaged file keeps the job from starting.
      const reserve = new PositionReserve(store.reserve(stored.id));
      const survival = survivalOf(base, stored, roots, ring);
      const { streamId } = survival;
      return {
        id: stored.id,
        name: stored.definition.name,
        targetName: stored.definition.target.name,
        epoch: stored.epoch,
        roots: scopesFor(roots, prepared, stored.formerRules),
        reserve,
        memoryBytes: base.settings['queue.memory'],
        windowBytes: base.settings['replication.window'],
        transmission: stored.definition,
        synchronous: synchronousOf(stored.definition),
        mirror: mirrorOptionsOf(stored.definition),
        mirrorMemory: new FileMirrorMemory({
          path: store.mirrorPath(stored.id),
          stream: streamId,
          fault: (error) => base.logger.warn({ err: error }, 'what a mirror had finished cannot be kept'),
        }),
        survival,
        hello: (live) => ({
          ...helloOf(parts, stored, streamId),
          ...brakeLimitsOf(stored.definition),
          ...placed(stored, live),
        }),
        dial: () => dial(parts, stored),
        ...roleOf(stored),
        halting: (reason, job) => keepUnsent(reason, job, store.unsent(stored.id)),
      };
    },
    forgetQueue: (id) => forgetLeftBehind(base, id),
    rootsFile: (id) => store.roots(id),
    reports: (id) =>
      new VerificationReports(store.verificationsPath(id), (error) =>
        base.logger.warn({ err: error }, 'a report of a verification cannot be kept or read'),
      ),
    probe: (stored, directories) => probe(parts, stored, directories),
    leave: (stored) => tell(parts, stored, 'leave'),
    rest: (stored) => tell(parts, stored, 'rest'),
    say: (stored, intent, epoch) => say(parts, stored, intent, epoch),
    decide: (stored, intent, next) => decide(parts, stored, intent, next),
    event: ({ code, severity, sentence }, job) => {
      base.events.raise({ code, severity, sentence, job });
    },
    fault: (error, job) => base.logger.error({ err: error, job }, 'a fault of the agent itself'),
  };
}

/** Every known address of the target, the one the job was made with last; throws what the last of them said. */
async function dial({ base }: SurroundingParts, stored: StoredJob): Promise<ReplicationLink> {
  const { fingerprint, address } = stored.definition.target;
  const known = base.trust.find(fingerprint)?.addresses ?? [];
  const addresses = [...new Set([...known, address])].map(parseAddress).filter((a): a is Address => a !== null);
  let failure: unknown = new Error('no address is known');
  for (const each of addresses) {
    try {
      return await dialReplication({ address: each, identity: base.identity, fingerprint, link: base.linkSettings });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function helloOf(
  { base, machine }: SurroundingParts,
  stored: StoredJob,
  streamId: string,
): Omit<Hello, 'oldest' | 'next' | 'applied' | 'roots'> {
  return {
    version: base.version,
    jobId: stored.id,
    jobName: stored.definition.name,
    streamId,
    epoch: stored.epoch,
    intent: 'replicate',
    ...(stored.adopt === true ? { adopt: true } : {}),
    ...(stored.definition.targetWrites === undefined ? {} : { targetWrites: stored.definition.targetWrites }),
    ...refusesOf(stored),
    digests: [...digestNames],
    // Nobody is to take over what is only brought back.
    ...(stored.restore === true ? { restore: true } : handoverOf(stored, base.name)),
    machine,
    replicaBase: stored.definition.to?.bytes ?? null,
  };
}

function refusesOf({ definition: { devices, setuid } }: StoredJob): Pick<Hello, 'refuses'> {
  if (devices !== 'refuse' && setuid !== 'refuse') return {};
  return { refuses: { devices: devices === 'refuse', setuid: setuid === 'refuse' } };
}

/** Where the roots' replicas lie, where that is not what their paths and `--to` come to. */
function placed<T extends Pick<Hello, 'roots'>>({ definition: { to, without } }: StoredJob, live: T): T {
  if (without === undefined) return live;
  const base = to === null ? null : rawOf(to.bytes);
  const replicaOf = (path: string) => base64(replicaPathOf(base, rawOf(path), rawOf(without.bytes)));
  return { ...live, roots: live.roots.map((root) => ({ ...root, replica: replicaOf(root.path) })) };
}

const START = { oldest: 1, next: 1, applied: 0 } as unknown as Pick<Hello, 'oldest' | 'next' | 'applied'>;
const base64 = (path: RawName): string => Buffer.from(path, 'latin1').toString('base64');

/** The target's no in its own words; null: it would take the job, or it cannot be asked now and will say so when it can. */
async function probe(
  parts: SurroundingParts,
  stored: StoredJob,
  directories: readonly ProtectedDirectory[],
): Promise<string | null> {
  const itself = sameServer(parts, stored, directories);
  if (itself !== null) return itself;
  const node = brand<Hello['roots'][number]['node']>(1n);
  const { roots } = placed(stored, { roots: directories.map(({ path }) => ({ path: base64(path), node })) });
  const hello: Hello = { ...helloOf(parts, stored, randomUUID()), ...START, intent: 'probe', roots };
  const refusal: Refuse | null = await ask(() => dial(parts, stored), hello);
  return refusal === null || refusal.code === 'failed' ? null : refusal.sentence;
}

/** A replica that dies with its source is none. */
function sameServer(
  { base }: SurroundingParts,
  { definition }: StoredJob,
  directories: readonly ProtectedDirectory[],
): string | null {
  if (definition.target.fingerprint !== base.identity.fingerprint) return null;
  const to = definition.to === null ? null : rawOf(definition.to.bytes);
  const places = directories.map(({ path }) => printable(replicaPathOf(to, path))).join(', ');
  return (
    `Source and target are the same server: the replica at ${places} would be kept by the agent that protects the source. ` +
    'Choose another server with --target.'
  );
}

const rawOf = (bytes: string): RawName => brand<RawName>(Buffer.from(bytes, 'base64').toString('latin1'));

/** A person's word to a brake that holds; `next`: what the source has intercepted by now. */
async function decide(
  parts: SurroundingParts,
  stored: StoredJob,
  intent: 'brake-go-on' | 'brake-halt-here',
  next: Hello['next'],
): Promise<Refuse | Pick<Welcome, 'applied' | 'why'>> {
  const roots = [{ path: base64(brand<RawName>('/')), node: brand<Hello['roots'][number]['node']>(1n) }];
  const hello: Hello = { ...helloOf(parts, stored, randomUUID()), ...START, next, intent, roots };
  return askWell(() => dial(parts, stored), hello);
}

/** Tells the target that the job is gone, or rests; a sentence says why it could not be told. */
async function tell(parts: SurroundingParts, stored: StoredJob, intent: 'leave' | 'rest'): Promise<string | null> {
  const roots = [{ path: base64(brand<RawName>('/')), node: brand<Hello['roots'][number]['node']>(1n) }];
  const hello: Hello = { ...helloOf(parts, stored, randomUUID()), ...START, intent, roots };
  const refusal = await ask(() => dial(parts, stored), hello);
  return refusal?.sentence ?? null;
}

/** Word to the server whose job this one had taken over. `unsaid`: it was not reached at all. */
async function say(
  parts: SurroundingParts,
  stored: StoredJob,
  intent: 'undo' | 'hand-over',
  epoch: number,
): Promise<Refuse | 'unsaid' | null> {
  const roots = [{ path: base64(brand<RawName>('/')), node: brand<Hello['roots'][number]['node']>(1n) }];
  const commanded = stored.reverse?.purpose === 'giving-up';
  const hello: Hello = { ...helloOf(parts, stored, randomUUID()), ...START, epoch, commanded, intent, roots };
  const link = await dial(parts, stored).catch(() => null);
  return link === null ? 'unsaid' : ask(() => Promise.resolve(link), hello);
}

/**
 * The beginning of a connection: both stages are set to the stream that the source speaks, or the source is sent away.
 */
import { type Hello, position, type Refuse, type Welcome } from '@understudy/wire';
import { type DigestName, FileError } from '../../ports.ts';
import { decideGreeting } from './accept/greeting.ts';
import type { TargetCommunicationManager } from './accept/target-communication-manager.ts';
import { fromBase64 } from './apply/base64.ts';
import { DEFAULT_BRAKE } from './apply/brake/detector.ts';
import type { RootSpec } from './apply/replica-roots.ts';
import { retryDelay } from './apply/retry.ts';
import type { TargetReplicationManager } from './apply/target-replication-manager.ts';

export type Answer =
  | { readonly kind: 'welcome'; readonly welcome: Welcome }
  | { readonly kind: 'refuse'; readonly refuse: Refuse };

export interface GreeterParts {
  readonly accept: TargetCommunicationManager;
  readonly apply: TargetReplicationManager;
  /** The product's, for people. */
  readonly version: string;
}

const refusal = (code: Refuse['code'], sentence: string): Answer => ({ kind: 'refuse', refuse: { code, sentence } });

export function greet(hello: Hello, { accept, apply, version }: GreeterParts): Answer {
  const { streamId, applied: stands, origin, replayTo, lostPower } = apply.stream;
  if (streamId !== null) accept.restore({ applied: stands, origin, lostPower: lostPower && replayTo > 0 });
  const received = position(Math.max(accept.received, apply.stream.applied));
  const decision = decideGreeting(hello, { ...apply.stream, received });
  if (decision.kind === 'refuse') return decision;
  apply.brake.configure(hello.brake === undefined ? DEFAULT_BRAKE : hello.brake);
  const braked = brakeRefusal(hello, decision.kind, apply);
  const specs = rootSpecs(hello);
  if (specs === null) return refusal('protocol', "a root's path is not base64 of an absolute path");
  try {
    apply.openRoots(specs, hello.restore === true);
    // Behind the opening: what a person then decides is done to open roots.
    if (braked !== null) return braked;
    if (decision.kind === 'resume') apply.resume(hello.epoch, hello.next);
    else apply.restart({ streamId: hello.streamId, epoch: hello.epoch, applied: decision.applied }, specs);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    // Only what lasts halts the job: the source comes again by itself.
    if (retryDelay(error.code, 1) !== null)
      return refusal('failed', `the replica cannot be opened on the target now: ${error.message}`);
    return refusal('replica-path-invalid', `the replica cannot be opened on the target: ${error.message}`);
  }
  const { applied, epoch, complete, failures } = apply.stream;
  const resumes = decision.kind === 'resume';
  accept.start({ applied, epoch, keepQueue: resumes });
  const { why } = decision;
  const more = { failures, replaces: !resumes && streamId !== null, digest: digestFor(hello, apply.digests) };
  return {
    kind: 'welcome',
    welcome: { version, resumes, received: accept.received, applied, origin: accept.origin, complete, why, ...more },
  };
}

/** A stream that goes on is taken while the brake holds; one that would begin behind its back is not. */
function brakeRefusal(hello: Hello, kind: 'resume' | 'restart', { brake }: TargetReplicationManager): Answer | null {
  const { state } = brake;
  if (state === null || state.phase === 'passing') return null;
  if (state.phase === 'halted') {
    const anew = kind === 'restart' && hello.commanded === true;
    return anew ? null : refusal('brake-halted', state.sentence);
  }
  return kind === 'restart' ? refusal('brake', state.sentence) : null;
}

/** The first that the source likes and this machine can make. */
function digestFor(hello: Hello, here: readonly DigestName[]): DigestName {
  return here.find((name) => hello.digests?.includes(name) === true) ?? 'sha256';
}

/** Null: a path is none. */
export function rootSpecs(hello: Hello): RootSpec[] | null {
  const specs: RootSpec[] = [];
  for (const [index, { path, node }] of hello.roots.entries()) {
    const name = fromBase64(path);
    if (name === null || !name.startsWith('/') || name.includes('\0')) return null;
    specs.push({ index, path: name, node });
  }
  return specs;
}

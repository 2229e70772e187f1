/**
 * The beginning of a connection: both stages are set to the stream that the source speaks, or the source is sent away.
 */
import type { Hello, Refuse, Welcome } from '@understudy/wire';
import { FileError } from '../../ports.ts';
import { decideGreeting } from './accept/greeting.ts';
import type { TargetCommunicationManager } from './accept/target-communication-manager.ts';
import { fromBase64 } from './apply/base64.ts';
import type { RootSpec } from './apply/replica-roots.ts';
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
  const decision = decideGreeting(hello, apply.stream);
  if (decision.kind === 'refuse') return decision;
  const specs = rootSpecs(hello);
  if (specs === null) return refusal('protocol', "a root's path is not base64 of an absolute path");
  try {
    apply.openRoots(specs);
    if (decision.kind === 'resume') apply.resume(hello.epoch);
    else apply.restart({ streamId: hello.streamId, epoch: hello.epoch, applied: decision.applied }, specs);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return refusal('replica-path-invalid', `the replica cannot be opened on the target: ${error.message}`);
  }
  const { applied, epoch, complete } = apply.stream;
  const resumes = decision.kind === 'resume';
  accept.start({ applied, epoch, keepQueue: resumes });
  return { kind: 'welcome', welcome: { version, resumes, received: applied, applied, complete, why: decision.why } };
}

function rootSpecs(hello: Hello): RootSpec[] | null {
  const specs: RootSpec[] = [];
  for (const [index, { path, node }] of hello.roots.entries()) {
    const name = fromBase64(path);
    if (name === null || !name.startsWith('/') || name.includes('\0')) return null;
    specs.push({ index, path: name, node });
  }
  return specs;
}

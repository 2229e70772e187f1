/**
 * What an operation finds when it is applied, and the words for what cannot be.
 */
import type { RawName } from '@understudy/base';
import { NO_NODE, type NodeId, type OperationRecord, type Position, position, type Reply } from '@understudy/wire';
import { type Digest, FileError, type Handle } from '../../../ports.ts';
import { pathTold } from './base64.ts';
import type { MirrorRun } from './mirror-run.ts';
import type { Place, ReplicaRoot } from './replica-root.ts';

/** Worth an administrator's eye. */
export interface TargetEvent {
  readonly kind:
    | 'failed'
    | 'set-aside'
    | 'not-supported'
    | 'listing-lost'
    | 'orphans'
    | 'brake'
    | 'root-emptied'
    | 'brake-halted'
    | 'rewound'
    | 'keep-aside-short'
    | 'kept-removed'
    | 'kept-stuck';
  readonly severity: 'information' | 'warning' | 'error';
  readonly at: Position;
  readonly root: number;
  /** Beneath the root; bytes. */
  readonly path: RawName;
  readonly sentence: string;
}

export interface ApplyContext {
  readonly root: ReplicaRoot;
  readonly run: MirrorRun;
  readonly digest: Digest;
  /** This position may have been applied, in whole or in part, before the agent was killed. */
  readonly replaying: boolean;
  /** And the machine lost its power since: content may be there in part, whatever size a file has. */
  readonly powerLost: boolean;
  reply(reply: Reply): void;
  event(event: TargetEvent): void;
}

export type Operation = (record: OperationRecord, context: ApplyContext) => void;

/** The operation contradicts what the replica holds: waiting does not help, the source has to repair it. */
export function contradiction(call: string, detail: string): FileError {
  return new FileError('ESTALE', call, detail);
}

/**
 * The handle behind a node that an operation needs. null: there is nothing to do, because the file is gone by a later operation that
 * a replay repeats, or because it has no name left on the source.
 */
export function needed(node: NodeId, record: OperationRecord, context: ApplyContext): Handle | null {
  const handle = context.root.nodes.handleOf(node);
  if (handle !== undefined && (!context.replaying || context.root.files.attributes(handle) !== null)) return handle;
  if (context.replaying) return null;
  if (node === record.node && record.attributes.mode !== 0 && record.attributes.nlink === 0) return null;
  throw contradiction('apply', `node ${node} is not known here`);
}

/** Ours, beneath the root: a source that could name it would reach what is kept aside, or lead us elsewhere by a link in its place. */
function placeIn(parent: Handle | null, name: RawName, { root }: ApplyContext): Place | null {
  if (parent === null) return null;
  if (root.isLimbo({ parent, name })) throw new FileError('EPERM', 'apply', "this name is the product's own");
  return { parent, name };
}

/** The place (parent, name) of the record; null as in `needed`. */
export function placeOf(record: OperationRecord, context: ApplyContext): Place | null {
  return placeIn(needed(record.parent, record, context), record.name, context);
}

export function placeTwoOf(record: OperationRecord, context: ApplyContext): Place | null {
  return placeIn(needed(record.parent2, record, context), record.name2, context);
}

export function reportPath(record: OperationRecord, context: ApplyContext): RawName {
  return context.root.pathFor(record.node, record.parent, record.name);
}

export function tell(
  record: OperationRecord,
  context: ApplyContext,
  event: Pick<TargetEvent, 'kind' | 'severity' | 'sentence'> & { readonly path?: RawName },
): void {
  const path = event.path ?? reportPath(record, context);
  context.event({ ...event, at: position(record.sequence), root: context.root.index, path });
}

/** `differs` about the record's node. */
export function differs(record: OperationRecord, context: ApplyContext, what: string, detail = ''): void {
  context.reply({
    kind: 'differs',
    at: position(record.sequence),
    root: context.root.index,
    node: record.node === NO_NODE ? record.parent : record.node,
    parent: record.parent,
    offset: record.offset,
    extent: record.extent,
    what,
    path: pathTold(reportPath(record, context)),
    detail: detail.slice(0, 256),
  });
}

export function say(kind: 'want' | 'have', record: OperationRecord, context: ApplyContext): void {
  context.reply({ kind, at: position(record.sequence), root: context.root.index, node: record.node });
}

/** Faults planted between the two engines, to see that the checkers notice: a checker that finds nothing proves nothing by itself. */
import type { SourceFile, SourceFiles } from '@understudy/engine';
import {
  decodeRecord,
  encodeRecord,
  type NodeId,
  type OperationRecord,
  peekLength,
  position,
  stampRecord,
  Verb,
} from '@understudy/wire';
import type { Mutation } from './run-seed.ts';
import type { ToTarget } from './wire-link.ts';
import { AS_IT_WAS } from './world.ts';

/** A world in which nothing goes wrong by itself. */
const CALM = {
  ...AS_IT_WAS,
  memoryBytes: 1 << 26,
  ringBytes: 1 << 22,
  trouble: 0,
  scopes: ['whole'],
  disk: 'good',
} as const;

function recordsOf(bytes: Uint8Array): OperationRecord[] {
  const records: OperationRecord[] = [];
  for (let at = 0; at < bytes.length; at += peekLength(bytes, at)) records.push(decodeRecord(bytes, at));
  return records;
}

function encoded(records: readonly OperationRecord[]): Uint8Array {
  return Buffer.concat(
    records.map((r) => {
      const bytes = encodeRecord(r);
      stampRecord(bytes, 0, r.root, position(r.sequence));
      return bytes;
    }),
  );
}

function changing(change: (records: OperationRecord[]) => void): (message: ToTarget) => ToTarget {
  return (message) => {
    if (message.kind !== 'operations') return message;
    const records = recordsOf(message.packet.bytes);
    change(records);
    return { ...message, packet: { ...message.packet, bytes: encoded(records) } };
  };
}

const isApplications = (r: OperationRecord | undefined): r is OperationRecord =>
  r !== undefined && r.verb <= Verb.removexattr;

/** The `nth` operation of an application becomes nothing at all. */
export function dropsOne(nth: number): Mutation {
  let seen = 0;
  const tamper = changing((records) => {
    for (const [i, r] of records.entries()) {
      if (!isApplications(r)) continue;
      seen += 1;
      if (seen === nth) records[i] = { ...r, verb: Verb.marker };
    }
  });
  return { world: CALM, tamper };
}

/** Neighbours change places, each keeping the other's position. */
export function swapsNeighbours(): Mutation {
  const tamper = changing((records) => {
    for (let i = 0; i + 1 < records.length; i += 2) {
      const [a, b] = [records[i], records[i + 1]];
      if (!isApplications(a) || !isApplications(b)) continue;
      records[i] = { ...b, sequence: a.sequence };
      records[i + 1] = { ...a, sequence: b.sequence };
    }
  });
  return { world: CALM, tamper };
}

export function acknowledgesBeforeApplying(): Mutation {
  return {
    world: CALM,
    spoil: (pair) => {
      pair.target.acknowledgesTooEarly = true;
    },
  };
}

/** A world in which the target loses power again and again. */
const POWER = { ...CALM, powerCuts: 0.05, journalBytes: 1 << 26 } as const;

/** The mark of a checkpoint is written although the replica's file system has not been synced. */
export function marksBeforeSync(): Mutation {
  return {
    world: POWER,
    spoil: (pair) => {
      pair.target.marksBeforeSync = true;
    },
  };
}

/** What has come counts as received before the disk has kept it. */
export function receivesBeforeSync(): Mutation {
  return {
    world: POWER,
    spoil: (pair) => {
      pair.target.receivesTooEarly = true;
    },
  };
}

/** The interceptor records nothing for a while; with `audit` cookies go round, and are lost with the rest. */
export function deafInterceptor(audit: boolean): Mutation {
  return { world: { ...CALM, audit, deafness: 0.03 } };
}

/** As before, but the cookies come out all the same: what they say is not true. */
export function deafButForCookies(): Mutation {
  return {
    world: { ...CALM, audit: true, deafness: 0.03 },
    spoil: (pair) => {
      const { interceptor } = pair.source;
      const cookie = interceptor.cookie.bind(interceptor);
      Object.assign(interceptor, {
        cookie: (root: number, number: number) => interceptor.hearing(() => cookie(root, number)),
      });
    },
  };
}

/** What the ring could not hold is not noted. */
export function forgetsDirtyNotes(): Mutation {
  return {
    world: { ...CALM, ringBytes: 4_000 },
    spoil: (pair) => {
      Object.assign(pair.source.job.path.srm.dirty, { addNode: () => {} });
    },
  };
}

/** Every other file is not noted, so that the map speaks of something and not of all. */
export function forgetsSomeDirtyNotes(): Mutation {
  return {
    world: { ...CALM, ringBytes: 4_000 },
    spoil: (pair) => {
      const { dirty } = pair.source.job.path.srm;
      const addNode = dirty.addNode.bind(dirty);
      let notes = 0;
      Object.assign(dirty, {
        addNode: (...note: Parameters<typeof addNode>) => {
          notes += 1;
          if (notes % 2 === 0) addNode(...note);
        },
      });
    },
  };
}

/** Whatever a mirror has read of a file once it reads again, whatever has been written since. */
export function readsWhatWas(): Mutation {
  const first = new Map<NodeId, Uint8Array>();
  const stale = (file: SourceFile, node: NodeId): SourceFile => {
    const now = new Uint8Array(file.size());
    file.read(0, now);
    const bytes = first.get(node) ?? now;
    first.set(node, bytes);
    return {
      read: (offset, into) => {
        const part = bytes.subarray(offset, offset + into.length);
        into.set(part);
        return part.length;
      },
      dataAfter: (offset) => (offset < bytes.length ? { start: offset, end: bytes.length } : null),
      size: () => bytes.length,
      willNeed: () => {},
      close: () => file.close(),
    };
  };
  const wrapFiles = (files: SourceFiles): SourceFiles => ({
    rootNode: files.rootNode,
    stat: (node) => files.stat(node),
    entry: (parent, name) => files.entry(parent, name),
    ages: (node) => files.ages(node),
    openDirectory: (node) => files.openDirectory(node),
    readLink: (node) => files.readLink(node),
    xattrs: (node) => files.xattrs(node),
    pathOf: (node) => files.pathOf(node),
    close: () => files.close(),
    open: (node) => {
      const file = files.open(node);
      return file === null ? null : stale(file, node);
    },
  });
  return { world: { ...CALM, trouble: 0.05 }, wrapFiles };
}

/** A directory of the replica that cannot be read counts as empty. */
export function unreadableIsEmpty(): Mutation {
  return {
    world: { badReads: 0.1 },
    spoil: ({ target }) => {
      target.disk.hidesUnreadable = true;
    },
  };
}

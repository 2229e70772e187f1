/** checkEntry: what the source has at (parent, name), compared and not changed. Each aspect that differs is one reply. */
import { bytesEqual } from '@understudy/base';
import { NO_NODE, type OperationRecord, RecordFlag } from '@understudy/wire';
import type { ReplicaEntry } from '../../../../ports.ts';
import { type ApplyContext, differs } from '../apply-context.ts';
import { differences } from '../attribute-set.ts';
import { PERMISSIONS } from '../attributes.ts';
import { isRegular, isSymlink, kindOf } from '../replica-root.ts';

export function checkEntry(record: OperationRecord, context: ApplyContext): void {
  const { root, run } = context;
  root.times.flush();
  if (record.parent === NO_NODE) {
    checkRoot(record, context);
    return;
  }
  run.checked(root.index, record.parent, record.name);
  const parent = root.nodes.handleOf(record.parent);
  const found = parent === undefined ? null : root.at({ parent, name: record.name });
  if (found === null) {
    differs(record, context, 'missing');
    return;
  }
  if (kindOf(found.attributes) !== kindOf(record.attributes)) {
    differs(record, context, 'type', `${kindOf(found.attributes).toString(8)} on the target`);
    return;
  }
  if (found.handle !== root.nodes.handleOf(record.node)) {
    differs(record, context, 'missing', 'another file has this name on the target');
    return;
  }
  compareAttributes(record, context, found);
  compareContentMarks(record, context, found);
}

/** The protected directory itself: it has no name to be missing under. */
function checkRoot(record: OperationRecord, context: ApplyContext): void {
  const { files, nodes } = context.root;
  const attributes = files.attributes(files.root);
  if (attributes === null || nodes.handleOf(record.node) !== files.root) {
    differs(record, context, 'missing', 'the root of the replica is not known for what it is');
    return;
  }
  const found = { name: record.name, handle: files.root, attributes };
  compareAttributes(record, context, found);
  compareContentMarks(record, context, found);
}

function compareAttributes(record: OperationRecord, context: ApplyContext, found: ReplicaEntry): void {
  const source = record.attributes;
  const here = found.attributes;
  if (!isSymlink(source) && (source.mode & PERMISSIONS) !== (here.mode & PERMISSIONS))
    differs(record, context, 'mode', `${octal(source.mode)} on the source, ${octal(here.mode)} on the target`);
  if (source.uid !== here.uid || source.gid !== here.gid)
    differs(
      record,
      context,
      'owner',
      `${source.uid}:${source.gid} on the source, ${here.uid}:${here.gid} on the target`,
    );
  if (source.mtimeSec !== here.mtimeSec || source.mtimeNsec !== here.mtimeNsec)
    differs(record, context, 'times', `${time(source)} on the source, ${time(here)} on the target`);
}

function compareContentMarks(record: OperationRecord, context: ApplyContext, found: ReplicaEntry): void {
  const { root } = context;
  const source = record.attributes;
  if (isRegular(source) && source.size !== found.attributes.size)
    differs(record, context, 'size', `${source.size} on the source, ${found.attributes.size} on the target`);
  if (root.nodes.isPending(record.node)) differs(record, context, 'content', 'it has not been sent completely');
  if (source.rdev !== found.attributes.rdev && !isRegular(source)) differs(record, context, 'type', 'another device');
  if (isSymlink(source) && !bytesEqual(root.files.readLink(found.handle) ?? new Uint8Array(0), record.data))
    differs(record, context, 'link-target');
  const none = (record.flags & RecordFlag.entryHasXattrs) === 0;
  if (none && differences(root.files.xattrs(found.handle) ?? [], []).length > 0)
    differs(record, context, 'xattrs', 'the source has none');
}

const octal = (mode: number): string => (mode & PERMISSIONS).toString(8).padStart(4, '0');
const time = (a: { mtimeSec: number; mtimeNsec: number }): string =>
  `${a.mtimeSec}.${String(a.mtimeNsec).padStart(9, '0')}`;

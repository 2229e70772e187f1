/** Records that bring a node's attributes up to date: owner, then extended attributes, then mode and times, because each undoes a part of the later ones. */
import {
  type Attributes,
  encodeXattrs,
  MAX_RECORD,
  type NodeId,
  RECORD_HEADER,
  type RecordInput,
  SetAttribute,
  Verb,
  type Xattr,
} from '@understudy/wire';
import { FileType } from '../memory/node.ts';

const OWNER = SetAttribute.uid | SetAttribute.gid;
export const MODE_AND_TIMES = SetAttribute.mode | SetAttribute.atime | SetAttribute.mtime;

function settle(node: NodeId, attributes: Attributes, mask: number): RecordInput {
  const link = (attributes.mode & FileType.mask) === FileType.symlink;
  return { verb: Verb.setattr, node, attributes, detail: link ? mask & ~SetAttribute.mode : mask };
}

function* all(node: NodeId, attributes: Attributes, xattrs: readonly Xattr[]): Generator<RecordInput> {
  yield settle(node, attributes, OWNER);
  const data = encodeXattrs(xattrs);
  if (data.length + RECORD_HEADER <= MAX_RECORD) yield { verb: Verb.xattrs, node, attributes, data };
  else for (const [name, value] of xattrs) yield { verb: Verb.setxattr, node, attributes, name, data: value };
  yield settle(node, attributes, MODE_AND_TIMES);
}

export const attributeRecords = { settle, all };

/** tmpfile: a file without a name; it waits in limbo for a \`link\`. */
import type { OperationRecord } from '@understudy/wire';
import type { ApplyContext } from '../apply-context.ts';
import { nodeTimes, setOwnerAndMode } from '../attributes.ts';
import { temporaryName } from '../limbo.ts';

export function tmpfile(record: OperationRecord, { root, replaying }: ApplyContext): void {
  const known = root.alive(record.node);
  if (known !== null) {
    setOwnerAndMode(root, known.handle, known.attributes, record.attributes);
    return;
  }
  if (replaying && root.nodes.handleOf(record.node) !== undefined) return;
  const name = temporaryName(record.node);
  const found = root.files.entry(root.files.limbo, name);
  const handle = found?.handle ?? root.files.createFile(root.files.limbo, name, record.attributes);
  root.nodes.bind(record.node, handle);
  if (found !== null) setOwnerAndMode(root, handle, found.attributes, record.attributes);
  nodeTimes(root, record.node, handle, record.attributes);
}

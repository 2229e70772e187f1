/** checkListingEnd: what the directory holds beyond what was checked differs. */
import type { OperationRecord } from '@understudy/wire';
import { type ApplyContext, differs } from '../apply-context.ts';

export function checkListingEnd(record: OperationRecord, context: ApplyContext): void {
  const { root, run } = context;
  const checked = run.endChecks(root.index, record.parent);
  const parent = root.nodes.handleOf(record.parent);
  // After a restart nobody knows which names were checked before: silence is better than a false alarm.
  if (checked === null || parent === undefined) return;
  for (const { name, handle } of root.files.list(parent) ?? []) {
    if (checked.has(name) || root.isOwn({ parent, name })) continue;
    const node = root.nodes.nodeOf(handle);
    const detail = node === undefined ? 'it never came from the source' : '';
    differs({ ...record, node: node ?? record.parent, name }, context, 'extra', detail);
  }
}

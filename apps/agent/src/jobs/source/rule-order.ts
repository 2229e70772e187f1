/** The rules of a definition in the order in which they were given: an include takes back what an exclude before it has put out. */
import { brand, type RawName } from '@understudy/base';
import type { JobDefinition } from '@understudy/wire';
import type { RuleInput } from '../../rules/index.ts';

const bytesOf = (raw: { readonly bytes: string }): RawName =>
  brand<RawName>(Buffer.from(raw.bytes, 'base64').toString('latin1'));

export function rulesInOrder({
  include,
  exclude,
  ruleOrder,
}: Pick<JobDefinition, 'include' | 'exclude' | 'ruleOrder'>): RuleInput[] {
  const includes = include.map((path) => ({ include: true, path: bytesOf(path) }));
  const excludes = exclude.map((path) => ({ include: false, path: bytesOf(path) }));
  const ordered: RuleInput[] = [];
  for (const kind of ruleOrder ?? []) {
    const next = (kind === 'include' ? includes : excludes).shift();
    if (next !== undefined) ordered.push(next);
  }
  // Without an order, or beyond what it names: includes first, so that excludes win.
  return [...ordered, ...includes, ...excludes];
}

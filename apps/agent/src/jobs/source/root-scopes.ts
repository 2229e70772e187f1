/**
 * The rules of a job for each of its roots, whether the interceptor tells of more than the root, and what earlier rules of the job took in:
 * that stays on the target where the rules of now leave it out.
 */
import type { ProtectedRoot, Scope } from '@understudy/engine';
import { parseRule, scopeOf } from '../../rules/index.ts';
import type { FormerRules } from './former-rules.ts';
import type { JobRoot } from './job-roots.ts';
import type { RunnerRoot } from './job-runner.ts';
import type { Prepared } from './prepare-job.ts';
import { rulesInOrder } from './rule-order.ts';

export function scopesFor(
  roots: readonly JobRoot[],
  prepared: Pick<Prepared, 'rules'>,
  former: readonly FormerRules[] = [],
): RunnerRoot[] {
  const earlier = former.map((rules) =>
    rulesInOrder(rules)
      .map(parseRule)
      .filter((rule) => rule !== null),
  );
  return roots.map((root) => {
    const before = earlier.map((rules) => scopeOf(root.path, rules));
    const stays: Scope['stays'] = (path, isDirectory) =>
      before.some((scope) => scope.decide(path, isDirectory) !== 'outside');
    const scope = { ...scopeOf(root.path, prepared.rules), within: isWithinWider(root) };
    return { root, scope: before.length === 0 ? scope : { ...scope, stays } };
  });
}

const isWithinWider = ({ path, served }: { readonly path: string; readonly served: ProtectedRoot }): boolean =>
  served.path !== path;

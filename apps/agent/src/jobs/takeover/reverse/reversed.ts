/**
 * The definition of a job whose roles are swapped. In: the job as its former source has it, and who that is. Out: the same files in the
 * other direction, beginning at the replica's places and ending at the original paths. Pure.
 */
import { brand, type RawName, rawToText } from '@understudy/base';
import type { JobDefinition, RawPath, TargetServer } from '@understudy/wire';
import { replicaPathOf } from '../../../rules/index.ts';

const rawOf = ({ bytes }: Pick<RawPath, 'bytes'>): RawName =>
  brand<RawName>(Buffer.from(bytes, 'base64').toString('latin1'));
const writtenOf = (path: RawName): RawPath => ({
  text: rawToText(path),
  bytes: Buffer.from(path, 'latin1').toString('base64'),
});

/** Where the replica of that path lies. */
export function placeOf({ to, without }: Pick<JobDefinition, 'to' | 'without'>, path: RawName): RawName {
  return replicaPathOf(to === null ? null : rawOf(to), path, without === undefined ? null : rawOf(without));
}

/** A rule that ends in a slash means a directory only. */
function placed(definition: JobDefinition, rule: RawPath): RawPath {
  const path = rawOf(rule);
  const slash = path.endsWith('/') && path !== '/' ? '/' : '';
  return writtenOf(brand<RawName>(`${placeOf(definition, path)}${slash}`));
}

/**
 * `former`: the server that was the source. `kept`: what the product keeps within the replica, which is nobody's. Whether calls wait,
 * windows, schedules, the brake and a failover are of the direction that was, not of the way home.
 */
export function reversed(definition: JobDefinition, former: TargetServer, kept: readonly RawName[]): JobDefinition {
  const { to, without, include, exclude, ruleOrder, mirror } = definition;
  const { synchronous: _1, transmit: _2, verifySchedule: _3, without: _4, failover: _5, ...same } = definition;
  const order = ruleOrder ?? [...include.map(() => 'include' as const), ...exclude.map(() => 'exclude' as const)];
  return {
    ...same,
    sourceName: definition.target.name,
    target: former,
    include: include.map((rule) => placed(definition, rule)),
    exclude: [...exclude.map((rule) => placed(definition, rule)), ...kept.map(writtenOf)],
    ruleOrder: [...order, ...kept.map(() => 'exclude' as const)],
    to: without ?? null,
    ...(to === null ? {} : { without: to }),
    // What was asked for there may not be had here; who wants no mount gets none.
    intercept: definition.intercept === 'watch' ? 'watch' : 'auto',
    mode: 'async',
    brake: null,
    // What was removed here is not to stay there, and what only the former source has is not to be deleted.
    mirror: { ...(mirror ?? { blockSize: null, calculate: true }), orphans: 'move', orphansOlderThanMs: null },
  };
}

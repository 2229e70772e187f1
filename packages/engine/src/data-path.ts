/**
 * The path of a write, as a table of contents that runs:
 *
 *   intercept > queue > transmit > wire > accept > apply
 *
 * FSI intercepts (ports.ts, packages/interceptor). SRM queues (source/queue), SCM transmits (source/transmit): the source's half.
 * What crosses the wire is packages/wire. TCM accepts (target/accept), TRM applies (target/apply): the target's half.
 * The halves meet only on the wire; no stage imports another.
 */
import { SourcePath } from './data-path/source-path.ts';
import { TargetPath, type TargetPathOptions } from './data-path/target-path.ts';

/** queue > transmit. */
export function openSourceHalf(options: ConstructorParameters<typeof SourcePath>[0]): SourcePath {
  return new SourcePath(options);
}

/** accept > apply. */
export function openTargetHalf(options: TargetPathOptions): TargetPath {
  return new TargetPath(options);
}

/**
 * What an interceptor's activity log says after a power cut on the source: where the source may have lost what the target has, and
 * the target may lack what the source has. Outside of these regions nothing that was intercepted is in doubt.
 */
import type { RawName } from '@understudy/base';
import type { NodeId } from '@understudy/wire';

export type ActiveRegion =
  /** The names in a directory, and whatever was made in it, or in a directory made in it, since then. */
  | { readonly kind: 'names'; readonly node: NodeId; readonly sinceMs: number }
  /** Bytes of a file and its metadata; `to` null: up to the end, and the size. */
  | { readonly kind: 'content'; readonly node: NodeId; readonly from: number; readonly to: number | null }
  | { readonly kind: 'metadata'; readonly node: NodeId }
  /** Anything beneath the root. */
  | { readonly kind: 'all' };

export interface PowerCutRoot {
  readonly path: RawName;
  readonly regions: readonly ActiveRegion[];
}

export interface PowerCut {
  /** `identity` of the ring that was lost. */
  readonly ring: string;
  /** When the machine began to run again: what was changed since then, before it was protected again, nobody has seen. */
  readonly bootedAtMs: number;
  /** The roots of which the log knew every change. */
  readonly roots: readonly PowerCutRoot[];
  /** Those of which it did not. */
  readonly unknown: readonly RawName[];
}

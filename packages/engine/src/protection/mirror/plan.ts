/** How a mirror is to be done: what a job's options and a command come to. */
import { OrphanFate } from '@understudy/wire';
import type { DirtyItem } from '../../data-path/source/queue/dirty-map.ts';

export type Compare = 'everything' | 'attributes' | 'checksum';
export type OrphanChoice = keyof typeof OrphanFate;

export const SMALLEST_BLOCK = 4096;
export const LARGEST_BLOCK = 1024 * 1024;
/** 32 bytes of digest for each: a five-hundredth of what is compared crosses the wire. */
export const DEFAULT_BLOCK = 16 * 1024;

export interface MirrorOptions {
  /** Bytes of a block that is compared as one; a power of two from 4 KiB to 1 MiB. */
  readonly blockSize: number;
  /** Everything is listed before content is sent, so that what is left to do is known. */
  readonly calculate: boolean;
  /** What becomes of files on the target that never came from the source. */
  readonly orphans: OrphanChoice;
  /** Younger ones are only reported, ms; 0: all are meant. */
  readonly orphansOlderThanMs: number;
}

export interface MirrorPlan extends MirrorOptions {
  readonly compare: Compare;
}

export const DEFAULT_OPTIONS: MirrorOptions = {
  blockSize: DEFAULT_BLOCK,
  calculate: true,
  orphans: 'report',
  orphansOlderThanMs: 0,
};

export const isBlockSize = (bytes: number): boolean =>
  bytes >= SMALLEST_BLOCK && bytes <= LARGEST_BLOCK && (bytes & (bytes - 1)) === 0;

/** What a listing's end says about orphans: detail, extent and offset of the record. */
export interface OrphanOrders {
  readonly detail: number;
  readonly extent: number;
  readonly offset: number;
}

export function orphanOrders(options: MirrorOptions, nowMs: number): OrphanOrders {
  const older = options.orphansOlderThanMs;
  const extent = older === 0 ? 0 : Math.max(1, Math.floor((nowMs - older) / 1000));
  return { detail: OrphanFate[options.orphans], extent, offset: Math.max(1, Math.floor(nowMs)) };
}

/**
 * The order of a repair. What has changed since a power cut is looked for first: where a file is not found by its number alone that meets
 * each by its name. And the target has been asked about a file, which may be new to it, before anything of its content is sent.
 */
export function namesFirst(items: readonly DirtyItem[]): DirtyItem[] {
  const rank = ({ kind }: DirtyItem): number => {
    if (kind === 'changed') return 0;
    return kind === 'root' || kind === 'entry' || kind === 'names' ? 1 : 2;
  };
  return [0, 1, 2].flatMap((wanted) => items.filter((item) => rank(item) === wanted));
}

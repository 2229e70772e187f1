/**
 * How far back a target is to be able to go. In: the agent's settings, what the job says, the file systems of the replica. Out: an age and
 * a size. Promise: what is kept gives way before the file system is full.
 */
import { statfsSync } from 'node:fs';
import type { UndoReach } from '@understudy/engine';
import { z } from 'zod';

export interface UndoSettings {
  readonly ageMs: number;
  /** Bytes; up to 1 a share of the replica's file system. */
  readonly size: number;
}

export const NO_UNDO: UndoSettings = { ageMs: 0, size: 1 };

const ofJobSchema = z.object({
  failover: z.object({ undo: z.object({ sizeBytes: z.number().min(0), ageMs: z.number().min(0) }).partial() }),
});

/** What the job itself says comes before what the agent's settings say. */
export function undoSettingsOf(hello: object, settings: UndoSettings): UndoSettings {
  const handover = 'handover' in hello ? hello.handover : null;
  const job = z.object({ definition: ofJobSchema }).safeParse(handover);
  const { sizeBytes, ageMs } = job.success ? job.data.definition.failover.undo : {};
  return { ageMs: ageMs ?? settings.ageMs, size: sizeBytes ?? settings.size };
}

const LOOK_MS = 5000;
const GIB = 2 ** 30;
/** Stays free, of a file system of that size. */
const leastFree = (total: number): number => Math.min(GIB, total / 20);

export interface Space {
  readonly total: number;
  readonly free: number;
}

/** Of the file system that holds it; null: nobody knows. */
export function spaceAt(path: string): Space | null {
  try {
    const { bsize, blocks, bavail } = statfsSync(Buffer.from(path, 'latin1'));
    return { total: bsize * blocks, free: bsize * bavail };
  } catch {
    return null;
  }
}

/** `kept`: what is taken now. The file systems are looked at every few seconds. */
export function undoReach(
  settings: UndoSettings,
  paths: () => readonly string[],
  kept: () => number,
  space: (path: string) => Space | null = spaceAt,
): () => UndoReach {
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let reach: UndoReach = { ageMs: 0, bytes: 0 };
  return () => {
    const now = performance.now();
    if (now - lookedAtMs < LOOK_MS) return reach;
    lookedAtMs = now;
    const { ageMs, size } = settings;
    const spaces = paths().flatMap((path) => space(path) ?? []);
    const totals = spaces.map(({ total }) => (size <= 1 ? total * size : size));
    const wanted = Math.floor(Math.min(size <= 1 ? Number.MAX_SAFE_INTEGER : size, ...totals));
    const room = Math.min(...spaces.map(({ total, free }) => free - leastFree(total)));
    const isShort = room < 0;
    reach = { ageMs, bytes: isShort ? Math.max(0, Math.min(wanted, kept() + room)) : wanted, isShort };
    return reach;
  };
}

/**
 * What a job keeps beside its definition so that a killed agent goes on where it was: the queue's segments, what the job must know
 * again, and how far the target had come. In: a job's memory and marks. Out: the same for the next process, if it reads the same ring.
 * Promise: what cannot be trusted is not handed out; a folder that takes nothing more never keeps the job from running.
 */
import { closeSync, existsSync, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { formatBytes } from '@understudy/base';
import type { JobEvent, JobMemory, KnownReceived, PowerCutOfJob, QueueStore } from '@understudy/engine';
import { position } from '@understudy/wire';
import type { z } from 'zod';
import { syncDirectory, writeFileAtomically } from '../../home/atomic-json.ts';
import { makeFolder } from '../../home/make-folder.ts';
import { messageOf } from '../../home/start-error.ts';
import { SegmentStore } from '../../ports/segments/index.ts';
import { isOfLostRing } from './after-power-cut.ts';
import { lostOf, QueueBounds } from './queue-bounds.ts';
import { queueStateSchema } from './queue-state.ts';
import { SegmentQueueStore } from './queue-store.ts';
import { ScopeLog } from './scope-log.ts';

export interface QueueLimits {
  /** Bytes on disk; up to 1 it is a share of the file system. */
  readonly diskBytes: number;
  readonly minFreeBytes: number;
  /** Share of the limit at which somebody is told. */
  readonly alertShare: number;
}

export interface QueueFolderOptions {
  readonly folder: string;
  readonly limits: QueueLimits;
  readonly event: (event: JobEvent) => void;
}

/** What an earlier process left of the same stream. */
export interface LeftBehind extends KnownReceived {
  readonly streamId: string;
  readonly memory: JobMemory;
  readonly version: number;
  /** The ring was lost with the machine's power: these regions are compared. */
  readonly powerCut?: PowerCutOfJob;
}

/** How an earlier ring was lost. */
export interface LostRingOfJob {
  readonly ring: string;
  readonly regions: PowerCutOfJob;
}

const STATE = 'state.json';
/** Three numbers, and the sum of their bytes. */
const MARK_BYTES = 32;
const MARKED = 24;
/** How a state begins: with the sum of what follows, as if it began there. */
const SUM = /^\{"sum":(\d{1,10}),/;

type QueueState = z.output<typeof queueStateSchema>;

interface Marks {
  readonly received: number;
  readonly origin: number;
  readonly version: number;
}

/** Nothing goes on from what lies in the folder. True: something would have. Throws where the file cannot be taken away. */
export function forgetState(folder: string): boolean {
  const path = join(folder, STATE);
  if (!existsSync(path)) return false;
  rmSync(path);
  syncDirectory(folder);
  return true;
}

export class QueueFolder {
  readonly store: QueueStore | undefined;
  readonly #options: QueueFolderOptions;
  readonly #statePath: string;
  readonly #mark = Buffer.alloc(MARK_BYTES);
  #marks: number | null = null;
  #damage: string | null = null;
  /** Entries that are to be there and are not, at an end of the run; it matters only where a job goes on. */
  #lost: string | null = null;
  #failed = false;

  constructor(options: QueueFolderOptions) {
    this.#options = options;
    this.#statePath = join(options.folder, STATE);
    try {
      makeFolder(options.folder);
      this.#marks = openSync(join(options.folder, 'marks'), 'a+', 0o600);
      closeSync(this.#marks);
      this.#marks = openSync(join(options.folder, 'marks'), 'r+');
      this.store = this.#openStore();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Null: nothing, or nothing of this stream; `key` names the ring, the roots and the rules. */
  leftBehind(key: string, lost: LostRingOfJob | null = null): LeftBehind | null {
    const state = this.#readState();
    const marks = this.#readMarks();
    if (state !== null && lost !== null && isOfLostRing(state.key, key, lost.ring))
      return this.#afterPowerCut(state, marks, lost.regions);
    if (state === null || marks === null || state.key !== key || state.version < marks.version) {
      this.store?.clear();
      return null;
    }
    if (this.#damage === null && this.#lost !== null) this.#damaged(this.#lost);
    const { streamId, version } = state;
    const goesOn = { streamId, version, received: position(marks.received), origin: marks.origin };
    if (this.#damage === null) return { ...goesOn, memory: state.memory };
    // Before the damage is out of sight: were this process killed now, the next one would find a state and nothing that is missing.
    this.forget();
    this.store?.clear();
    return { ...goesOn, memory: { ...state.memory, scopes: [] } };
  }

  /**
   * What was queued is in active regions, wherever it was; only what the job had known of its target counts, and that is written durably.
   * The marks are not: they may be older than the truth, or gone, and then nothing is asked of the target.
   */
  #afterPowerCut(
    { memory, streamId, version }: QueueState,
    marks: Marks | null,
    powerCut: PowerCutOfJob,
  ): LeftBehind | null {
    this.store?.clear();
    if (marks !== null && version < marks.version) return null;
    const { received, origin } = marks ?? { received: 0, origin: 0 };
    return { streamId, memory, version, received: position(received), origin, powerCut };
  }

  /** False: it could not be kept; then an older one is not to be found either. */
  keep(state: {
    readonly key: string;
    readonly streamId: string;
    readonly version: number;
    readonly memory: JobMemory;
  }): boolean {
    try {
      const text = JSON.stringify(state);
      writeFileAtomically(this.#statePath, `{"sum":${crc32(text)},${text.slice(1)}`);
      this.#failed = false;
      return true;
    } catch (error) {
      this.#fail(error);
      this.forget();
      return false;
    }
  }

  /** `version`: a state older than it does not count any more. */
  mark(received: number, origin: number, version: number): void {
    if (this.#marks === null) return;
    for (const [i, value] of [received, origin, version].entries()) this.#mark.writeDoubleLE(value, i * 8);
    this.#mark.writeDoubleLE(crc32(this.#mark.subarray(0, MARKED)), MARKED);
    try {
      writeSync(this.#marks, this.#mark, 0, MARK_BYTES, 0);
    } catch (error) {
      this.#fail(error);
      this.forget();
    }
  }

  /** Which files the target knows is written down beside; see scope-log.ts. */
  scopeLog(stream: string): ScopeLog {
    return new ScopeLog(join(this.#options.folder, 'scopes'), stream);
  }

  /** It cannot be written: said once, as for everything else here. */
  failed(error: unknown): void {
    this.#fail(error);
  }

  /** From now on nothing is certain of what was kept. */
  forget(): void {
    try {
      rmSync(this.#statePath, { force: true });
      syncDirectory(this.#options.folder);
    } catch (error) {
      this.#fail(error);
    }
  }

  close(): void {
    this.store?.close();
    if (this.#marks !== null) closeSync(this.#marks);
    this.#marks = null;
  }

  #openStore(): QueueStore {
    const { folder, limits, event } = this.#options;
    const bounds = new QueueBounds(join(folder, 'bounds'));
    const opened = SegmentStore.open({
      folder: join(folder, 'segments'),
      limits,
      alert: (over, used, limit) =>
        event({
          code: over ? 'queue-alert' : 'queue-alert-over',
          severity: over ? 'warning' : 'information',
          sentence: `The send queue holds ${formatBytes(used)} on disk; its limit there is ${formatBytes(limit)}.`,
        }),
      failed: (sentence) => event({ code: 'queue-disk-failed', severity: 'error', sentence }),
    });
    if (opened.damage.length > 0) this.#damaged(opened.damage.map(({ sentence }) => sentence).join(' '));
    this.#lost = lostOf(bounds.found, opened.store, join(folder, 'segments'));
    return new SegmentQueueStore(opened.store, bounds);
  }

  #damaged(why: string): void {
    this.#damage = why;
    const sentence = `The send queue on disk is damaged (${why}): what it held is not known, so that everything is compared.`;
    this.#options.event({ code: 'queue-damaged', severity: 'error', sentence });
  }

  #readState() {
    try {
      const text = readFileSync(this.#statePath, 'utf8');
      const [begin = '', sum = ''] = SUM.exec(text) ?? [];
      const state = `{${text.slice(begin.length)}`;
      if (begin === '' || crc32(state) !== Number(sum)) return null;
      const parsed = queueStateSchema.safeParse(JSON.parse(state));
      return parsed.success ? parsed.data : null;
    } catch {
      // None, or one that cannot be read: everything is compared then.
      return null;
    }
  }

  #readMarks(): Marks | null {
    if (this.#marks === null || readSync(this.#marks, this.#mark, 0, MARK_BYTES, 0) !== MARK_BYTES) return null;
    if (this.#mark.readDoubleLE(MARKED) !== crc32(this.#mark.subarray(0, MARKED))) return null;
    const [received = 0, origin = 0, version = 0] = [0, 1, 2].map((i) => this.#mark.readDoubleLE(i * 8));
    const whole = [received, origin, version].every((value) => Number.isSafeInteger(value) && value >= 0);
    return whole ? { received, origin, version } : null;
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    const { folder, event } = this.#options;
    event({
      code: 'queue-folder-failed',
      severity: 'error',
      sentence: `The folder of the queue, ${folder}, cannot be used (${messageOf(error)}). Replication goes on; after a restart of the agent everything is compared. See to free space and permissions there.`,
    });
  }
}

/**
 * Keeps others from changing a replica while its job runs (TRM3). In: roots as they are opened. Out: a read-only mount over each, which
 * the job's own tree writes behind; or a refusal that names who has it open for writing. Promises: what cannot be kept from others is
 * said, never taken for granted; a mount left by an agent that was killed is known again and not doubled; given back, nothing is left.
 */
import { printable, type RawName } from '@understudy/base';
import { FileError } from '@understudy/engine';
import { coverAt, coverReadOnly, uncover } from '@understudy/filesystem';
import type { TargetWrites } from '@understudy/wire';
import { isWritable } from './is-writable.ts';
import { type Holder, type Holders, holdersBelow } from './open-writers.ts';
import { waysInto } from './ways-in.ts';

/** Somebody else may write into the replica now. */
export class ReplicaHeld extends Error {
  override readonly name = 'ReplicaHeld';
}

/** What the guard asks of the kernel. */
export interface GuardPorts {
  /** Throws FileError. */
  cover(path: RawName): void;
  isCovered(path: RawName): boolean;
  /** The answer: what keeps it there, writable. */
  uncover(path: RawName): readonly RawName[];
  holders(path: RawName): Holders;
  ways(path: RawName): readonly RawName[];
}

export const kernelGuard: GuardPorts = {
  cover: coverReadOnly,
  isCovered: (path) => coverAt(path) !== null,
  uncover,
  holders: holdersBelow,
  ways: waysInto,
};

export type TellGuard = (code: string, severity: 'information' | 'warning' | 'error', sentence: string) => void;

const LISTED = 5;

export class ReplicaGuard {
  readonly #ports: GuardPorts;
  readonly #tell: TellGuard;
  readonly #covered = new Set<RawName>();
  /** Those that this process laid there. */
  readonly #fresh = new Set<RawName>();
  #state: TargetWrites = { state: 'refused', sentence: '' };

  constructor(ports: GuardPorts, tell: TellGuard) {
    this.#ports = ports;
    this.#tell = tell;
  }

  /** Whether others can change the replica. */
  get state(): TargetWrites {
    return this.#state;
  }

  /** A root is open. Throws ReplicaHeld; then it is as it was before. */
  opened(path: RawName): void {
    try {
      // First without touching anything: it is asked again every few seconds while somebody writes.
      this.#refuseWriters(path);
      if (isCovered(this.#ports, path)) {
        this.#covered.add(path);
        return;
      }
      if (!this.#cover(path)) return;
      this.#fresh.add(path);
      this.#refuseWriters(path);
      this.#tellWaysAround(path);
    } catch (error) {
      giveBack([...this.#fresh], this.#ports, this.#tell);
      throw error;
    }
  }

  /** Somebody may have taken the mount away. */
  look(): void {
    for (const path of [...this.#covered]) {
      if (!isWritable(path)) continue;
      this.#covered.delete(path);
      const again = this.#cover(path);
      const sentence =
        `The read-only mount over the replica ${printable(path)} was taken away by somebody${again ? '; it is up again' : ''}. ` +
        '`understudy verify --repair` finds and mends what was changed meanwhile.';
      this.#tell('replica-guard-lost', 'warning', sentence);
      if (again) this.#tellWaysAround(path);
    }
  }

  /** False, and said: it cannot be. */
  #cover(path: RawName): boolean {
    try {
      this.#ports.cover(path);
      this.#covered.add(path);
      return true;
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      const sentence =
        `The replica ${printable(path)} is not protected against other writers: it cannot be mounted read-only (${error.message}). ` +
        'Give the agent CAP_SYS_ADMIN, or make the job with --target-writes allow.';
      this.#state = { state: 'unguarded', sentence: sentence.slice(0, 1000) };
      this.#tell('replica-unguarded', 'warning', sentence);
      return false;
    }
  }

  #holders(path: RawName): Holders {
    try {
      return this.#ports.holders(path);
    } catch (error) {
      // Its mount is out of sight (another root directory): then covering it fails, and says so.
      if (error instanceof FileError) return { writers: [], standing: [] };
      throw error;
    }
  }

  #refuseWriters(path: RawName): void {
    const { writers } = this.#holders(path);
    if (writers.length === 0) return;
    throw new ReplicaHeld(
      `The replica ${printable(path)} is open for writing on the target by ${listed(writers)}. A replica that others change is none: ` +
        'end them (the job goes on by itself), or make the job with --target-writes allow.',
    );
  }

  #tellWaysAround(path: RawName): void {
    const shown = printable(path);
    const { standing } = this.#holders(path);
    if (standing.length > 0)
      this.#tell(
        'replica-guard-passed',
        'warning',
        `The replica ${shown} is read-only for others now, but not for those who stood in it before: ${listed(standing)}. They must not write there.`,
      );
    const ways = this.#ports.ways(path).map((way) => printable(way));
    if (ways.length > 0)
      this.#tell(
        'replica-guard-passed',
        'warning',
        `The replica ${shown} is read-only for others now, but it can still be written by way of ${ways.slice(0, LISTED).join(', ')}: unmount that, or use it for reading only.`,
      );
  }
}

/** Takes away what keeps others from writing, innermost first; a root within another may lie under two mounts. */
export function giveBack(paths: readonly RawName[], ports: GuardPorts, tell: TellGuard): void {
  const innermost = [...paths].sort((one, other) => other.length - one.length);
  for (let round = 0; round <= paths.length; round += 1) {
    const covered = innermost.filter((path) => isCovered(ports, path));
    if (covered.length === 0) return;
    for (const path of covered) uncoverOne(path, ports, tell);
  }
}

function isCovered(ports: GuardPorts, path: RawName): boolean {
  try {
    return ports.isCovered(path);
  } catch (error) {
    // It is gone, or out of sight: there is nothing to take away.
    if (error instanceof FileError) return false;
    throw error;
  }
}

function uncoverOne(path: RawName, ports: GuardPorts, tell: TellGuard): void {
  try {
    const staying = ports.uncover(path);
    if (staying.length === 0) return;
    const within = staying.slice(0, LISTED).map((each) => printable(each));
    tell(
      'replica-guard-stays',
      'warning',
      `The mount over the replica ${printable(path)} is writable again and stays, because ${within.join(', ')} was mounted within it; it goes with \`umount\` when that is unmounted.`,
    );
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    tell(
      'replica-guard-stays',
      'error',
      `The read-only mount over the replica ${printable(path)} could not be taken away (${error.message}); take it away with \`umount\`.`,
    );
  }
}

function listed(holders: readonly Holder[]): string {
  const shown = holders
    .slice(0, LISTED)
    .map(({ pid, command, path }) => `process ${pid} (${command.slice(0, 60)}: ${printable(path)})`);
  const more = holders.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

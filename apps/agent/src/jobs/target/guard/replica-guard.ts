/**
 * Keeps others from changing a replica while its job runs (TRM3). In: roots as they are opened. Out: a read-only mount over each, which
 * the job's own tree writes behind; or a refusal that names who has it open for writing. Promises: what cannot be kept from others is
 * said, never taken for granted; a mount left by an agent that was killed is known again and not doubled; given back, nothing is left;
 * a replica that others could write into while the job went on is said to be one, to be compared, unless it is known that nobody did.
 */
import { printable, type RawName } from '@understudy/base';
import { FileError } from '@understudy/engine';
import { coverAt, coverReadOnly, uncover } from '@understudy/filesystem';
import type { TargetWrites } from '@understudy/wire';
import { type ChangedSince, changedSince } from './changed-since.ts';
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
  /** Null: it cannot be told. */
  changedSince(path: RawName, sinceMs: number): ChangedSince | null;
}

/** What is known of the replica from before. */
export interface GuardPast {
  /** Null: nothing kept others from it when it was last seen. `liftedAt`: an agent that ended in order took its mount away then. */
  readonly guarded: { readonly liftedAt?: number | undefined } | null;
  /** Others could write into it, and perhaps did: it has to be compared. */
  opened(sentence: string): void;
}

const NO_PAST: GuardPast = { guarded: null, opened: () => {} };

export const kernelGuard: GuardPorts = {
  cover: coverReadOnly,
  isCovered: (path) => coverAt(path) !== null,
  uncover,
  holders: holdersBelow,
  ways: waysInto,
  changedSince,
};

export type TellGuard = (code: string, severity: 'information' | 'warning' | 'error', sentence: string) => void;

const LISTED = 5;

export class ReplicaGuard {
  readonly #ports: GuardPorts;
  readonly #tell: TellGuard;
  readonly #covered = new Set<RawName>();
  /** Those that this process laid there. */
  readonly #fresh = new Set<RawName>();
  readonly #past: GuardPast;
  #state: TargetWrites = { state: 'refused', sentence: '' };

  constructor(ports: GuardPorts, tell: TellGuard, past: GuardPast = NO_PAST) {
    this.#ports = ports;
    this.#tell = tell;
    this.#past = past;
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
      const covers = this.#cover(path);
      if (covers) {
        this.#fresh.add(path);
        this.#refuseWriters(path);
        this.#tellWaysAround(path);
      }
      this.#lookBack(path);
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
      const gone = `The read-only mount over the replica ${printable(path)} was taken away by somebody${again ? '; it is up again' : ''}`;
      this.#opened('replica-guard-lost', gone);
      if (again) this.#tellWaysAround(path);
    }
  }

  /** The job went on with the mount away: while no agent ran nothing of ours changed a file, so that each that was changed tells. */
  #lookBack(path: RawName): void {
    const { guarded } = this.#past;
    if (guarded === null) return;
    const shown = printable(path);
    if (guarded.liftedAt === undefined) {
      this.#opened('replica-guard-lost', `The read-only mount over the replica ${shown} was not there any more`);
      return;
    }
    const changed = this.#ports.changedSince(path, guarded.liftedAt);
    const away = `While this agent did not run others could write into the replica ${shown}`;
    if (changed === null) this.#opened('replica-guard-lost', away);
    else if (changed.count === 0) this.#tell('replica-unchanged', 'information', `${away}; nobody did.`);
    else {
      const paths = changed.first.map((each) => printable(each)).join(', ');
      const more = changed.count > changed.first.length ? ` and ${changed.count - changed.first.length} more` : '';
      this.#opened('replica-changed', `${away}, and something was changed there: ${paths}${more}`);
    }
  }

  /** Known for longer than this process lives before anybody is told. */
  #opened(code: string, sentence: string): void {
    this.#past.opened(`${sentence}.`);
    this.#tell(
      code,
      'warning',
      `${sentence}. Both sides are compared by themselves, and what was changed is repaired.`,
    );
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

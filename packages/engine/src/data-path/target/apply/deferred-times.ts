/**
 * Times to be set last: every change of content or of a directory moves them, so setting them once, at the end of a batch, is both
 * right and cheap. Its owner ends the batch when `size` reaches its limit.
 */
import type { Attributes } from '@understudy/wire';
import { FileError, type Handle, type ReplicaFiles } from '../../../ports.ts';

type Times = Pick<Attributes, 'atimeSec' | 'atimeNsec' | 'mtimeSec' | 'mtimeNsec'>;
interface Due {
  readonly mtimeSec: number;
  readonly mtimeNsec: number;
  readonly atime: { readonly sec: number; readonly nsec: number } | null;
}

/** mtime of a file whose content is not complete: no source's file has it, so a comparison can never take it for equal. */
export const SENTINEL = { sec: 0, nsec: 1 } as const;

export class DeferredTimes {
  readonly #files: ReplicaFiles;
  readonly #due = new Map<Handle, Due>();

  constructor(files: ReplicaFiles) {
    this.#files = files;
  }

  get size(): number {
    return this.#due.size;
  }

  set(handle: Handle, times: Times): void {
    const { mtimeSec, mtimeNsec } = times;
    this.#due.set(handle, { mtimeSec, mtimeNsec, atime: { sec: times.atimeSec, nsec: times.atimeNsec } });
  }

  setMtime(handle: Handle, sec: number, nsec: number): void {
    const atime = this.#due.get(handle)?.atime ?? null;
    this.#due.set(handle, { mtimeSec: sec, mtimeNsec: nsec, atime });
  }

  /** A change is about to be made that the source did not make: the mtime of now is to stand afterwards. */
  keep(handle: Handle): void {
    if (this.#due.has(handle)) return;
    const now = this.#files.attributes(handle);
    if (now !== null) this.setMtime(handle, now.mtimeSec, now.mtimeNsec);
  }

  first(): Handle | undefined {
    return this.#due.keys().next().value;
  }

  drop(handle: Handle): void {
    this.#due.delete(handle);
  }

  /** Throws FileError; what is not yet set stays due. */
  flush(): void {
    for (const handle of this.#due.keys()) this.flushOne(handle);
  }

  flushOne(handle: Handle): void {
    const due = this.#due.get(handle);
    if (due === undefined) return;
    this.#apply(handle, due);
    this.#due.delete(handle);
  }

  #apply(handle: Handle, { mtimeSec, mtimeNsec, atime }: Due): void {
    try {
      if (atime === null) this.#files.setMtime(handle, mtimeSec, mtimeNsec);
      else this.#files.setTimes(handle, { atimeSec: atime.sec, atimeNsec: atime.nsec, mtimeSec, mtimeNsec });
    } catch (error) {
      // The file was removed by a later operation of the batch.
      if (!(error instanceof FileError && (error.code === 'ESTALE' || error.code === 'ENOENT'))) throw error;
    }
  }
}

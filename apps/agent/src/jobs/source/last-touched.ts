/** Which file the newest operation was about, for people. In: nodes as they pass. Out: a path, where it has one still. */
import type { RawName } from '@understudy/base';
import { FileError, type ProtectedRoot } from '@understudy/engine';
import type { NodeId } from '@understudy/wire';

export class LastTouched {
  #last: { readonly root: ProtectedRoot; readonly node: NodeId } | null = null;

  note(root: ProtectedRoot | undefined, node: NodeId): void {
    if (node !== 0n && root !== undefined) this.#last = { root, node };
  }

  /** The root's files are not to be touched again. */
  forget(): void {
    this.#last = null;
  }

  path(): RawName | null {
    if (this.#last === null) return null;
    try {
      return this.#last.root.files.pathOf(this.#last.node);
    } catch (error) {
      // A path for people must not fail the status that it only adorns.
      if (error instanceof FileError) return null;
      throw error;
    }
  }
}

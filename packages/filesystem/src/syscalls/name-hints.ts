/**
 * Names under which files were last seen. The kernel can tell any directory's path, but a file's only while it remembers one of its
 * names; this remembers a few more. A hint is always proved before it is used.
 */
import type { RawName } from '@understudy/base';
import { handleOfDescriptor, isNamed, join, pathBeneath } from './path-of.ts';

const HELD = 4096;

export class NameHints<Identity> {
  readonly #hints = new Map<Identity, { readonly parent: Identity; readonly name: RawName }>();

  remember(identity: Identity, parent: Identity, name: RawName): void {
    this.#hints.delete(identity);
    this.#hints.set(identity, { parent, name });
    if (this.#hints.size > HELD) this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const oldest of this.#hints.keys()) {
      this.#hints.delete(oldest);
      return;
    }
  }

  /** The path beneath `rootFd` of the file `fd` is open on; `openParent` answers -1 where the parent is gone. */
  path(rootFd: number, identity: Identity, fd: number, openParent: (parent: Identity) => number): RawName | null {
    const known = pathBeneath(rootFd, fd);
    if (known !== null) return known;
    const hint = this.#hints.get(identity);
    const handle = hint === undefined ? null : handleOfDescriptor(fd);
    if (hint === undefined || handle === null) return null;
    const parent = openParent(hint.parent);
    if (parent < 0 || !isNamed(parent, hint.name, handle)) return null;
    const directory = pathBeneath(rootFd, parent);
    return directory === null ? null : join(directory, hint.name);
  }
}

/**
 * What a source's filter does while a mirror runs, in miniature: operations on what the mirror has not brought yet do not go out; what
 * thereby might differ is remembered and said at the end.
 */
import type { RawName } from '@understudy/base';
import { NO_NODE, type NodeId, type OperationRecord, type RecordInput, RenameFlag, Verb } from '@understudy/wire';

const CREATING = new Set<number>([Verb.create, Verb.mkdir, Verb.symlink, Verb.mknod]);

export class KnownNodes {
  readonly #known = new Set<NodeId>();
  /** Names to be looked at again. */
  readonly dirty: { readonly parent: NodeId; readonly name: string }[] = [];

  add(node: NodeId): void {
    this.#known.add(node);
  }

  has(node: NodeId): boolean {
    return this.#known.has(node);
  }

  /** What goes out in place of the operation. */
  filter(r: OperationRecord): RecordInput[] {
    if (CREATING.has(r.verb)) return this.#created(r, this.has(r.parent));
    if (r.verb === Verb.tmpfile) return this.#created(r, true);
    if (r.verb === Verb.link) return this.#linked(r);
    if (r.verb === Verb.unlink || r.verb === Verb.rmdir) return this.#removed(r);
    if (r.verb !== Verb.rename) return this.has(r.node) ? [r] : [];
    return (r.detail & RenameFlag.exchange) !== 0 ? this.#exchanged(r) : this.#renamed(r);
  }

  #created(r: OperationRecord, wanted: boolean): RecordInput[] {
    if (!wanted) return [];
    this.add(r.node);
    return [r];
  }

  #linked(r: OperationRecord): RecordInput[] {
    if (!this.has(r.parent)) return [];
    if (this.has(r.node)) return [r];
    this.dirty.push({ parent: r.parent, name: r.name });
    return [];
  }

  #removed(r: OperationRecord): RecordInput[] {
    const known = this.has(r.node);
    if (r.victimNlink === 0) this.#known.delete(r.node);
    if (this.has(r.parent)) return [r];
    return known && r.victimNlink === 0 ? [{ verb: Verb.forget, node: r.node }] : [];
  }

  #renamed(r: OperationRecord): RecordInput[] {
    const victimForgotten = r.victim !== NO_NODE && r.victimNlink === 0 && this.has(r.victim);
    if (victimForgotten) this.#known.delete(r.victim);
    const was = this.has(r.parent);
    const is = this.has(r.parent2);
    if (is && was && this.has(r.node)) return [r];
    if (is) this.dirty.push({ parent: r.parent2, name: r.name2 });
    const out = was ? [detach(r, r.parent, r.name)] : [];
    return victimForgotten && !is ? [{ verb: Verb.forget, node: r.victim }, ...out] : out;
  }

  #exchanged(r: OperationRecord): RecordInput[] {
    const one = this.has(r.parent);
    const two = this.has(r.parent2);
    if (one && two && this.has(r.node) && this.has(r.victim)) return [r];
    const out: RecordInput[] = [];
    for (const [ours, parent, name] of [
      [one, r.parent, r.name],
      [two, r.parent2, r.name2],
    ] as const) {
      if (!ours) continue;
      this.dirty.push({ parent, name });
      out.push(detach(r, parent, name));
    }
    return out;
  }
}

function detach(r: OperationRecord, parent: NodeId, name: RawName): RecordInput {
  const first = parent === r.parent;
  return {
    verb: Verb.detach,
    parent,
    name,
    parentMtimeSec: first ? r.parentMtimeSec : r.parent2MtimeSec,
    parentMtimeNsec: first ? r.parentMtimeNsec : r.parent2MtimeNsec,
  };
}

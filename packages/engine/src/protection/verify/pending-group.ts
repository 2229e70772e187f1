/**
 * Statements about the source that were read and not yet said. In: records read, operations that pass meanwhile.
 * Out: which statements stood still from the read until everything that was executing then is in the stream (VER1); only those are exact.
 */
import type { RawName } from '@understudy/base';
import { type NodeId, type OperationRecord, type RecordInput, Verb } from '@understudy/wire';

export interface Statement {
  readonly records: readonly RecordInput[];
  readonly root: number;
  readonly node: NodeId;
  /** For entries: where the name is. */
  readonly place: { readonly parent: NodeId; readonly name: RawName } | null;
  /** For content: which bytes; null: any change of the node concerns it. */
  readonly range: { readonly offset: number; readonly end: number } | null;
  touched: boolean;
  /** How often it moved under the reading before. */
  readonly tries: number;
}

export class PendingGroup {
  readonly statements: Statement[] = [];
  readonly #byNode = new Map<string, Statement[]>();
  readonly #byPlace = new Map<string, Statement>();

  add(statement: Statement): void {
    this.statements.push(statement);
    const key = `${statement.root}/${statement.node}`;
    const same = this.#byNode.get(key);
    if (same === undefined) this.#byNode.set(key, [statement]);
    else same.push(statement);
    const { place, root } = statement;
    if (place !== null) this.#byPlace.set(`${root}/${place.parent}/${place.name}`, statement);
  }

  /** An operation passed by while these statements wait. */
  observe(r: OperationRecord): void {
    this.#touchPlace(r.root, r.parent, r.name);
    if (r.verb === Verb.rename) this.#touchPlace(r.root, r.parent2, r.name2);
    for (const node of [r.node, r.victim, r.parent, r.parent2]) this.#touchNode(r, node);
  }

  #touchPlace(root: number, parent: NodeId, name: RawName): void {
    const statement = this.#byPlace.get(`${root}/${parent}/${name}`);
    if (statement !== undefined) statement.touched = true;
  }

  #touchNode(r: OperationRecord, node: NodeId): void {
    for (const statement of this.#byNode.get(`${r.root}/${node}`) ?? []) {
      const { range } = statement;
      const elsewhere =
        r.verb === Verb.write && range !== null && (r.offset >= range.end || r.offset + r.extent <= range.offset);
      if (!elsewhere) statement.touched = true;
    }
  }
}

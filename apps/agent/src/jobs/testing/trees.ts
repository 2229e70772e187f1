/** Replicas in memory for a target's tests, and records that do nothing. In: paths. Out: a tree for each directory that is there. */
import { mkdirSync, statSync } from 'node:fs';
import { MemoryReplica } from '@understudy/engine/testing';
import { encodeRecord, record, Verb } from '@understudy/wire';

/** A replica in memory for a directory on disk: a directory made anew is another replica. */
export class Trees {
  readonly all = new Map<number, MemoryReplica>();
  fails: Error | null = null;
  opening = () => {};
  readonly open = ({ rootPath, limboPath }: { rootPath: string; limboPath: string }) => {
    this.opening();
    if (this.fails !== null) throw this.fails;
    mkdirSync(rootPath, { recursive: true });
    mkdirSync(limboPath, { recursive: true });
    const inode = statIno(rootPath);
    const tree = this.all.get(inode) ?? new MemoryReplica();
    this.all.set(inode, tree);
    return tree;
  };
}
export const statIno = (path: string) => statSync(path).ino;

export function markers(from: number, to: number): Buffer {
  const all = [];
  for (let p = from; p <= to; p += 1) all.push(encodeRecord(record({ verb: Verb.marker, sequence: p })));
  return Buffer.concat(all);
}

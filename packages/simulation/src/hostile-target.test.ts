/**
 * A target that is paired and means harm: what it answers may name any file of the source's file system, for a file handle opens any.
 * Nothing of what is not in the set is opened or said; the job goes on, and what it compares instead is told.
 */
import { rawFromText } from '@understudy/base';
import { FileType } from '@understudy/interceptor/memory';
import { decodeRecord, type NodeId, peekLength, position, type Reply } from '@understudy/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Pair } from './pair.ts';
import { atRest, protecting, turn } from './protecting.ts';

const name = rawFromText;
const LATE = position(1_000_000);
const base64 = (path: string) => Buffer.from(path).toString('base64');

describe('[promise] a target that means harm', () => {
  let pair: Pair;
  let file: NodeId;
  /** What lies beside the protected folder, in the same file system. */
  let elsewhere: Record<'folder' | 'secret' | 'link', NodeId>;
  let said: Set<NodeId>;
  let read: Set<NodeId>;

  beforeEach(async () => {
    said = new Set();
    read = new Set();
    const reads = new Set<string | symbol>(['open', 'openDirectory', 'readLink', 'xattrs']);
    const made = await protecting({
      tamper: (message) => {
        if (message.kind !== 'operations') return message;
        const { bytes } = message.packet;
        for (let at = 0; at < bytes.length; at += peekLength(bytes, at)) {
          const { node, parent } = decodeRecord(bytes, at);
          said.add(node).add(parent);
        }
        return message;
      },
      wrapFiles: (files) =>
        new Proxy(files, {
          get: (of, key) => {
            const value = Reflect.get(of, key, of);
            if (typeof value !== 'function') return value;
            return (node: NodeId, ...more: unknown[]) => {
              if (reads.has(key)) read.add(node);
              return value.call(of, node, ...more);
            };
          },
        }),
    });
    ({ pair, file } = made);
    const folder = pair.fs.mkdir(pair.fs.root, name('elsewhere'));
    const secret = pair.fs.create(folder, name('secret'));
    pair.fs.write(secret, 0, new TextEncoder().encode('for nobody'));
    elsewhere = {
      folder,
      secret,
      link: pair.fs.symlink(folder, name('link'), new TextEncoder().encode('/elsewhere/secret')),
    };
  });

  /** Everything that can be answered about a node. */
  function lies(node: NodeId, parent: NodeId): Reply[] {
    const of = { at: LATE, root: 0, node };
    const differs = { ...of, kind: 'differs', offset: 0, extent: 4096, path: base64('n0'), detail: '' } as const;
    return [
      { ...of, kind: 'failed', parent, errno: 'EIO', path: base64('../elsewhere/secret') },
      { ...of, kind: 'failed', parent: file, errno: 'EIO', path: base64('n0') },
      { ...of, kind: 'want' },
      { ...of, kind: 'have' },
      { ...differs, what: 'content' },
      { ...differs, what: 'mode' },
      { ...differs, what: 'missing', parent, path: base64('secret') },
    ];
  }
  const everything = () => [...Object.values(elsewhere), pair.fs.root].flatMap((node) => lies(node, elsewhere.folder));

  function nothingIsTold(): void {
    turn(pair, atRest(pair));
    expect(pair.state()).toBe('protected');
    expect(pair.differences()).toEqual([]);
    for (const node of [...Object.values(elsewhere), pair.fs.root])
      expect([said.has(node), read.has(node)], `node ${node}`).toEqual([false, false]);
  }

  it('says what nobody has asked about', () => {
    pair.source.job.replied(everything());
    expect(pair.source.job.path.srm.dirty.items().filter(({ kind }) => kind !== 'root')).toEqual([]);
    nothingIsTold();
  });

  it.each(['checksum', 'everything'] as const)('answers so while a mirror compares by %s', (compare) => {
    pair.source.job.startMirror(compare);
    pair.pumpSource();
    pair.source.job.replied(everything());
    nothingIsTold();
  });

  it('answers so while a repair is under way', () => {
    pair.source.job.path.srm.dirty.addNode(0, file, 'queue-full');
    pair.pumpSource();
    expect(pair.source.job.mirror?.repairing).toBe(true);
    pair.source.job.replied(everything());
    nothingIsTold();
  });

  it('answers so to a verification that repairs', () => {
    let ended = false;
    pair.source.job.startVerification(() => {
      ended = true;
    }, true);
    pair.pumpSource();
    pair.source.job.replied(everything());
    turn(pair, () => ended);
    expect(ended).toBe(true);
    nothingIsTold();
  });

  it('is repaired where it speaks of what is in the set, by the name that it has there or by the one that it has now', () => {
    const at = { at: LATE, root: 0, parent: 0n as NodeId, errno: 'EIO', kind: 'failed' } as const;
    pair.fs.rename(pair.tops[0] ?? pair.fs.root, name('n0'), pair.tops[0] ?? pair.fs.root, name('n1'));
    for (const path of ['n0', 'n1']) {
      pair.source.job.replied([{ ...at, node: file, path: base64(path) }]);
      expect(pair.source.job.path.srm.dirty.items()).toEqual([{ kind: 'node', root: 0, node: file }]);
      turn(pair, atRest(pair));
    }
    expect(pair.state()).toBe('protected');
  });

  it('cannot have received what was never sent', () => {
    const { job } = pair.source;
    const { received, applied } = job.path.scm;
    expect(job.unbelievable(received, applied)).toBeNull();
    expect(job.unbelievable(position(job.path.next), applied)).toContain('the last that was sent is');
    expect(job.unbelievable(received, position(job.path.next))).toContain('applied all up to');
  });

  it('and what it names is the kind of file that it was', () => {
    // So that the tests above would read something if they did.
    const modes = Object.values(elsewhere).map((node) => (pair.fs.attributes(node)?.mode ?? 0) & FileType.mask);
    expect(modes).toEqual([FileType.directory, FileType.regular, FileType.symlink]);
  });
});

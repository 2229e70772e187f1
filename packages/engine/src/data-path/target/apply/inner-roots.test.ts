import { brand } from '@understudy/base';
import { MirrorCompare, type NodeId, RecordFlag, Verb } from '@understudy/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Handle, ReplicaFiles } from '../../../ports.ts';
import { sayRoot } from '../testing/mirror-source.ts';
import { bytesOf, DIRECTORY, type ModelNode, ModelSource } from '../testing/model-source.ts';
import { Rig, ROOT_PATH } from '../testing/rig.ts';

const name = (text: string) => text as never;
const MODE = { mode: DIRECTORY | 0o755, uid: 0, gid: 0, nlink: 2, size: 0, rdev: 0 };
const TIMES = { atimeSec: 1, atimeNsec: 0, mtimeSec: 1, mtimeNsec: 0 };
const INNER: NodeId = brand<NodeId>(501n);

/** The same replica, beginning at a directory within. */
function beneath(files: ReplicaFiles, root: Handle): ReplicaFiles {
  return new Proxy(files, {
    get(target, key) {
      if (key === 'root') return root;
      const value = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

describe('a root of the job inside another root', () => {
  let rig: Rig;
  let source: ModelSource;
  let folder: ModelNode;
  let sub: ModelNode;
  let place: Handle;
  beforeEach(() => {
    rig = new Rig();
    source = new ModelSource();
    const { replica } = rig;
    const way = replica.makeDirectory(replica.root, name('a'), { ...MODE, ...TIMES });
    place = replica.makeDirectory(way, name('sub'), { ...MODE, ...TIMES });
    rig.openRoot = (index) => (index === 0 ? replica : beneath(replica, place));
    sayRoot(source, ROOT_PATH);
    const attributes = { ...MODE, ...TIMES, uid: 77 };
    source.say({ verb: Verb.root, root: 1, node: INNER, data: bytesOf(`${ROOT_PATH}/a/sub`), attributes });
    const file = { ...attributes, mode: 0o100600, nlink: 1 };
    source.say({
      verb: Verb.create,
      root: 1,
      node: brand<NodeId>(502n),
      parent: INNER,
      name: name('precious'),
      attributes: file,
    });
    // The outer root's own picture: an empty directory where the other file system is mounted. It is said by listings only.
    source.filter = () => [];
    folder = source.make(source.root, 'a', DIRECTORY);
    sub = source.make(folder, 'sub', DIRECTORY);
    source.filter = (operation) => [operation];
  });
  const apply = (): void => rig.run(source.records);
  const owner = () => rig.replica.attributes(place)?.uid;
  const precious = () => rig.replica.entry(place, name('precious'));
  const differences = () =>
    rig.replies.filter(({ kind }) => kind === 'differs' || kind === 'orphan' || kind === 'failed');

  function listed(verify: boolean): void {
    const flags = verify ? RecordFlag.verify : 0;
    const end = verify ? Verb.checkListingEnd : Verb.listingEnd;
    for (const [parent, child] of [
      [source.root, folder],
      [folder, sub],
      [sub, null],
    ] as const) {
      source.say({ verb: Verb.listingBegin, parent: parent.id, flags });
      const entryVerb = verify ? Verb.checkEntry : Verb.entry;
      if (child !== null)
        source.say({
          verb: entryVerb,
          parent: parent.id,
          node: child.id,
          name: name(child === folder ? 'a' : 'sub'),
          flags,
          attributes: source.attributes(child),
        });
      source.say({ verb: end, parent: parent.id, node: parent.id, flags, attributes: source.attributes(parent) });
    }
  }

  function mirror(): void {
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.checksum });
    listed(false);
    source.say({ verb: Verb.settle, node: sub.id, attributes: source.attributes(sub) });
    source.say({ verb: Verb.xattrs, node: sub.id });
    source.say({ verb: Verb.mirrorEnd });
    apply();
  }

  it('keeps what it holds and what it is through a mirror of the outer one, which gets its answers', () => {
    mirror();
    expect([precious() !== null, owner(), rig.limbo(), differences()]).toEqual([true, 77, [], []]);
    expect(rig.replies.some((reply) => reply.kind === 'have' && reply.node === sub.id)).toBe(true);
  });

  it('is neither extra nor different in a verification of the outer one', () => {
    mirror();
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.verify });
    listed(true);
    apply();
    const about = differences().map((reply) => (reply.kind === 'differs' ? reply.what : reply.kind));
    expect(about.filter((what) => what === 'extra' || what === 'owner' || what === 'missing')).toEqual([]);
  });

  it('is left alone where the outer listing does not name it', () => {
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.checksum });
    source.say({ verb: Verb.listingBegin, parent: source.root.id });
    source.say({
      verb: Verb.listingEnd,
      parent: source.root.id,
      node: source.root.id,
      attributes: { ...MODE, ...TIMES },
    });
    source.say({ verb: Verb.mirrorEnd });
    apply();
    expect([precious() !== null, rig.limbo(), differences()]).toEqual([true, [], []]);
  });
});

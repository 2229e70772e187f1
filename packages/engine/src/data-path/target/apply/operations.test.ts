import { encodeXattrs, MirrorCompare, RecordFlag, type Reply, Verb } from '@understudy/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { FileError } from '../../../ports.ts';
import { sayRoot } from '../testing/mirror-source.ts';
import { bytesOf, DIRECTORY, type ModelNode, ModelSource, REGULAR, SYMLINK } from '../testing/model-source.ts';
import { Rig, ROOT_PATH, toyDigest } from '../testing/rig.ts';

let rig: Rig;
let source: ModelSource;
const name = (text: string) => text as never;
/** Without the answers to listings. */
const kinds = (): string[] =>
  rig.replies
    .filter((reply: Reply) => !(reply.kind === 'have' && reply.node === source.root.id))
    .map((reply: Reply) => (reply.kind === 'differs' ? reply.what : reply.kind));
const apply = (): void => rig.run(source.records);
const same = (): void => expect(rig.tree()).toEqual(source.tree());

beforeEach(() => {
  rig = new Rig();
  source = new ModelSource();
  sayRoot(source, ROOT_PATH);
});

function listed(folder: ModelNode, ...names: string[]): void {
  source.say({ verb: Verb.listingBegin, parent: folder.id });
  for (const one of names) said(folder, one);
  source.say({ verb: Verb.listingEnd, parent: folder.id, node: folder.id, attributes: source.attributes(folder) });
}

function said(folder: ModelNode, one: string, verb: Verb = Verb.entry, flags = 0): void {
  const node = folder.children.get(one);
  if (node === undefined) throw new Error(`no ${one}`);
  const place = { parent: folder.id, name: name(one), node: node.id };
  source.say({ verb, ...place, flags, attributes: source.attributes(node), data: bytesOf(node.target) });
}

describe('a file that never had a name', () => {
  const forget = (node: ModelNode): void => source.say({ verb: Verb.forget, node: node.id });

  it('goes for good when it is forgotten, and a second time does no harm', () => {
    const node = source.temporary();
    source.write(node, 0, [1, 2, 3]);
    apply();
    expect(rig.limbo()).toEqual([expect.stringMatching(/^tmp-/)]);
    forget(node);
    forget(node);
    apply();
    expect([rig.limbo(), rig.replies]).toEqual([[], []]);
    same();
  });

  it('that got one is kept aside where it left the set, as any other', () => {
    const node = source.temporary();
    source.link(node, source.root, 'named');
    apply();
    same();
    forget(node);
    apply();
    expect(rig.aside()).toEqual(['kept/1970-01-01T00-00-00Z/named']);
  });
});

describe('[TCM5] a stretch that is applied again', () => {
  /** Everything is applied, then the mark is taken back: all of it comes a second time. */
  function again(): void {
    apply();
    const before = source.records.length;
    rig.journal.commit({ applied: 0 as never, complete: false, compare: null }, []);
    rig.journal.begin(before as never);
    rig.restart();
    apply();
    same();
    expect(rig.replies).toEqual([]);
    expect(rig.limbo()).toEqual([]);
  }

  it('a → b, c → a does not lose b', () => {
    source.write(source.make(source.root, 'a', REGULAR), 0, [1]);
    source.write(source.make(source.root, 'c', REGULAR), 0, [3]);
    source.rename(source.root, 'a', source.root, 'b');
    source.rename(source.root, 'c', source.root, 'a');
    again();
  });

  it('the only name here of a file with names to come is not destroyed', () => {
    const node = source.make(source.root, 'x', REGULAR);
    source.write(node, 0, [1, 2, 3]);
    source.link(node, source.root, 'y');
    source.unlink(source.root, 'x');
    source.link(node, source.root, 'x');
    source.unlink(source.root, 'y');
    again();
  });

  it('a folder that was moved into what it held before', () => {
    const outer = source.make(source.root, 'outer', DIRECTORY);
    const inner = source.make(outer, 'inner', DIRECTORY);
    source.make(inner, 'file', REGULAR);
    source.rename(outer, 'inner', source.root, 'inner');
    source.rename(source.root, 'outer', inner, 'outer');
    again();
  });

  it('names exchanged twice, and a file saved over another', () => {
    source.make(source.root, 'a', REGULAR);
    source.make(source.root, 'b', DIRECTORY);
    source.exchange(source.root, 'a', source.root, 'b');
    source.exchange(source.root, 'a', source.root, 'b');
    source.write(source.make(source.root, 'a~', REGULAR), 0, [7]);
    source.rename(source.root, 'a~', source.root, 'a');
    again();
  });
});

describe('[TRM2] an operation that fails', () => {
  it('is tried again for as long as space may be found, and nothing behind it is applied', () => {
    apply();
    let full = true;
    rig.replica.beforeChange = (call) => {
      if (full && call === 'pwrite') throw new FileError('ENOSPC', call);
    };
    const file = source.make(source.root, 'a', REGULAR);
    source.write(file, 0, [1]);
    source.make(source.root, 'b', REGULAR);
    rig.records = source.records;
    rig.send(rig.apply.stream.applied + 1);
    let effects = rig.step();
    expect(effects.condition).toMatchObject({ state: 'retrying', code: 'ENOSPC' });
    expect(effects.condition?.sentence).toContain('«a»');
    for (let tries = 0; tries < 30; tries += 1) {
      rig.nowMs = effects.retryAtMs ?? rig.nowMs;
      effects = rig.step();
    }
    expect(rig.tree().has('/b')).toBe(false);
    full = false;
    expect(rig.step().retryAtMs).not.toBeNull();
    rig.nowMs += 10_000;
    expect(rig.step().condition?.state).toBe('ok');
    rig.drain();
    same();
  });

  it.each([
    ['EIO', 8],
    ['EPERM', 1],
  ] as const)('%s is given up after %d tries: told as failed, and the next goes on', (code, tries) => {
    apply();
    const file = source.make(source.root, 'a', REGULAR);
    source.write(file, 0, [1]);
    source.make(source.root, 'b', REGULAR);
    let tried = 0;
    rig.replica.beforeChange = (call) => {
      if (call !== 'pwrite') return;
      tried += 1;
      throw new FileError(code, call);
    };
    rig.records = source.records;
    rig.send(rig.apply.stream.applied + 1);
    while (rig.accept.queued.records > 0) rig.nowMs = rig.step().retryAtMs ?? rig.nowMs;
    expect(tried).toBe(tries);
    expect(rig.replies).toMatchObject([{ kind: 'failed', errno: code, node: file.id }]);
    expect(rig.events).toMatchObject([{ kind: 'failed', severity: 'error' }]);
    expect(rig.tree().has('/b')).toBe(true);
    expect(rig.apply.stream.complete).toBe(false);
  });

  it('times that cannot be set yet hold the mark back', () => {
    apply();
    const before = rig.apply.stream.applied;
    source.make(source.root, 'a', REGULAR);
    rig.replica.beforeChange = (call) => {
      if (call === 'utimensat') throw new FileError('EROFS', call);
    };
    rig.records = source.records;
    rig.send(before + 1);
    expect(rig.step()).toMatchObject({ applied: before, condition: { state: 'retrying', code: 'EROFS' } });
    rig.replica.beforeChange = () => {};
    rig.nowMs += 100;
    expect(rig.step()).toMatchObject({ applied: before + 1, condition: { state: 'ok' } });
    same();
  });

  it('an unknown node is told as failed', () => {
    source.say({ verb: Verb.write, node: 9n as never, data: bytesOf('x') });
    apply();
    expect(rig.replies).toMatchObject([{ kind: 'failed', node: 9n, errno: 'ESTALE' }]);
  });

  it('[TRM2] a rename that is given up is told for both directories that it concerns, an exchange for both nodes', () => {
    const [from, to] = ['from', 'to'].map((one) => source.make(source.root, one, DIRECTORY)) as [ModelNode, ModelNode];
    const one = source.make(from, 'one', REGULAR);
    const other = source.make(to, 'other', REGULAR);
    apply();
    rig.replica.beforeChange = (call) => {
      if (call.startsWith('rename') || call === 'linkat') throw new FileError('EPERM', call);
    };
    source.exchange(from, 'one', to, 'other');
    apply();
    const failed = { kind: 'failed', errno: 'EPERM' };
    expect(rig.replies).toMatchObject([
      { ...failed, node: one.id, parent: to.id },
      { ...failed, node: other.id, parent: from.id },
    ]);
    source.rename(to, 'other', from, 'moved');
    rig.replies.length = 0;
    apply();
    expect(rig.replies).toMatchObject([
      { ...failed, node: one.id, parent: from.id },
      { ...failed, node: one.id, parent: to.id },
    ]);
    expect(rig.events).toHaveLength(2);
  });

  it('a file without a name on the source needs nothing done', () => {
    const file = source.make(source.root, 'a', REGULAR);
    source.unlink(source.root, 'a');
    source.write(file, 0, [1]);
    apply();
    expect(rig.replies).toEqual([]);
    same();
  });
});

describe('a mirror', () => {
  it('[MIR2] by attributes asks for what differs, and a half-sent file never counts as equal', () => {
    const file = source.make(source.root, 'a', REGULAR);
    source.write(file, 0, [1, 2, 3]);
    apply();
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.attributes });
    listed(source.root, 'a');
    apply();
    expect(kinds()).toEqual(['have']);
    source.say({ verb: Verb.block, node: file.id, extent: 3, data: Uint8Array.of(1, 2, 3) });
    listed(source.root, 'a');
    apply();
    expect(kinds()).toEqual(['have', 'want']);
    source.say({ verb: Verb.settle, node: file.id, attributes: source.attributes(file) });
    listed(source.root, 'a');
    source.say({ verb: Verb.mirrorEnd });
    apply();
    expect(kinds()).toEqual(['have', 'want', 'have']);
    expect(rig.apply.stream.complete).toBe(true);
    same();
  });

  it('[MIR2] by checksum leaves the times alone until the blocks were compared', () => {
    const file = source.make(source.root, 'a', REGULAR);
    source.write(file, 0, [1]);
    apply();
    file.data = [2];
    file.mtime += 1;
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.checksum });
    listed(source.root, 'a');
    const data = toyDigest.sha256(Uint8Array.of(2));
    source.say({ verb: Verb.check, node: file.id, extent: 1, data });
    apply();
    expect(kinds()).toEqual(['have', 'content']);
    expect(rig.tree().get('/a')).not.toContain(source.tree().get('/a')?.split(' ')[2]);
    source.say({ verb: Verb.block, node: file.id, extent: 1, data: Uint8Array.of(2) });
    source.say({ verb: Verb.settle, node: file.id, attributes: source.attributes(file) });
    apply();
    same();
  });

  it('[MIR4] reports orphans, leaves them alone, and never looks at its own things', () => {
    rig.replica.createFile(rig.replica.root, name('stranger'), source.attributes(source.root));
    rig.replica.createFile(rig.replica.root, name('.understudy-x'), source.attributes(source.root));
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.everything });
    listed(source.root);
    source.say({ verb: Verb.mirrorEnd });
    apply();
    expect(rig.orphans()).toEqual(['/stranger']);
    expect([...rig.tree().keys()]).toEqual(['/', '/stranger', '/.understudy-x']);
  });

  it('sets aside what came from the source once and is gone there, and deletes nothing', () => {
    const folder = source.make(source.root, 'old', DIRECTORY);
    source.make(folder, 'file', REGULAR);
    apply();
    source.root.children.delete('old');
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.attributes });
    listed(source.root);
    source.say({ verb: Verb.mirrorEnd });
    apply();
    same();
    expect([rig.limbo(), rig.aside()]).toEqual([['gone'], ['gone/1970-01-01T00-00-00Z/old/file']]);
    expect(rig.events).toMatchObject([
      { kind: 'set-aside', sentence: expect.stringContaining('to gone/1970-01-01T00-00-00Z in the job') },
    ]);
  });

  it('[MIR3] a listing that was open when the agent was killed is asked for again, and removes nothing', () => {
    source.make(source.root, 'a', REGULAR);
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.attributes });
    source.say({ verb: Verb.listingBegin, parent: source.root.id });
    apply();
    rig.restart();
    const attributes = source.attributes(source.root);
    source.say({ verb: Verb.listingEnd, parent: source.root.id, node: source.root.id, attributes });
    apply();
    expect(rig.replies).toMatchObject([{ kind: 'want', node: source.root.id }]);
    expect(rig.tree().has('/a')).toBe(true);
  });

  it('[TRM4] makes the set of extended attributes exact', () => {
    const file = source.make(source.root, 'a', REGULAR);
    source.setXattr(file, 'user.old', 'x');
    file.xattrs.clear();
    file.xattrs.set('user.new', 'y');
    source.say({ verb: Verb.xattrs, node: file.id, data: encodeXattrs([[name('user.new'), bytesOf('y')]]) });
    apply();
    same();
  });
});

describe('[VER1] a verification', () => {
  const verify = RecordFlag.verify;
  function check(...names: string[]): void {
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.verify });
    source.say({ verb: Verb.listingBegin, parent: source.root.id, flags: verify });
    for (const one of names) said(source.root, one, Verb.checkEntry, verify);
    source.say({ verb: Verb.checkListingEnd, parent: source.root.id });
    source.say({ verb: Verb.mirrorEnd, detail: 1 });
    apply();
  }

  it('finds nothing where nothing differs, also of names that come and go meanwhile', () => {
    const file = source.make(source.root, 'a', REGULAR);
    source.make(source.root, 's', SYMLINK, 'to');
    source.say({ verb: Verb.listingBegin, parent: source.root.id, flags: verify });
    said(source.root, 'a', Verb.checkEntry, verify);
    said(source.root, 's', Verb.checkEntry, verify);
    source.make(source.root, 'late', REGULAR);
    source.say({ verb: Verb.checkListingEnd, parent: source.root.id });
    source.write(file, 0, [5]);
    source.say({ verb: Verb.check, node: file.id, extent: 1, flags: verify, data: toyDigest.sha256(Uint8Array.of(5)) });
    apply();
    expect(rig.replies).toEqual([]);
  });

  it('names each aspect that differs', () => {
    const file = source.make(source.root, 'a', REGULAR);
    source.make(source.root, 'gone', REGULAR);
    source.make(source.root, 's', SYMLINK, 'to');
    apply();
    const at = (one: string) => rig.replica.entry(rig.replica.root, name(one))?.handle ?? rig.replica.root;
    rig.replica.write(at('a'), 0, bytesOf('xx'));
    rig.replica.setMode(at('a'), 0o777);
    rig.replica.setOwner(at('a'), 5, 5);
    rig.replica.setXattr(at('a'), name('user.x'), bytesOf('1'));
    rig.replica.unlink(rig.replica.root, name('gone'));
    rig.replica.createFile(rig.replica.root, name('more'), source.attributes(file));
    check('a', 'gone', 's');
    expect(kinds()).toEqual(['mode', 'owner', 'times', 'size', 'xattrs', 'missing', 'extra']);
    expect(rig.replies[0]).toMatchObject({ path: 'YQ==', node: file.id });
  });
});

/** What the target does for mirrors and verifications beyond single entries: orphans, digests by block, the root itself, lost listings. */
import { concatBytes, type RawName } from '@understudy/base';
import { MIRROR_REPAIR, MirrorCompare, type NodeId, OrphanFate, RecordFlag, type Reply, Verb } from '@understudy/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Handle } from '../../../ports.ts';
import { sayRoot } from '../testing/mirror-source.ts';
import { bytesOf, type ModelNode, ModelSource, REGULAR } from '../testing/model-source.ts';
import { Rig, ROOT_PATH, toyDigest } from '../testing/rig.ts';
import { fromBase64 } from './base64.ts';

let rig: Rig;
let source: ModelSource;
const name = (text: string) => text as RawName;
const apply = (): void => rig.run(source.records);
const RUN_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const FOLDER = '2026-01-02T03-04-05Z';

beforeEach(() => {
  rig = new Rig();
  source = new ModelSource();
  sayRoot(source, ROOT_PATH);
});

function plant(parent: Handle, one: string, mtimeSec = 100): Handle {
  const handle = rig.replica.createFile(parent, name(one), { ...source.attributes(source.root), mode: 0o100644 });
  rig.replica.write(handle, 0, bytesOf('foreign'));
  rig.replica.setMtime(handle, mtimeSec, 0);
  return handle;
}

function plantFolder(parent: Handle, one: string, mtimeSec = 100): Handle {
  const handle = rig.replica.makeDirectory(parent, name(one), source.attributes(source.root));
  rig.replica.setMtime(handle, mtimeSec, 0);
  return handle;
}

function mirror(folder: ModelNode, fate: number, olderThanSec = 0): void {
  source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.attributes });
  source.say({ verb: Verb.listingBegin, parent: folder.id });
  const attributes = source.attributes(folder);
  const orders = { detail: fate, extent: olderThanSec, offset: RUN_MS };
  source.say({ verb: Verb.listingEnd, parent: folder.id, node: folder.id, attributes, ...orders });
  source.say({ verb: Verb.mirrorEnd });
  apply();
}

const names = (parent: Handle): string[] => (rig.replica.list(parent) ?? []).map((entry) => entry.name).sort();
const inLimbo = (...path: string[]): Handle => {
  let at = rig.replica.limbo;
  for (const one of path) at = rig.replica.entry(at, name(one))?.handle ?? at;
  return at;
};
const orphans = () => rig.replies.filter((reply) => reply.kind === 'orphan');
const toOf = (reply: Reply | undefined) => (reply?.kind === 'orphan' ? fromBase64(reply.to ?? '') : null);

describe('[MIR4] orphans', () => {
  it('are moved aside with their path, and the event says where to; nothing of the source is', () => {
    const kept = source.make(source.root, 'ours', REGULAR);
    apply();
    const folder = plantFolder(rig.replica.root, 'theirs');
    plant(folder, 'inner');
    plant(rig.replica.root, 'single');
    rig.replies.length = 0;
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.attributes });
    source.say({ verb: Verb.listingBegin, parent: source.root.id });
    source.say({
      verb: Verb.entry,
      parent: source.root.id,
      name: name('ours'),
      node: kept.id,
      attributes: source.attributes(kept),
    });
    const orders = { detail: OrphanFate.move, extent: 0, offset: RUN_MS };
    const attributes = source.attributes(source.root);
    source.say({ verb: Verb.listingEnd, parent: source.root.id, node: source.root.id, attributes, ...orders });
    apply();
    expect(names(rig.replica.root)).toEqual(['ours']);
    expect(names(inLimbo('orphans', FOLDER))).toEqual(['single', 'theirs']);
    expect(names(inLimbo('orphans', FOLDER, 'theirs'))).toEqual(['inner']);
    expect(orphans()).toMatchObject([{ fate: 'moved' }, { fate: 'moved' }]);
    expect(orphans().map(toOf).sort()).toEqual([`orphans/${FOLDER}/single`, `orphans/${FOLDER}/theirs`]);
    expect(rig.events).toMatchObject([{ kind: 'orphans', sentence: expect.stringContaining(`orphans/${FOLDER}`) }]);
    expect(rig.events[0]?.sentence).not.toContain('deleted');
    expect(rig.tree()).toEqual(source.tree());
  });

  it('stay when a mirror ends, and a second of the same name is kept beside the first', () => {
    apply();
    for (let i = 0; i < 2; i += 1) {
      plant(rig.replica.root, 'again');
      mirror(source.root, OrphanFate.move);
    }
    expect(names(inLimbo('orphans', FOLDER))).toEqual(['again', 'again~2']);
  });

  it('are deleted only when the job says so, and said to be', () => {
    apply();
    plant(plantFolder(rig.replica.root, 'theirs'), 'inner');
    mirror(source.root, OrphanFate.delete);
    expect([names(rig.replica.root), names(rig.replica.limbo)]).toEqual([[], []]);
    expect(orphans()).toMatchObject([{ fate: 'deleted' }]);
    expect(rig.events).toMatchObject([{ sentence: expect.stringContaining('deleted, as the job says') }]);
  });

  it.each([OrphanFate.move, OrphanFate.delete])(
    'younger than the limit are only reported, and a folder is as young as what is in it (%i)',
    (fate) => {
      apply();
      plant(rig.replica.root, 'old', 100);
      plant(rig.replica.root, 'young', 300);
      plant(plantFolder(rig.replica.root, 'folder', 100), 'young', 300);
      const folder = rig.replica.entry(rig.replica.root, name('folder'));
      if (folder !== null) rig.replica.setMtime(folder.handle, 100, 0);
      mirror(source.root, fate, 200);
      expect(names(rig.replica.root)).toEqual(['folder', 'young']);
      expect(
        orphans()
          .map((reply) => (reply.kind === 'orphan' ? reply.fate : ''))
          .sort(),
      ).toEqual([fate === OrphanFate.move ? 'moved' : 'deleted', 'left', 'left'].sort());
    },
  );

  it('what the source knows and lies beneath one is not lost with it', () => {
    const file = source.make(source.root, 'ours', REGULAR);
    source.write(file, 0, [1, 2, 3]);
    apply();
    const theirs = plantFolder(rig.replica.root, 'theirs');
    rig.replica.rename(rig.replica.root, name('ours'), theirs, name('hidden'), 'no-replace');
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.attributes });
    source.say({ verb: Verb.listingBegin, parent: source.root.id });
    const attributes = source.attributes(source.root);
    const orders = { detail: OrphanFate.delete, extent: 0, offset: RUN_MS };
    source.say({ verb: Verb.listingEnd, parent: source.root.id, node: source.root.id, attributes, ...orders });
    source.say({
      verb: Verb.entry,
      parent: source.root.id,
      name: name('ours'),
      node: file.id,
      attributes: source.attributes(file),
    });
    source.say({ verb: Verb.mirrorEnd });
    apply();
    expect(names(rig.replica.root)).toEqual(['ours']);
    expect(rig.tree().get('/ours')).toEqual(source.tree().get('/ours'));
  });

  it.each([
    ['before', true],
    ['after', false],
  ])('what the source knows has no name beneath one that is left, listed %s its place', (_when, orphanFirst) => {
    // As kernels do it: where a file hangs is not known from the file.
    rig = new Rig({ filePaths: false });
    const file = source.make(source.root, 'ours', REGULAR);
    apply();
    const theirs = plantFolder(rig.replica.root, 'theirs', 100);
    const within = plantFolder(theirs, 'within', 100);
    plant(within, 'foreign');
    rig.replica.rename(rig.replica.root, name('ours'), within, name('hidden'), 'no-replace');
    for (const folder of [theirs, within]) rig.replica.setMtime(folder, 100, 0);
    const { root } = source;
    const attributes = source.attributes(root);
    const entry = { parent: root.id, name: name('ours'), node: file.id, attributes: source.attributes(file) };
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.attributes });
    source.say({ verb: Verb.listingBegin, parent: root.id });
    if (!orphanFirst) source.say({ verb: Verb.entry, ...entry });
    source.say({ verb: Verb.listingEnd, parent: root.id, node: root.id, attributes, detail: OrphanFate.report });
    if (orphanFirst) source.say({ verb: Verb.entry, ...entry });
    source.say({ verb: Verb.mirrorEnd });
    apply();
    expect(rig.tree().get('/ours')).toEqual(source.tree().get('/ours'));
    expect([names(within), rig.limbo()]).toEqual([['foreign'], []]);
    expect(orphans()).toMatchObject([{ fate: 'left' }]);
    expect([theirs, within].map((folder) => rig.replica.attributes(folder)?.mtimeSec)).toEqual([100, 100]);
  });
});

describe('[FO2] where files are brought back', () => {
  const entry = (one: string, node: bigint, mtimeSec: number): void =>
    source.say({
      verb: Verb.entry,
      parent: source.root.id,
      name: name(one),
      node: node as NodeId,
      attributes: { ...source.attributes(source.root), mode: 0o100644, nlink: 1, size: 7, mtimeSec, mtimeNsec: 0 },
    });
  const bring = (restore: boolean): void => {
    rig.says = { restore };
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.checksum });
    entry('alike', 500n, 100);
    entry('changed here', 501n, 200);
    apply();
  };

  it.each([true, false])(
    'a file that differs keeps its content, beside, unless a job has taken it over (%s)',
    (spares) => {
      apply();
      const [alike, changed] = [plant(rig.replica.root, 'alike'), plant(rig.replica.root, 'changed here')];
      bring(spares);
      const there = (one: string) => rig.replica.entry(rig.replica.root, name(one))?.handle;
      expect(there('alike')).toBe(alike);
      expect(there('changed here') === changed).toBe(!spares);
      const beside = names(inLimbo('orphans'));
      expect(beside).toHaveLength(spares ? 1 : 0);
      expect(rig.replica.read(changed, 0, 7)).toEqual(bytesOf('foreign'));
      expect(rig.events.map(({ kind }) => kind)).toEqual(spares ? ['set-aside'] : []);
    },
  );
});

describe('[MIR2] a check by blocks', () => {
  const BLOCK = 4;
  const digestsOf = (bytes: Uint8Array): Uint8Array =>
    concatBytes(
      Array.from({ length: Math.ceil(bytes.length / BLOCK) }, (_, i) =>
        toyDigest.sha256(bytes.subarray(i * BLOCK, (i + 1) * BLOCK)),
      ),
    );
  const content = Uint8Array.from({ length: 22 }, (_, i) => i + 1);

  function checked(here: Uint8Array, over: object = {}): Reply[] {
    const file = source.make(source.root, 'a', REGULAR);
    source.write(file, 0, [...here]);
    apply();
    rig.replies.length = 0;
    const extent = content.length;
    const data = digestsOf(content);
    source.say({ verb: Verb.check, node: file.id, extent, detail: BLOCK, data, ...over });
    apply();
    return rig.replies;
  }

  it('is silent where nothing differs', () => {
    expect(checked(content)).toEqual([]);
  });

  it('names each run of blocks that differ, once, and the shorter last one', () => {
    const here = content.slice();
    for (const at of [0, 9, 13, 21]) here[at] = 99;
    expect(checked(here)).toMatchObject([
      { kind: 'differs', what: 'content', offset: 0, extent: 4 },
      { kind: 'differs', what: 'content', offset: 8, extent: 8 },
      { kind: 'differs', what: 'content', offset: 20, extent: 2 },
    ]);
  });

  it('finds what is missing at the end of a shorter file', () => {
    expect(checked(content.subarray(0, 9))).toMatchObject([{ offset: 8, extent: 14 }]);
  });

  it.each([
    ['too few digests', { data: new Uint8Array(32) }],
    ['digests of a kind this machine does not make', { flags: RecordFlag.blake3 }],
  ])('refuses %s by name', (_what, over) => {
    expect(checked(content, over)).toMatchObject([{ kind: 'failed', errno: 'EINVAL' }]);
  });
});

describe('[VER1] the root itself', () => {
  function checkRoot(): Reply[] {
    rig.replies.length = 0;
    const { root } = source;
    source.say({ verb: Verb.checkEntry, node: root.id, attributes: source.attributes(root), flags: RecordFlag.verify });
    apply();
    return rig.replies;
  }

  it('is compared as everything else: mode, owner, times, extended attributes', () => {
    apply();
    expect(checkRoot()).toEqual([]);
    rig.replica.setMode(rig.replica.root, 0o711);
    rig.replica.setOwner(rig.replica.root, 7, 7);
    rig.replica.setMtime(rig.replica.root, 1, 1);
    rig.replica.setXattr(rig.replica.root, name('user.x'), bytesOf('1'));
    const found = checkRoot().map((reply) => (reply.kind === 'differs' ? `${reply.what} ${reply.parent}` : ''));
    expect(found).toEqual(['mode 0', 'owner 0', 'times 0', 'xattrs 0']);
  });
});

describe('[MIR3] what a restarted target says of a run', () => {
  it('a repair leaves a complete replica complete; a mirror does not', () => {
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.checksum });
    source.say({ verb: Verb.mirrorEnd });
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.checksum | MIRROR_REPAIR });
    apply();
    rig.restart();
    expect(rig.apply.stream).toMatchObject({ complete: true, failures: false });
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.checksum });
    apply();
    rig.restart();
    expect(rig.apply.stream).toMatchObject({ complete: false, failures: false });
  });

  it('a listing answers that it is done', () => {
    apply();
    mirror(source.root, OrphanFate.report);
    expect(rig.replies).toMatchObject([{ kind: 'have', node: source.root.id }]);
  });

  it.each([
    [['blake3', 'sha256'], 'sha256'],
    [undefined, 'sha256'],
  ])('it takes the digest that both can make: of %j %s', (digests, taken) => {
    const answer = rig.hello(digests === undefined ? {} : { digests });
    expect(answer.kind === 'welcome' && answer.welcome.digest).toBe(taken);
  });
});

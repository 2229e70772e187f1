/** What a full disk, a lost link or a power cut may not do: leave a file unasked for, shift content twice, or lose a known directory. */
import type { RawName } from '@understudy/base';
import {
  ENTRY_NAMES_ONLY,
  MIRROR_GOES_ON,
  MIRROR_REPAIR,
  MirrorCompare,
  NO_ATTRIBUTES,
  position,
  SETTLE_ATTRIBUTES,
  Verb,
} from '@understudy/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { FileError } from '../../../ports.ts';
import { ModelMirror, sayRoot } from '../testing/mirror-source.ts';
import { DIRECTORY, type ModelNode, ModelSource, REGULAR } from '../testing/model-source.ts';
import { Rig, ROOT_PATH } from '../testing/rig.ts';

let rig: Rig;
let source: ModelSource;
const apply = (): void => rig.run(source.records);

beforeEach(() => {
  rig = new Rig();
  source = new ModelSource();
  sayRoot(source, ROOT_PATH);
});

function twoNames(): ModelNode {
  const file = source.make(source.root, 'a', REGULAR);
  source.write(file, 0, [1, 2, 3]);
  source.link(file, source.root, 'b');
  apply();
  rig.replies.length = 0;
  return file;
}

function ask(file: ModelNode, name: string): void {
  const place = { parent: source.root.id, name: name as RawName, node: file.id };
  source.say({ verb: Verb.entry, ...place, attributes: source.attributes(file) });
}

describe('a replica that cannot be opened', () => {
  it('[TRM2] has what was received wait: nothing of it is given up for want of a root', () => {
    apply();
    const file = source.make(source.root, 'a', REGULAR);
    source.write(file, 0, [1, 2, 3]);
    rig.restart();
    rig.records = source.records;
    rig.openRoot = () => {
      throw new FileError('ENOSPC', 'mkdir');
    };
    expect(rig.hello({ next: position(source.records.length + 1) })).toMatchObject({
      kind: 'refuse',
      refuse: { code: 'failed' },
    });
    rig.accept.start({ applied: rig.apply.stream.applied, epoch: rig.epoch, keepQueue: false });
    rig.send(rig.apply.stream.applied + 1);
    expect(rig.step()).toMatchObject({ replies: [], applied: rig.apply.stream.applied });
    expect(rig.accept.queued.records).toBeGreaterThan(0);
    rig.openRoot = () => rig.replica;
    apply();
    expect(rig.tree()).toEqual(source.tree());
  });
});

describe('a known directory', () => {
  it('[TRM2] is found among the orphans, where a way back over a power cut may have put it', () => {
    const made = source.make(source.root, 'made', DIRECTORY);
    source.make(made, 'inner', REGULAR);
    apply();
    const { replica } = rig;
    const orphans = replica.makeDirectory(replica.limbo, 'orphans' as RawName, { ...NO_ATTRIBUTES, mode: 0o040700 });
    replica.rename(replica.root, 'made' as RawName, orphans, 'made' as RawName, 'no-replace');
    source.rename(source.root, 'made', source.root, 'moved');
    apply();
    expect(rig.replies).toEqual([]);
    expect(rig.tree()).toEqual(source.tree());
  });
});

describe('content that was asked for', () => {
  it('[MIR1] [TRM2] is asked for although the disk was full at the first try of a file with two names', () => {
    const file = twoNames();
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.everything });
    ask(file, 'a');
    let full = true;
    rig.replica.beforeChange = () => {
      if (full) throw new FileError('ENOSPC', 'utimensat');
    };
    expect(apply).toThrow('stuck');
    expect(rig.apply.condition).toMatchObject({ state: 'retrying', code: 'ENOSPC' });
    full = false;
    rig.nowMs += 60_000;
    rig.drain();
    expect(rig.replies).toMatchObject([{ kind: 'want', node: file.id }]);
  });

  describe.each([
    ['a file of which only the name was to be told', REGULAR, ENTRY_NAMES_ONLY],
    ['a directory that was to be known', DIRECTORY, 0],
  ])('[SRM3] of %s', (_what, mode, detail) => {
    let made: ModelNode;
    let failing: Error | null;

    beforeEach(() => {
      made = source.make(source.root, 'a', mode);
      if (mode === REGULAR) source.write(made, 0, [1]);
      source.records.length = 0;
      sayRoot(source, ROOT_PATH);
      source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.checksum + MIRROR_REPAIR });
      const attributes = source.attributes(made);
      source.say({ verb: Verb.entry, parent: source.root.id, name: 'a' as RawName, node: made.id, attributes, detail });
      const { xattrs } = rig.replica;
      rig.replica.xattrs = (handle) => {
        if (failing !== null && handle !== rig.replica.root) throw failing;
        return xattrs.call(rig.replica, handle);
      };
    });

    it('[TRM2] is asked for although something failed once it had been made', () => {
      failing = new FileError('EIO', 'flistxattr');
      expect(apply).toThrow('stuck');
      failing = null;
      rig.nowMs += 60_000;
      rig.drain();
      expect(rig.replies).toMatchObject([{ kind: 'want', node: made.id }]);
    });

    it('[TCM5] is asked for although the agent was killed once it had been made', () => {
      failing = new Error('killed');
      expect(apply).toThrow('killed');
      failing = null;
      rig.restart();
      apply();
      expect(rig.replies).toMatchObject([{ kind: 'want', node: made.id }]);
    });
  });

  it.each([
    ['a file', REGULAR],
    ['a directory', DIRECTORY],
  ])('[SRM3] is asked for again of %s though its attributes were told since, and a call has changed it', (_, mode) => {
    const made = source.make(source.root, 'a', mode);
    if (mode === REGULAR) source.write(made, 0, [1, 2, 3]);
    source.records.length = 0;
    sayRoot(source, ROOT_PATH);
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.checksum + MIRROR_REPAIR });
    const about = { node: made.id, attributes: source.attributes(made) };
    const named = { ...about, parent: source.root.id, name: 'a' as RawName, detail: ENTRY_NAMES_ONLY };
    source.say({ verb: Verb.entry, ...named });
    source.say({ verb: Verb.settle, ...about, detail: SETTLE_ATTRIBUTES });
    if (mode === REGULAR) source.write(made, 1, [9]);
    // Whoever was asked has died.
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.checksum + MIRROR_REPAIR });
    source.say({ verb: Verb.entry, ...named, attributes: source.attributes(made) });
    apply();
    expect(rig.replies).toMatchObject([
      { kind: 'want', node: made.id },
      { kind: 'want', node: made.id },
    ]);
    source.say({ verb: Verb.settle, node: made.id, attributes: source.attributes(made) });
    source.say({ verb: Verb.entry, ...named, attributes: source.attributes(made) });
    apply();
    expect(rig.replies).toHaveLength(2);
  });

  it('[MIR3] is asked for again when the answer was lost with the link, and once where it was not', () => {
    const file = twoNames();
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.everything });
    ask(file, 'a');
    ask(file, 'b');
    apply();
    expect(rig.replies.map(({ kind }) => kind)).toEqual(['want', 'have']);
    // `apply` greets: the link is another.
    ask(file, 'a');
    apply();
    expect(rig.replies.map(({ kind }) => kind)).toEqual(['want', 'have', 'want']);
  });
});

const checkpoint = (): void => rig.checkpoint();
const powerCut = (): void => rig.powerCut();

/** What was done since the checkpoint is done again, and nothing is given up. */
function comesToTheSame(): void {
  apply();
  powerCut();
  apply();
  expect(rig.tree()).toEqual(source.tree());
  expect(rig.replies).toEqual([]);
}

describe('a mirror that goes on', () => {
  it('[MIR3] [TRM2] names what was being sent a second time when its source died: it counts as finished there', () => {
    const file = source.make(source.root, 'a', REGULAR);
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.everything });
    source.say({ verb: Verb.block, node: file.id, offset: 0, extent: 1, data: new Uint8Array([1]) });
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.everything | MIRROR_GOES_ON });
    source.say({ verb: Verb.mirrorEnd });
    apply();
    expect(rig.replies).toMatchObject([{ kind: 'failed', node: file.id, errno: 'EAGAIN' }]);
  });
});

describe('the end of a run', () => {
  it('[SRM2] [TRM2] names a directory that was made for it and never listed, and not what waits to be claimed', () => {
    const folder = source.make(source.root, 'made', DIRECTORY);
    const file = source.make(source.root, 'asked', REGULAR);
    source.records.splice(-2);
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.checksum | MIRROR_REPAIR });
    ask(folder, 'made');
    ask(file, 'asked');
    source.say({ verb: Verb.detach, parent: source.root.id, name: 'asked' as RawName });
    source.say({ verb: Verb.mirrorEnd });
    apply();
    const failed = rig.replies.filter(({ kind }) => kind === 'failed');
    expect(failed).toMatchObject([{ kind: 'failed', node: folder.id, errno: 'EAGAIN' }]);
  });
});

describe('a replay after a power cut', () => {
  it('[TCM5] [TRM2] does not trust a size: content that was shifted is named and repaired', () => {
    const file = source.make(source.root, 'a', REGULAR);
    source.write(file, 0, [1, 2, 3]);
    apply();
    checkpoint();
    const attributes = { ...source.attributes(file), size: 4099 };
    source.say({ verb: Verb.fallocate, node: file.id, detail: 32, offset: 0, extent: 4096, attributes });
    apply();
    expect(rig.replies).toEqual([]);
    powerCut();
    apply();
    expect(rig.replies).toMatchObject([{ kind: 'failed', node: file.id, errno: 'CONTENT-UNSURE' }]);
    // Killed on the way it knows of the power cut all the same.
    rig.restart();
    expect(rig.apply.stream.failures || rig.apply.untold.length > 0).toBe(true);
  });

  it('[TCM5] keeps what it knows within a directory that its table does not know any more', () => {
    const known = source.make(source.root, 'known', DIRECTORY);
    source.make(known, 'inner', REGULAR);
    apply();
    checkpoint();
    const later = source.make(source.root, 'later', DIRECTORY);
    source.rename(source.root, 'known', later, 'moved');
    comesToTheSame();
  });

  it.each([
    ['that waits for a checkpoint', false],
    ['also where a process was killed in such a replay before', true],
  ])('[TCM5] does not take a directory of a mirror for another that has come to its name since: %s', (_, killed) => {
    source.filter = () => [];
    const one = source.make(source.root, 'one', DIRECTORY);
    source.make(one, 'inner', REGULAR);
    source.make(source.root, 'two', DIRECTORY);
    const replies = () => {
      apply();
      return rig.replies.splice(0);
    };
    const compare = MirrorCompare.everything;
    new ModelMirror({ source, compare, rootPath: ROOT_PATH, meanwhile: () => {}, replies }).run();
    if (killed) {
      apply();
      powerCut();
      rig.hello({ next: position(source.records.length + 1) });
      rig.send(rig.apply.stream.applied + 1);
      rig.step({ records: source.records.length - 2, bytes: 1 << 20 });
      rig.restart();
      // It is at its end, and no checkpoint knows what it has found.
      apply();
      rig.replies.length = 0;
    }
    source.exchange(source.root, 'one', source.root, 'two');
    comesToTheSame();
  });

  it('[TCM5] [TRM2] names at the end of a mirror what it has asked for and never got: the mirror had its answer before', () => {
    const file = source.make(source.root, 'a', REGULAR);
    source.write(file, 0, [1]);
    apply();
    checkpoint();
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.attributes });
    ask(file, 'a');
    source.write(file, 0, [1, 2]);
    apply();
    powerCut();
    apply();
    expect(rig.replies.map(({ kind }) => kind)).toEqual(['have', 'want']);
    // Killed on the way it knows of that all the same.
    rig.restart();
    source.say({ verb: Verb.mirrorEnd });
    apply();
    expect(rig.replies[2]).toMatchObject({ kind: 'failed', node: file.id, errno: 'EAGAIN' });
    expect(rig.apply.untold).toMatchObject([{ node: file.id }]);
  });

  it('[TCM5] [TRM2] names at the end of a mirror the directory whose listing it has not seen begin', () => {
    apply();
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.attributes });
    source.say({ verb: Verb.listingBegin, parent: source.root.id });
    apply();
    checkpoint();
    const { root } = source;
    source.say({ verb: Verb.listingEnd, parent: root.id, node: root.id, attributes: source.attributes(root) });
    powerCut();
    apply();
    expect(rig.replies).toMatchObject([{ kind: 'want', node: root.id }]);
    source.say({ verb: Verb.mirrorEnd });
    apply();
    expect(rig.replies[1]).toMatchObject({ kind: 'failed', node: root.id, errno: 'EAGAIN' });
  });

  it('[TCM5] does not take for done what the source sent only since: a process killed on the way knows how far it had come', () => {
    source.make(source.root, 'a', DIRECTORY);
    apply();
    checkpoint();
    // Not sent: it is repaired later on.
    const said = source.filter;
    source.filter = () => [];
    source.rename(source.root, 'a', source.root, 'b');
    source.filter = said;
    powerCut();
    rig.hello({ next: position(source.records.length + 1) });
    rig.restart();
    source.rename(source.root, 'b', source.root, 'c');
    apply();
    expect(rig.tree()).toEqual(source.tree());
  });

  it('[TCM5] does not let the end of a mirror take away what a later operation claims', () => {
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.everything });
    source.make(source.root, 'known', REGULAR);
    apply();
    checkpoint();
    const later = source.make(source.root, 'later', DIRECTORY);
    source.say({ verb: Verb.mirrorEnd });
    source.rename(source.root, 'known', later, 'moved');
    comesToTheSame();
  });
});

/** [TCM5] What a replay after a power cut makes of operations in a directory that a later one has removed. */
import type { RawName } from '@understudy/base';
import { MirrorCompare, position, Verb } from '@understudy/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { sayRoot } from '../testing/mirror-source.ts';
import { DIRECTORY, type ModelNode, ModelSource, REGULAR } from '../testing/model-source.ts';
import { Rig, ROOT_PATH } from '../testing/rig.ts';

let rig: Rig;
let source: ModelSource;
let gone: ModelNode;
const apply = (): void => rig.run(source.records);
const goes = (): void => source.unlink(source.root, 'gone');

beforeEach(() => {
  rig = new Rig();
  source = new ModelSource();
  sayRoot(source, ROOT_PATH);
  gone = source.make(source.root, 'gone', DIRECTORY);
  apply();
  rig.checkpoint();
});

/** What was done since the checkpoint is done again, and nothing is given up. */
function comesToTheSame(): void {
  apply();
  rig.powerCut();
  apply();
  expect(rig.tree()).toEqual(source.tree());
  expect(rig.replies).toEqual([]);
}

/** The power is cut when all is applied, and a replay of it begins. */
function replayBegins(): void {
  apply();
  rig.powerCut();
  rig.hello({ next: position(source.records.length + 1) });
  rig.send(rig.apply.stream.applied + 1);
}
const stepOnce = () => rig.step({ records: 1, bytes: 1 << 20 });

describe('[TCM5] a replay after a power cut, of what came to be in a directory that is gone by now', () => {
  it('keeps what got out of it, with all that was written', () => {
    const file = source.make(gone, 'a', REGULAR);
    source.write(file, 0, [1, 2, 3]);
    source.rename(gone, 'a', source.root, 'b');
    source.write(file, 1, [4]);
    goes();
    source.rename(source.root, 'b', source.root, 'c');
    comesToTheSame();
  });

  it('keeps it although the power is cut again on the way', () => {
    const file = source.make(gone, 'a', REGULAR);
    source.write(file, 0, [1, 2, 3]);
    source.rename(gone, 'a', source.root, 'b');
    goes();
    replayBegins();
    stepOnce();
    comesToTheSame();
  });

  it('keeps a directory that got out of it, with what is in it', () => {
    const folder = source.make(gone, 'a', DIRECTORY);
    const file = source.make(folder, 'inner', REGULAR);
    source.rename(gone, 'a', source.root, 'b');
    goes();
    source.write(file, 0, [1]);
    comesToTheSame();
  });

  it('keeps a file that got out of it by another name', () => {
    const file = source.make(gone, 'a', REGULAR);
    source.link(file, source.root, 'b');
    source.write(file, 0, [1]);
    source.unlink(gone, 'a');
    goes();
    comesToTheSame();
  });

  it.each([
    ['a file', REGULAR],
    ['a directory', DIRECTORY],
  ])('leaves no second name of %s that went through it', (_, type) => {
    source.make(source.root, 'a', type);
    source.rename(source.root, 'a', gone, 'a');
    source.rename(gone, 'a', source.root, 'b');
    goes();
    comesToTheSame();
  });

  it.each([
    ['a file', REGULAR],
    ['a directory', DIRECTORY],
  ])('leaves no second name of %s that was exchanged into it, against what is gone by now', (_, type) => {
    source.make(gone, 'b', type);
    apply();
    rig.checkpoint();
    source.make(source.root, 'a', type);
    source.exchange(source.root, 'a', gone, 'b');
    source.unlink(source.root, 'a');
    source.rename(gone, 'b', source.root, 'c');
    goes();
    comesToTheSame();
  });

  it('is no obstacle to another stream, which knows nothing of it', () => {
    const folder = source.make(gone, 'a', DIRECTORY);
    source.make(folder, 'inner', REGULAR);
    source.rename(gone, 'a', source.root, 'b');
    goes();
    replayBegins();
    const isTemporary = (name: string): boolean => name.startsWith('tmp-');
    while (!rig.limbo().some(isTemporary)) stepOnce();
    const streamId = '7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c99';
    const next = position(source.records.length + 1);
    expect(rig.hello({ streamId, next })).toMatchObject({ kind: 'welcome', welcome: { replaces: true } });
    expect(rig.limbo().filter(isTemporary)).toEqual([]);
  });

  it('leaves nothing behind of what went with it', () => {
    source.make(gone, 'a', REGULAR);
    source.make(gone, 'b', DIRECTORY);
    source.unlink(gone, 'a');
    source.unlink(gone, 'b');
    goes();
    comesToTheSame();
    expect(rig.replica.list(rig.replica.limbo)).toEqual([]);
  });

  it('names at the end of a mirror what it has found there, for its content was not looked at', () => {
    const file = source.make(gone, 'a', REGULAR);
    source.records.pop();
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.attributes });
    source.say({
      verb: Verb.entry,
      parent: gone.id,
      name: 'a' as RawName,
      node: file.id,
      attributes: source.attributes(file),
    });
    source.rename(gone, 'a', source.root, 'b');
    goes();
    apply();
    rig.replies.length = 0;
    rig.powerCut();
    source.say({ verb: Verb.mirrorEnd });
    apply();
    expect([...rig.tree().keys()]).toEqual([...source.tree().keys()]);
    expect(rig.replies.filter(({ kind }) => kind === 'failed')).toMatchObject([{ node: file.id, errno: 'EAGAIN' }]);
  });
});

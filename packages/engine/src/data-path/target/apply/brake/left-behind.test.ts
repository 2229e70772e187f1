import { MirrorCompare, position, Verb } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { FileError } from '../../../../ports.ts';
import { bytesOf, type ModelNode, ModelSource } from '../../testing/model-source.ts';
import { Rig, ROOT_PATH } from '../../testing/rig.ts';
import type { UndoPoint } from './undo-points.ts';

class Killed extends Error {}
const REGULAR = 0o100000;
const DIRECTORY = 0o040000;
const BRAKE = { files: 2, share: 0, windowMs: 3000 };
type Tree = Map<string, string>;

/** A replica whose files can be taken back to the moment at which they were made, and to further ones. */
class Stage {
  readonly rig = new Rig({ brakes: true, undo: () => ({ ageMs: 3_600_000, bytes: 1 << 30 }) });
  readonly source = new ModelSource();
  readonly trees = new Map<number, Tree>();
  readonly files: ModelNode[];
  brake: typeof BRAKE | null = null;

  constructor() {
    const { source } = this;
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.everything });
    const attributes = source.attributes(source.root);
    source.say({ verb: Verb.root, node: source.root.id, data: bytesOf(ROOT_PATH), attributes });
    this.files = ['one', 'two', 'three'].map((name) => source.make(source.root, name, REGULAR));
    for (const file of this.files) source.write(file, 0, [1, 2, 3]);
    source.say({ verb: Verb.mirrorEnd });
    this.apply();
    this.trees.set(source.records.length, source.tree());
    source.filter = (operation) => {
      this.trees.set(source.records.length + 1, source.tree());
      return [operation];
    };
  }

  file(index: number): ModelNode {
    const file = this.files[index];
    if (file === undefined) throw new Error('there are three');
    return file;
  }

  /** What the source has said, in one go; files are old by then. */
  apply(): void {
    const { rig, source, brake } = this;
    rig.records = source.records;
    rig.wallMs += 4000;
    if (rig.apply.stream.streamId === null) rig.hello({ next: position(1), brake });
    rig.hello({ next: position(rig.records.length + 1), brake });
    rig.send(rig.apply.stream.applied + 1);
    while (rig.accept.queued.records > 0 && !rig.apply.brake.isHeld) rig.step();
  }

  checkpoint(): void {
    this.rig.checkpoint();
  }

  /** Of what is not on the disk yet all names and attributes stay, and of what content there was, what `draw` says. */
  losePower(draw: (n: number) => number = (n) => n - 1): void {
    this.rig.powerCut(draw);
  }

  /** The process dies at the first change of that kind. */
  dieAt(call: string, name: RegExp, work: () => void): void {
    const { rig } = this;
    const { unlink, rename } = rig.replica;
    const dies = (does: string, ...names: string[]) => {
      if (does === call && names.some((one) => name.test(one))) throw new Killed();
    };
    rig.replica.unlink = (parent, of) => {
      dies('unlink', of);
      unlink.call(rig.replica, parent, of);
    };
    rig.replica.rename = (from, fromName, to, toName, how) => {
      dies('rename', toName);
      rename.call(rig.replica, from, fromName, to, toName, how);
    };
    expect(work).toThrow(Killed);
    Object.assign(rig.replica, { unlink, rename });
    rig.restart();
  }

  get points(): readonly UndoPoint[] {
    return this.rig.apply.brake.points();
  }

  newest(): UndoPoint {
    const point = this.points.at(-1);
    if (point === undefined) throw new Error('there is no moment');
    return point;
  }

  hello(): void {
    this.rig.hello({ next: position(this.source.records.length + 1), brake: this.brake });
  }
}

describe('what a process has left of the way back', () => {
  it('[SAFE4] is of no use as long as what was under way at a power cut is not applied again', () => {
    const stage = new Stage();
    const { rig, source } = stage;
    const point = stage.newest();
    stage.checkpoint();
    source.rename(source.root, 'one', source.root, 'four');
    stage.apply();
    stage.losePower();
    stage.hello();
    expect(stage.points).toMatchObject([{ number: point.number, uncertain: 0 }]);
    expect(() => rig.apply.brake.rewind(point)).toThrow('rewind: EAGAIN');
    expect(() => rig.apply.brake.openPast(point)).toThrow('view: EAGAIN');
    expect(rig.apply.brake.state).toBeNull();
    stage.apply();
    const lost = rig.apply.brake.lostSince(point);
    expect(lost.map(({ path, uncertain }) => `${path} ${uncertain}`)).toEqual(
      expect.arrayContaining(['one true', 'four true', ' true']),
    );
    rig.apply.brake.rewind(stage.newest());
    expect(rig.apply.brake.state).toMatchObject({ phase: 'halted' });
  });

  it('[SAFE4] names all that was in a directory whose listing ended as the power went: what it took away, it did not name', () => {
    const stage = new Stage();
    const { rig, source } = stage;
    const point = stage.newest();
    stage.checkpoint();
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.everything });
    source.say({ verb: Verb.listingBegin, parent: source.root.id });
    const attributes = source.attributes(source.root);
    source.say({ verb: Verb.listingEnd, parent: source.root.id, node: source.root.id, attributes });
    stage.apply();
    expect(rig.tree().has('one')).toBe(false);
    stage.losePower();
    stage.hello();
    stage.apply();
    expect(rig.apply.brake.lostSince(point)).toContainEqual(
      expect.objectContaining({ path: '', uncertain: true, within: true }),
    );
    rig.apply.brake.rewind(stage.newest());
    expect(rig.apply.brake.state?.sentence).toContain('«*»');
  });

  it('[SAFE4] finds what a mirror had taken away where it lies, though a power cut kept that and lost the word of it', () => {
    const stage = new Stage();
    const { rig, source } = stage;
    const point = stage.newest();
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.everything });
    source.say({ verb: Verb.listingBegin, parent: source.root.id });
    const attributes = source.attributes(source.root);
    source.say({ verb: Verb.listingEnd, parent: source.root.id, node: source.root.id, attributes });
    stage.apply();
    stage.checkpoint();
    source.say({ verb: Verb.mirrorEnd });
    stage.apply();
    const gone = (path: string) => path.split('/')[0];
    expect(rig.aside().map(gone)).toEqual(['gone', 'gone', 'gone']);
    // All names as they were last, and no content that was not on the disk.
    let drawn = 0;
    stage.losePower((n) => (drawn++ === 0 ? n - 1 : 0));
    stage.hello();
    stage.apply();
    rig.apply.brake.rewind(point);
    expect(rig.tree()).toEqual(stage.trees.get(point.position));
    expect(rig.apply.brake.state).toMatchObject({ phase: 'halted', at: point.position });
  });

  it('[SAFE4] names what was under way as it is called where the replica was taken back to', () => {
    const stage = new Stage();
    const { rig, source } = stage;
    const folder = source.make(source.root, 'then', DIRECTORY);
    stage.apply();
    const point = stage.newest();
    source.rename(source.root, 'then', source.root, 'since');
    stage.apply();
    stage.checkpoint();
    source.make(folder, 'new', REGULAR);
    stage.apply();
    stage.losePower();
    stage.hello();
    stage.apply();
    expect(rig.apply.brake.lostSince(point)).toContainEqual(expect.objectContaining({ path: 'since/new' }));
    rig.apply.brake.rewind(point);
    expect(rig.apply.brake.state?.sentence).toContain('«then/new»');
  });

  it('[SAFE4] goes where another stream begins behind a power cut: what was under way is replayed by nobody', () => {
    const stage = new Stage();
    const { rig, source } = stage;
    stage.checkpoint();
    source.write(stage.file(0), 0, [9]);
    stage.apply();
    stage.losePower();
    rig.newStream();
    expect(stage.points).toEqual([]);
    expect(rig.limbo().filter((name) => name.startsWith('undo-'))).toEqual([]);
  });

  it('[SAFE4] stays where another stream begins behind a killed agent, or behind a power cut at which nothing was applied', () => {
    const stage = new Stage();
    const { rig, source } = stage;
    source.write(stage.file(0), 0, [9]);
    stage.apply();
    rig.restart();
    rig.newStream();
    expect(stage.points).toHaveLength(2);
    const [first] = stage.points;
    if (first === undefined) throw new Error('there are two');
    rig.apply.brake.rewind(stage.newest());
    stage.losePower();
    rig.hello({ commanded: true, streamId: rig.streamId.replace(/.$/, '7'), brake: null });
    expect(stage.points.map(({ number }) => number)).toEqual([first.number]);
  });

  it.each([
    ['killed before it is cleared away', /^undo-\d+$/],
    ['killed half way', /^undo-\d+-done-/],
  ])('[SAFE4] once it is gone, is not gone again: %s', (_, name) => {
    const stage = new Stage();
    const { rig, source } = stage;
    const first = stage.newest();
    source.write(stage.file(0), 0, [9]);
    stage.apply();
    source.write(stage.file(1), 0, [9]);
    stage.apply();
    const second = stage.points[1];
    if (second === undefined) throw new Error('there are three');
    stage.dieAt('unlink', name, () => rig.apply.brake.rewind(second));
    expect(rig.apply.brake.state).toMatchObject({ phase: 'halted', at: second.position });
    stage.hello();
    expect(stage.points.map(({ number }) => number)).toEqual([first.number]);
    rig.hello({ commanded: true, streamId: rig.streamId.replace(/.$/, '7'), brake: null });
    rig.apply.brake.rewind(stage.newest());
    expect(rig.tree()).toEqual(stage.trees.get(first.position));
  });

  it('[SAFE4] does not come back with a power cut once it is gone', () => {
    const stage = new Stage();
    const { rig, source } = stage;
    stage.checkpoint();
    source.write(stage.file(0), 0, [9]);
    stage.apply();
    stage.checkpoint();
    rig.replica.beforeChange = () => rig.replica.remember();
    rig.apply.brake.rewind(stage.points[0] ?? stage.newest());
    // The first moment behind what was synced: all of the way back is there still, undone.
    stage.losePower((n) => Math.min(1, n - 1));
    expect(rig.limbo().filter((name) => name.endsWith('-done-0'))).toHaveLength(2);
    stage.hello();
    expect(stage.points).toEqual([]);
    expect(rig.limbo().filter((name) => name.startsWith('undo-'))).toEqual([]);
  });

  it('[SAFE4] is gone when it was not written on, and the next process does not take it for whole', () => {
    const stage = new Stage();
    const { rig, source } = stage;
    source.write(stage.file(0), 0, [9]);
    rig.replica.beforeChange = (call) => {
      if (call === 'pwrite') throw new FileError('EIO', call);
    };
    rig.records = source.records;
    stage.hello();
    rig.send(rig.apply.stream.applied + 1);
    rig.step();
    rig.restart();
    stage.hello();
    expect(stage.points).toEqual([]);
    expect(rig.events.map(({ kind }) => kind)).toEqual(['keep-aside-short']);
  });

  it('[SAFE4] outlives a checkpoint that could not be written into it, unless the power is cut before the next', () => {
    const stage = new Stage();
    const { rig, source } = stage;
    const point = stage.newest();
    stage.checkpoint();
    source.write(stage.file(0), 0, [9]);
    stage.apply();
    rig.replica.beforeChange = (call) => {
      if (call === 'pwrite') throw new FileError('EBUSY', call);
    };
    stage.checkpoint();
    rig.replica.beforeChange = () => {};
    expect(stage.points.map(({ number }) => number)).toContain(point.number);
    stage.losePower();
    stage.hello();
    expect(stage.points).toEqual([]);
  });

  it('[SAFE4] is read without a byte being written: a full disk does not keep anybody from seeing what is lost', () => {
    const stage = new Stage();
    const { rig, source } = stage;
    const point = stage.newest();
    source.make(source.root, 'five', REGULAR);
    stage.apply();
    rig.replica.beforeChange = (call) => {
      throw new FileError('ENOSPC', call);
    };
    expect(rig.apply.brake.lostSince(point)).toEqual([]);
    const past = rig.apply.brake.openPast(point);
    expect(
      past?.roots
        .get(0)
        ?.list(rig.replica.root)
        ?.map(({ name }) => name),
    ).toEqual(['one', 'two', 'three']);
    expect(() => rig.apply.brake.rewind(point)).toThrow('ENOSPC');
    expect(rig.apply.brake.state).toMatchObject({ phase: 'rolling-back', to: { number: point.number } });
    rig.replica.beforeChange = () => {};
    rig.apply.brake.rewind(point);
    expect(rig.tree()).toEqual(stage.trees.get(point.position));
  });

  it('[SAFE4] is whole behind a power cut while the brake holds, and while the replica is being taken back', () => {
    const stage = new Stage();
    const { rig, source } = stage;
    stage.checkpoint();
    stage.brake = BRAKE;
    stage.hello();
    for (const name of ['one', 'two']) source.unlink(source.root, name);
    source.rename(source.root, 'three', source.root, 'four');
    stage.apply();
    const { to, phase } = rig.apply.brake.state ?? {};
    expect(phase).toBe('held');
    stage.losePower();
    stage.hello();
    expect(rig.apply.brake.state?.phase).toBe('held');
    stage.dieAt('rename', /^(one|two)$/, () => rig.apply.brake.haltHere());
    stage.losePower();
    stage.hello();
    expect(rig.apply.brake.state?.phase).toBe('rolling-back');
    rig.apply.brake.haltHere();
    expect(rig.apply.brake.state).toMatchObject({ phase: 'halted', at: to?.position });
    expect(rig.tree()).toEqual(stage.trees.get(to?.position ?? 0));
  });

  it('[SAFE4] is whole behind a power cut on the way to a moment that was asked for, though no checkpoint came between', () => {
    const stage = new Stage();
    const { rig, source } = stage;
    const point = stage.newest();
    stage.checkpoint();
    source.rename(source.root, 'one', source.root, 'four');
    source.write(stage.file(1), 1, [7, 7]);
    stage.apply();
    let notes = 0;
    rig.journal.beforeWrite = () => {
      notes += 1;
      if (notes > 1) throw new Killed();
    };
    expect(() => rig.apply.brake.rewind(point)).toThrow(Killed);
    expect(rig.journal.load().brake?.phase).toBe('rolling-back');
    stage.losePower();
    stage.hello();
    stage.dieAt('rename', /^one$/, () => rig.apply.brake.rewind(point));
    stage.losePower();
    stage.hello();
    rig.apply.brake.rewind(point);
    expect(rig.apply.brake.state?.phase).toBe('halted');
    expect(rig.tree()).toEqual(stage.trees.get(point.position));
  });
});

/** A way back on a replica that is not only ours: its file system refuses something for good, and somebody else has put things into it. */
import { type RawName, rawFromText } from '@understudy/base';
import { MirrorCompare, position, Verb } from '@understudy/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { FileError, type Handle } from '../../../../ports.ts';
import { bytesOf, type ModelNode, ModelSource } from '../../testing/model-source.ts';
import { Rig, ROOT_PATH } from '../../testing/rig.ts';
import type { UndoPoint } from './undo-points.ts';

const REGULAR = 0o100000;
const DIRECTORY = 0o040000;

let rig: Rig;
let source: ModelSource;
let file: ModelNode;
let then: Map<string, string>;
let point: UndoPoint;

beforeEach(() => {
  rig = new Rig({ brakes: true, undo: () => ({ ageMs: 3_600_000, bytes: 1 << 30 }) });
  source = new ModelSource();
  source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.everything });
  const attributes = source.attributes(source.root);
  source.say({ verb: Verb.root, node: source.root.id, data: bytesOf(ROOT_PATH), attributes });
  file = source.make(source.root, 'one', REGULAR);
  source.say({ verb: Verb.mirrorEnd });
  apply();
  const newest = rig.apply.brake.points().at(-1);
  if (newest === undefined) throw new Error('there is no moment');
  [point, then] = [newest, rig.tree()];
});

function apply(): void {
  rig.records = source.records;
  rig.wallMs += 4000;
  if (rig.apply.stream.streamId === null) rig.hello({ next: position(1), brake: null });
  rig.hello({ next: position(rig.records.length + 1), brake: null });
  rig.send(rig.apply.stream.applied + 1);
  while (rig.accept.queued.records > 0) rig.step();
}

/** From now on, so often. */
function refuse(call: string, code: string, times = Number.POSITIVE_INFINITY): void {
  let left = times;
  rig.replica.beforeChange = (made) => {
    if (made !== call || left === 0) return;
    left -= 1;
    throw new FileError(code, call);
  };
}

describe('[SAFE4] an attribute that is refused on the way back', () => {
  beforeEach(() => {
    source.chmod(file, 0o600);
    source.write(file, 0, [1, 2]);
    apply();
  });
  const rewound = () => rig.apply.brake.state;

  it('for good is named, and the rest is what it was', () => {
    refuse('fchmodat', 'EPERM');
    rig.apply.brake.rewind(point);
    expect(rewound()).toMatchObject({ phase: 'halted', sentence: expect.stringContaining('Except 1 ') });
    expect(rewound()?.sentence).toContain('«one»');
    expect(rig.replica.entry(rig.replica.root, 'one' as RawName)?.attributes.size).toBe(0);
  });

  it('more than once is named once, as it is called where the replica was taken back to', () => {
    source.rename(source.root, 'one', source.root, 'since');
    source.chmod(file, 0o640);
    apply();
    refuse('fchmodat', 'EPERM');
    rig.apply.brake.rewind(point);
    expect(rewound()?.sentence).toMatch(/Except 1 [^«]*«one»\./);
  });

  it('once is put back all the same, and nothing is named', () => {
    refuse('fchmodat', 'EPERM', 1);
    rig.apply.brake.rewind(point);
    expect(rewound()?.sentence).not.toContain('Except');
    expect(rig.tree()).toEqual(then);
  });

  it('by a disk that may recover keeps it on its way until it has', () => {
    refuse('fchmodat', 'EIO');
    expect(() => rig.apply.brake.rewind(point)).toThrow('EIO');
    expect(rewound()?.phase).toBe('rolling-back');
    rig.replica.beforeChange = () => {};
    rig.apply.brake.haltHere();
    expect(rewound()).toMatchObject({ phase: 'halted' });
    expect(rig.tree()).toEqual(then);
  });
});

describe('[SAFE4] a mode that is right', () => {
  it('is not set again, whoever the owner was meanwhile', () => {
    source.chown(file, 7);
    apply();
    refuse('fchmodat', 'EPERM');
    rig.apply.brake.rewind(point);
    expect(rig.apply.brake.state?.sentence).not.toContain('Except');
    expect(rig.tree()).toEqual(then);
  });
});

describe('[SAFE4] an access control list that a mode has changed', () => {
  const LIST = 'system.posix_acl_access' as RawName;
  const there = () => rig.replica.entry(rig.replica.root, 'one' as RawName);
  const list = () => rig.replica.xattrs(there()?.handle ?? ('' as Handle)) ?? [];

  it('is what it was, though nobody has named it', () => {
    const handle = there()?.handle ?? ('' as Handle);
    rig.replica.setXattr(handle, LIST, Uint8Array.of(7));
    const { setMode } = rig.replica;
    // As the file system does it. The real layout of a list is not asked for here.
    rig.replica.setMode = (file, mode) => {
      setMode.call(rig.replica, file, mode);
      rig.replica.setXattr(file, LIST, Uint8Array.of(mode & 7));
    };
    source.chmod(file, 0o604);
    apply();
    expect(list()).toEqual([[LIST, Uint8Array.of(4)]]);
    source.setXattr(file, 'user.a', 'b');
    apply();
    rig.apply.brake.rewind(point);
    expect(list()).toEqual([[LIST, Uint8Array.of(7)]]);
  });
});

describe('[SAFE4] what somebody else has put into a folder that was made since', () => {
  const put = (folder: string, name: string): void => {
    const there = rig.replica.entry(rig.replica.root, folder as RawName);
    if (there === null) throw new Error('it is there');
    const attributes = { ...source.attributes(source.root), mode: REGULAR | 0o600 };
    rig.replica.createFile(there.handle, rawFromText(name), attributes);
  };

  it('is moved aside, though the folder for such things was made since, too, and is to go', () => {
    const first = source.make(source.root, 'first', DIRECTORY);
    apply();
    put('first', 'theirs');
    source.make(first, 'theirs', DIRECTORY);
    source.make(source.root, 'second', DIRECTORY);
    apply();
    expect(rig.aside()).toEqual([expect.stringMatching(/^orphans\/.*\/first\/theirs$/)]);
    put('second', 'more');
    rig.apply.brake.rewind(point);
    expect(rig.apply.brake.state).toMatchObject({ phase: 'halted' });
    expect(rig.tree()).toEqual(then);
    const aside = rig.aside().map((path) => path.split('/').slice(-2).join('/'));
    expect(aside.sort()).toEqual(['first/theirs', 'second/more']);
  });
});

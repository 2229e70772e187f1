/**
 * A source that is known and means harm: what it may say over the wire, and what becomes of it. Each packet ends as applied, refused
 * by name, or `failed` by name; nothing beside the replica is changed, and what is held never grows with what was refused.
 */
import { position, type RecordInput, repliesSchema, Verb } from '@understudy/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  attributes,
  begin,
  bytesOf,
  FILE,
  FOLDER,
  id,
  limited,
  next,
  packet,
  ROOT,
  raw,
  rig,
  said,
} from './testing/hostile-source.ts';

beforeEach(begin);

describe('[TRM1] names that would lead out of their directory', () => {
  const NAMES = ['', '.', '..', 'a/b', '/etc/passwd', '../x', 'a\0b', '\0', 'x'.repeat(256), 'x'.repeat(65_535)];
  const verbs = Object.entries(Verb).filter(([key]) =>
    ['create', 'mkdir', 'symlink', 'mknod', 'link', 'unlink', 'rmdir', 'entry', 'detach'].includes(key),
  );

  it.each(verbs)('%s is refused with each of them, and nothing of its packet is kept', (_, verb) => {
    const before = rig.tree();
    for (const name of NAMES) {
      const good = { verb: Verb.marker } as const;
      const effects = rig.accept.accept(packet(good, { verb, node: id(9), parent: ROOT, name: raw(name) }), 0);
      expect(effects).toMatchObject({ verdict: 'refused', refuse: { code: 'protocol' } });
    }
    expect(rig.accept.queued).toEqual({ records: 0, bytes: 0, memoryBytes: 0 });
    expect(rig.tree()).toEqual(before);
  });

  it('rename is refused for either of its two', () => {
    for (const name of NAMES)
      for (const names of [
        { name: raw(name), name2: raw('ok') },
        { name: raw('ok'), name2: raw(name) },
      ]) {
        const bad = packet({ verb: Verb.rename, node: id(3), parent: id(1), parent2: ROOT, ...names });
        expect(rig.accept.accept(bad, 0).refuse?.code).toBe('protocol');
      }
    expect(rig.accept.queued.records).toBe(0);
  });
});

describe('[TCM1] [TCM3] positions, epochs and records that make no sense', () => {
  const many = 20_000;

  it('far ahead: one question an interval, nothing held', () => {
    let asked = 0;
    for (let i = 0; i < many; i += 1) {
      const far = position(1_000_000 + i);
      const effects = rig.accept.accept({ ...packet({ verb: Verb.marker, sequence: far }), from: far, to: far }, 1);
      expect(effects.verdict).toBe('gap');
      if (effects.resend !== null) asked += 1;
    }
    expect([asked, rig.accept.queued.records]).toEqual([1, 0]);
  });

  it('back: acknowledged and dropped', () => {
    for (let i = 0; i < many; i += 1) {
      const old = { ...packet({ verb: Verb.marker, sequence: 1 }), from: position(1), to: position(1) };
      expect(rig.accept.accept(old, 1)).toMatchObject({ verdict: 'duplicate', acknowledge: true });
    }
    expect(rig.accept.queued).toEqual({ records: 0, bytes: 0, memoryBytes: 0 });
  });

  it.each([
    ['an epoch below', () => ({ ...packet({ verb: Verb.marker }), epoch: 0 }), 'superseded'],
    ['an epoch that was never announced', () => ({ ...packet({ verb: Verb.marker }), epoch: 2 }), 'protocol'],
    [
      'a range backwards',
      () => ({ ...packet({ verb: Verb.marker }), to: position(next - 1), from: position(next) }),
      '',
    ],
    [
      'a longer range than its records',
      () => ({ ...packet({ verb: Verb.marker }), to: position(next + 5) }),
      'protocol',
    ],
    ['another position within', () => packet({ verb: Verb.marker, sequence: next + 1 }), 'protocol'],
    ['a position beyond 2^53', () => packet({ verb: Verb.marker, sequence: 2 ** 60 }), 'protocol'],
    ['a record of the ring', () => packet({ verb: Verb.dirty, node: id(3) }), 'protocol'],
    ['an end beyond any file', () => packet({ verb: Verb.write, node: id(3), offset: 2 ** 63, extent: 1 }), 'protocol'],
    ['a negative offset', () => packet({ verb: Verb.write, node: id(3), offset: -1, extent: 1 }), 'protocol'],
    ['a run of no kind', () => packet({ verb: Verb.mirrorBegin, detail: 0xffff_ffff }), 'protocol'],
    ['a run of no kind', () => packet({ verb: Verb.mirrorBegin, detail: 4 }), 'protocol'],
    ['a cut record', () => ({ ...packet({ verb: Verb.marker }), records: new Uint8Array(100) }), 'protocol'],
    ['no records', () => ({ ...packet({ verb: Verb.marker }), records: new Uint8Array(0) }), 'protocol'],
  ])('%s is refused', (_, bad, code) => {
    const { verdict, refuse } = rig.accept.accept(bad(), 0);
    if (code === '') expect(verdict).not.toBe('accepted');
    else expect([verdict, refuse?.code]).toEqual(['refused', code]);
    expect(rig.accept.queued.records).toBe(0);
  });

  it('a hello of an older epoch is superseded, one with positions that are no range is refused', () => {
    rig.epoch = 7;
    expect(rig.hello({ next: position(next) }).kind).toBe('welcome');
    expect(rig.hello({ epoch: 6 })).toMatchObject({ kind: 'refuse', refuse: { code: 'superseded' } });
    const bad = { oldest: position(9), next: position(3) };
    expect(rig.hello(bad)).toMatchObject({ kind: 'refuse', refuse: { code: 'protocol' } });
  });

  it.each(['srv', '', '../srv', 'etc/passwd', '/srv\0/x'])('a root at «%s» is refused', (path) => {
    const roots = [{ path: btoa(path), node: ROOT }];
    expect(rig.hello({ roots })).toMatchObject({ kind: 'refuse', refuse: { code: 'protocol' } });
  });
});

describe('operations on what they must not reach', () => {
  it('the directory in which limbo lies within the root is no name of the source', () => {
    const kept = rig.replica.makeDirectory(rig.replica.root, raw('.understudy-job'), attributes(FOLDER));
    const limbo = rig.replica.makeDirectory(kept, raw('limbo-0'), attributes(FOLDER));
    const within = new Proxy(limited(rig.replica), {
      get: (target, key) => (key === 'limbo' ? limbo : Reflect.get(target, key)),
    });
    rig.openRoot = () => within;
    rig.restart();
    rig.hello({ next: position(next) });
    const at = { node: id(50), parent: ROOT, name: raw('.understudy-job') };
    expect(said({ verb: Verb.symlink, ...at, data: bytesOf('/etc'), attributes: attributes(0o120777) })).toEqual([
      'EPERM',
    ]);
    expect(said({ verb: Verb.entry, ...at, attributes: attributes(FOLDER) })).toEqual(['EPERM']);
    expect(said({ verb: Verb.rmdir, ...at })).toEqual(['EPERM']);
    expect(said({ verb: Verb.detach, ...at, node: id(0), detail: 2, offset: 5 })).toEqual(['EPERM']);
    const away = { node: id(1), parent: ROOT, name: raw('folder'), parent2: ROOT, name2: at.name };
    expect(said({ verb: Verb.rename, ...away, attributes: attributes(FOLDER) })).toEqual(['EPERM']);
    expect(rig.replica.entry(rig.replica.root, at.name)?.handle).toBe(kept);
    expect(rig.replica.entry(kept, raw('limbo-0'))?.handle).toBe(limbo);
  });

  it('a directory does not get into itself, nor the root into what is beneath it', () => {
    const folder = {
      verb: Verb.rename,
      node: id(1),
      parent: ROOT,
      name: raw('folder'),
      attributes: attributes(FOLDER),
    };
    // Of both directories that the rename is about.
    expect(said({ ...folder, parent2: id(2), name2: raw('loop') })).toEqual(['EINVAL', 'EINVAL']);
    expect(said({ ...folder, parent2: id(1), name2: raw('loop') })).toEqual(['EINVAL', 'EINVAL']);
    const top = { verb: Verb.rename, node: ROOT, parent: ROOT, name: raw('x'), attributes: attributes(FOLDER) };
    expect(said({ ...top, parent2: id(1), name2: raw('loop') })).toEqual(['ESTALE', 'ESTALE']);
    expect(said({ verb: Verb.link, node: ROOT, parent: id(1), name: raw('up') })).toEqual(['EPERM']);
    expect(
      said({ verb: Verb.entry, node: ROOT, parent: id(1), name: raw('up'), attributes: attributes(FOLDER) }),
    ).toEqual(['ESTALE']);
    expect(rig.tree().size).toBe(4);
  });

  it('nodes that were never announced fail by name', () => {
    const stranger = { node: id(0xffff_ffff_ffff_ffffn), attributes: attributes(FILE) };
    const failures = said(
      { verb: Verb.write, ...stranger, data: bytesOf('x') },
      { verb: Verb.truncate, ...stranger, extent: 0 },
      { verb: Verb.setattr, ...stranger, detail: 31 },
      { verb: Verb.create, node: id(60), parent: id(61), name: raw('x'), attributes: attributes(FILE) },
      { verb: Verb.create, node: id(60), parent: id(3), name: raw('x'), attributes: attributes(FILE) },
      { verb: Verb.write, node: id(1), data: bytesOf('x'), attributes: attributes(FILE) },
    );
    expect(failures).toEqual(['ESTALE', 'ESTALE', 'ESTALE', 'ESTALE', 'ENOTDIR', 'EISDIR']);
  });

  it('what no file can hold fails by name', () => {
    const file = { node: id(3), attributes: attributes(FILE, { size: 2 ** 63 }) };
    const failures = said(
      { verb: Verb.write, ...file, offset: 2 ** 52, extent: 1, data: bytesOf('x') },
      { verb: Verb.truncate, ...file, extent: 2 ** 52 },
      { verb: Verb.fallocate, ...file, extent: 2 ** 52 },
      { verb: Verb.settle, ...file },
      { verb: Verb.xattrs, ...file, data: bytesOf('garbage') },
      { verb: Verb.check, ...file, extent: 2 ** 40, data: new Uint8Array(32) },
      { verb: Verb.check, ...file, extent: 4096, detail: 1, data: new Uint8Array(32) },
    );
    expect(failures).toEqual(['EFBIG', 'EFBIG', 'EFBIG', 'EFBIG', 'EBADMSG', 'EINVAL', 'EINVAL']);
  });

  it('[MIR4] orphans go aside under a day that can be written, whatever day the source names', () => {
    rig.replica.createFile(rig.replica.root, raw('stranger'), attributes(FILE));
    const listing = { parent: ROOT, node: ROOT, attributes: attributes(FOLDER), detail: 1 };
    const names = { node: id(1), parent: ROOT, name: raw('folder'), attributes: attributes(FOLDER) };
    expect(said({ verb: Verb.listingBegin, ...listing }, { verb: Verb.entry, ...names })).toEqual([]);
    expect(said({ verb: Verb.listingEnd, ...listing, offset: Number.MAX_SAFE_INTEGER })).toEqual([]);
    expect(rig.orphans()).toEqual(['/stranger']);
  });

  it('replies about very deep folders stay within what a message may be', () => {
    let parent = ROOT;
    const deep = Array.from({ length: 300 }, (_, i): RecordInput => {
      const made = { verb: Verb.mkdir, node: id(1000 + i), parent, name: raw('d'.repeat(250)) };
      parent = made.node;
      return { ...made, attributes: attributes(FOLDER) };
    });
    expect(said(...deep)).toEqual([]);
    expect(said({ verb: Verb.link, node: id(1), parent, name: raw('x') })).toHaveLength(1);
    const told = rig.replies.map((reply) =>
      'parent' in reply ? { ...reply, node: String(reply.node), parent: String(reply.parent) } : reply,
    );
    expect(repliesSchema.safeParse(told).success).toBe(true);
    expect(said({ verb: Verb.rmdir, node: id(1000), parent: ROOT, name: raw('d'.repeat(250)) })).toEqual([]);
  });
});

/** The suite's script: every modifying call that an application can make, in steps whose order matters. */
import { type RawName, rawFromBytes, rawFromText } from '@understudy/base';
import { FileType } from '../memory/node.ts';
import type { Actor } from './actor.ts';

const raw = (text: string): RawName => rawFromText(text);
const bytes = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 7 + (i >> 8)) & 0xff);

/** Bytes that are no UTF-8, a line break and a quote. */
export const ODD_NAME = rawFromBytes(Uint8Array.of(0xff, 0x0a, 0x27, 0xc3, 0x28));
const PUNCH = 3;

/** VFS_CAP_REVISION_2, effective, CAP_NET_BIND_SERVICE permitted. */
const CAPABILITY = Uint8Array.of(1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

/** user::rw-, user:1000:r--, group::r--, mask::r--, other::--- */
function accessList(): Uint8Array {
  const entries = [
    [1, 6, 0xffff_ffff],
    [2, 4, 1000],
    [4, 4, 0xffff_ffff],
    [0x10, 4, 0xffff_ffff],
    [0x20, 0, 0xffff_ffff],
  ] as const;
  const list = new Uint8Array(4 + entries.length * 8);
  const view = new DataView(list.buffer);
  view.setUint32(0, 2, true);
  for (const [i, [tag, permissions, id]] of entries.entries()) {
    view.setUint16(4 + i * 8, tag, true);
    view.setUint16(6 + i * 8, permissions, true);
    view.setUint32(8 + i * 8, id, true);
  }
  return list;
}

export interface Step {
  readonly what: string;
  run(actor: Actor): void;
}

export const BASELINE: readonly Step[] = [
  {
    what: 'files that were there before',
    run: (a) => {
      a.mkdir(raw('old'), 0o2755);
      a.create(raw('old/large'));
      a.write(raw('old/large'), 0, bytes(300_000, 1));
      a.create(raw('old/one'));
      a.link(raw('old/one'), raw('old/two'));
      a.symlink(raw('old/link'), new TextEncoder().encode('../nowhere'));
      a.mkdir(raw('old/deep'));
      a.create(raw('old/deep/x'), 0o4711);
      a.setXattr(raw('old/one'), raw('user.kept'), bytes(10, 2));
    },
  },
];

const step = (what: string, run: (actor: Actor) => void): Step => ({ what, run });

export const SCRIPT: readonly Step[] = [
  step('create, write, append', (a) => {
    a.create(raw('a'), 0o640);
    a.write(raw('a'), 0, bytes(5000, 3));
    a.append(raw('a'), bytes(100, 4));
    a.write(raw('a'), 100, bytes(50, 5));
  }),
  step('change inside a larger file', (a) => a.write(raw('old/large'), 131_072, bytes(4096, 6))),
  step('a hole and a far write', (a) => {
    a.create(raw('sparse'));
    a.write(raw('sparse'), 10 * 1024 * 1024, bytes(100, 7));
    a.write(raw('sparse'), 0, bytes(8192, 8));
    a.fallocate(raw('sparse'), PUNCH, 4096, 4096);
  }),
  step('shrink and grow', (a) => {
    a.truncate(raw('a'), 10);
    a.truncate(raw('a'), 9000);
    a.fallocate(raw('a'), 0, 0, 20_000);
  }),
  step('directories', (a) => {
    a.mkdir(raw('d'), 0o750);
    a.mkdir(raw('d/e'));
    a.create(raw('d/e/f'));
    a.mkdir(raw('empty'));
    a.rmdir(raw('empty'));
  }),
  step('rename a file, a directory, over another', (a) => {
    a.rename(raw('a'), raw('b'));
    a.rename(raw('d'), raw('old/d'));
    a.create(raw('new-b'));
    a.append(raw('new-b'), bytes(77, 9));
    a.rename(raw('new-b'), raw('b'));
  }),
  step('exchange files, and a file with a directory', (a) => {
    a.create(raw('x'));
    a.create(raw('y'));
    a.append(raw('x'), bytes(11, 10));
    a.exchange(raw('x'), raw('y'));
    a.exchange(raw('x'), raw('old/deep'));
  }),
  step('hard links', (a) => {
    a.link(raw('b'), raw('b2'));
    a.append(raw('b2'), bytes(5, 11));
    a.unlink(raw('b'));
    a.unlink(raw('old/one'));
  }),
  step('links, pipes, devices', (a) => {
    a.symlink(raw('s'), Uint8Array.of(0xfe, 0x2f, 0x61));
    a.chown(raw('s'), 7, 8);
    a.mknod(raw('pipe'), FileType.fifo | 0o600, 0);
  }),
  step('owner, mode, times', (a) => {
    a.chown(raw('b2'), 1234, 5678);
    a.chmod(raw('b2'), 0o6751);
    a.utimens(raw('b2'), { sec: 5, nsec: 6 }, { sec: 1_600_000_000, nsec: 123_456_789 });
    a.chmod(raw('old'), 0o1777);
    a.utimens(raw('old/d'), { sec: 1, nsec: 2 }, { sec: 3, nsec: 4 });
  }),
  step('extended attributes', (a) => {
    a.setXattr(raw('b2'), raw('user.a'), bytes(300, 12));
    a.setXattr(raw('b2'), raw('user.b'), new Uint8Array(0));
    a.removeXattr(raw('b2'), raw('user.a'));
    a.removeXattr(raw('old/two'), raw('user.kept'));
    a.setXattr(raw('old'), raw('user.dir'), bytes(3, 13));
  }),
  step('a file that had no name', (a) => a.tmpfile(raw('named'), bytes(9000, 14))),
  step('a file that lost its name while open', (a) => {
    a.create(raw('doomed'));
    a.writeUnlinked(raw('doomed'), bytes(20, 15));
  }),
  step('a name of any bytes', (a) => {
    a.create(ODD_NAME);
    a.append(ODD_NAME, bytes(3, 16));
    a.mkdir(`old/${ODD_NAME}` as RawName);
    a.rename(ODD_NAME, `old/${ODD_NAME}/${ODD_NAME}` as RawName);
  }),
  step('the same name for another type', (a) => {
    a.unlink(raw('named'));
    a.mkdir(raw('named'));
    a.create(raw('named/in'));
    a.rename(raw('named/in'), raw('in'));
    a.rmdir(raw('named'));
    a.symlink(raw('named'), bytes(4, 1));
  }),
  step('directories that change places', (a) => {
    a.mkdir(raw('p'));
    a.mkdir(raw('p/q'));
    a.create(raw('p/q/leaf'));
    a.rename(raw('p/q'), raw('q'));
    a.rename(raw('p'), raw('q/p'));
    a.rename(raw('q'), raw('p'));
  }),
  step('access control lists and capabilities', (a) => {
    a.create(raw('guarded'), 0o640);
    a.setXattr(raw('guarded'), raw('system.posix_acl_access'), accessList());
    a.create(raw('capable'), 0o755);
    a.setXattr(raw('capable'), raw('security.capability'), CAPABILITY);
  }),
  step('a tree removed', (a) => {
    a.unlink(raw('old/d/e/f'));
    a.rmdir(raw('old/d/e'));
    a.rmdir(raw('old/d'));
  }),
  step('the protected directory itself', (a) => {
    a.chmod(raw(''), 0o711);
    a.chown(raw(''), 3, 4);
    a.setXattr(raw(''), raw('user.top'), bytes(2, 17));
  }),
];

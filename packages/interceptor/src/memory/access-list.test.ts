import { type RawName, rawFromText } from '@understudy/base';
import { decodeRecord, type OperationRecord, peekLength, RecordFlag, Verb } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { ACCESS_ACL, type AclEntry, AclTag, DEFAULT_ACL, decodeAcl, encodeAcl } from './access-list.ts';
import { MemoryFileSystem } from './memory-file-system.ts';
import { MemoryInterceptor } from './memory-interceptor.ts';

const list = (owner: number, group: number, mask: number, others: number): AclEntry[] => [
  { tag: AclTag.owner, permissions: owner },
  { tag: AclTag.user, permissions: 7, id: 5 },
  { tag: AclTag.group, permissions: group },
  { tag: AclTag.mask, permissions: mask },
  { tag: AclTag.others, permissions: others },
];
const ofMode = (owner: number, group: number, others: number): AclEntry[] =>
  list(owner, group, 0, others).filter(({ tag }) => tag !== AclTag.user && tag !== AclTag.mask);

function setUp() {
  const fs = new MemoryFileSystem({ wallMs: () => 1000 });
  const file = fs.create(fs.root, rawFromText('file'), 0o4640);
  const mode = (): number => (fs.attributes(file)?.mode ?? 0) & 0o7777;
  const acl = (): readonly (readonly [number, number])[] | null => {
    const value = fs.xattrs(file).find(([name]) => name === ACCESS_ACL)?.[1];
    return value === undefined ? null : (decodeAcl(value) ?? []).map(({ tag, permissions }) => [tag, permissions]);
  };
  return { fs, file, mode, acl };
}

describe('access control lists in memory', () => {
  it('[TRM4] bring the mode along, where the mask stands for the group, and leave setuid', () => {
    const { fs, file, mode } = setUp();
    fs.setXattr(file, ACCESS_ACL, encodeAcl(list(7, 1, 5, 2)));
    expect(mode()).toBe(0o4752);
  });

  it('[TRM4] follow chmod: the mask moves, and the group stays', () => {
    const { fs, file, acl } = setUp();
    fs.setXattr(file, ACCESS_ACL, encodeAcl(list(7, 1, 5, 2)));
    fs.chmod(file, 0o604);
    expect(acl()).toEqual([
      [AclTag.owner, 6],
      [AclTag.user, 7],
      [AclTag.group, 1],
      [AclTag.mask, 0],
      [AclTag.others, 4],
    ]);
  });

  it('[TRM4] are not kept where a mode says the same', () => {
    const { fs, file, mode, acl } = setUp();
    fs.setXattr(file, ACCESS_ACL, encodeAcl(list(7, 1, 5, 2)));
    fs.setXattr(file, ACCESS_ACL, encodeAcl(ofMode(6, 2, 1)));
    expect([acl(), mode()]).toEqual([null, 0o4621]);
  });

  it('are refused as Linux does it, and nothing has changed', () => {
    const { fs, file, mode, acl } = setUp();
    const link = fs.symlink(fs.root, rawFromText('link'), Uint8Array.of(1));
    const refused = (node: typeof file, name: RawName, value: Uint8Array): string => {
      try {
        fs.setXattr(node, name, value);
        return 'taken';
      } catch (error) {
        return (error as { code?: string }).code ?? String(error);
      }
    };
    const good = encodeAcl(list(7, 1, 5, 2));
    expect([
      refused(link, ACCESS_ACL, good),
      refused(file, DEFAULT_ACL, good),
      refused(file, ACCESS_ACL, good.subarray(0, 11)),
      refused(file, ACCESS_ACL, encodeAcl(list(7, 1, 5, 2).slice(1))),
      refused(fs.root, DEFAULT_ACL, good),
    ]).toEqual(['EOPNOTSUPP', 'EACCES', 'EINVAL', 'EINVAL', 'taken']);
    expect([acl(), mode()]).toEqual([null, 0o4640]);
  });

  it('[FSI1] are told with the mode that came of them, and that it changed', async () => {
    const { fs, file } = setUp();
    const interceptor = new MemoryInterceptor({ fs, clock: { wallMs: () => 1000 }, defer: (task) => task() });
    const top = fs.mkdir(fs.root, rawFromText('data'));
    const inner = fs.create(top, rawFromText('inner'), 0o640);
    await interceptor.protect(rawFromText('/data'));
    fs.setXattr(inner, ACCESS_ACL, encodeAcl(list(6, 0, 4, 0)));
    fs.setXattr(inner, ACCESS_ACL, encodeAcl(list(7, 1, 5, 2)));
    const records: OperationRecord[] = [];
    interceptor.drain((bytes) => {
      for (let at = 0; at < bytes.length; at += peekLength(bytes, at)) records.push(decodeRecord(bytes, at));
    });
    expect(records.map(({ verb, attributes, flags }) => [verb, attributes.mode & 0o777, flags])).toEqual([
      [Verb.setxattr, 0o640, 0],
      [Verb.setxattr, 0o752, RecordFlag.modeChanged],
    ]);
    expect(fs.attributes(file)?.mode).toBe(0o104640);
  });
});

describe('a range that is copied', () => {
  it('[FSI1] ends where its file does, and is not copied over itself', () => {
    const { fs, file } = setUp();
    const other = fs.create(fs.root, rawFromText('other'));
    fs.write(file, 0, Uint8Array.of(1, 2, 3, 4));
    fs.copyRange(file, 1, other, 2, 100);
    const bytes = new Uint8Array(10);
    expect([fs.read(other, 0, bytes), ...bytes.subarray(0, 5)]).toEqual([5, 0, 0, 2, 3, 4]);
    expect(() => fs.copyRange(file, 0, file, 2, 3)).toThrow('EINVAL');
  });
});

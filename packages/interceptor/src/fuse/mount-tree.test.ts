import type { RawName } from '@understudy/base';
import type { Mount } from '@understudy/filesystem';
import { describe, expect, it } from 'vitest';
import { hiddenBy, mountedBeneath, mountHolding, twinOf, walk } from './mount-tree.ts';

function mount(id: number, parentId: number, mountPoint: string, device = `8:${id}`, type = 'ext4'): Mount {
  const shown = { root: '/' as RawName, source: 'none' as RawName, options: ['rw'], superOptions: [] };
  return { id, parentId, device, mountPoint: mountPoint as RawName, type, ...shown };
}
const ids = (mounts: readonly Mount[]) => mounts.map(({ id }) => id);

describe('the tree of mounts', () => {
  const root = mount(1, 0, '/');
  const data = mount(2, 1, '/data');
  const sub = mount(3, 2, '/data/sub');

  it('a path leads through every mount on its way, and beside those whose names only begin alike', () => {
    expect(ids(walk([root, data, sub], '/data/sub/x'))).toEqual([1, 2, 3]);
    expect(mountHolding([root, data, sub], '/data/subway')).toBe(data);
    expect(mountHolding([root, data, sub], '/database')).toBe(root);
    expect(mountHolding([data, sub], '/home')).toBeNull();
  });

  it('what is mounted further up later hides what was mounted further down before, whatever their numbers', () => {
    const above = mount(4, 1, '/data/a', '9:1');
    const deep = mount(9, 1, '/data/a/b', '9:2');
    for (const order of [
      [root, above, deep],
      [deep, above, root],
    ]) {
      expect(mountHolding(order, '/data/a/b/c')).toBe(above);
      expect(mountedBeneath(order, '/data')).toEqual([above]);
    }
  });

  it('of two at one place the one that is mounted on the other is seen', () => {
    const over = mount(3, 8, '/data', '9:1');
    const under = mount(8, 1, '/data', '9:2');
    expect(mountHolding([root, over, under], '/data/x')).toBe(over);
    expect(mountedBeneath([root, over, under], '/')).toEqual([over]);
  });

  it('lists what is seen beneath a directory outermost first', () => {
    const deeper = mount(5, 3, '/data/sub/a/b');
    expect(ids(mountedBeneath([deeper, sub, data, root], '/data'))).toEqual([3, 5]);
    expect(mountedBeneath([root, data], '/data')).toEqual([]);
  });

  it('knows what ours hides, and what was put in its place again', () => {
    const ours = mount(6, 2, '/data', '0:50', 'fuse.understudy');
    const again = mount(7, 6, '/data/sub', sub.device);
    const late = mount(8, 6, '/data/late', '9:9');
    const all = [root, data, sub, ours, again, late];
    expect(hiddenBy(all, sub, 'fuse.understudy')).toBe(true);
    expect(hiddenBy(all, again, 'fuse.understudy')).toBe(false);
    expect(twinOf(all, again, 'fuse.understudy')).toBe(sub);
    expect(twinOf(all, late, 'fuse.understudy')).toBeNull();
  });
});

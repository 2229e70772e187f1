import type { RawName } from '@understudy/base';
import { describe, expect, it } from 'vitest';
import { innerPath, mountHolding, type Namespace, otherMounts, type SharedMount } from './mounts.ts';

function mount(id: number, mountPoint: string, more: Partial<SharedMount> = {}): SharedMount {
  return {
    id,
    parentId: 1,
    device: '8:1',
    root: '/' as RawName,
    mountPoint: mountPoint as RawName,
    options: ['rw'],
    type: 'ext4',
    source: '/dev/sda1' as RawName,
    superOptions: [],
    shared: null,
    master: null,
    ...more,
  };
}

const space = (pid: number, own: boolean, ...mounts: SharedMount[]): Namespace => ({ pid, own, mounts });
const others = (all: Namespace[], holding: SharedMount, inner: string) =>
  otherMounts(all, holding, inner).map(([namespace, other]) => [namespace.pid, other.id]);

describe('[FSI7] other ways to the same files', () => {
  it('a service whose mounts follow ours sees our mount too; a private copy does not', () => {
    const holding = mount(10, '/', { shared: 1 });
    const all = [
      space(1, true, holding),
      space(2, false, mount(20, '/', { master: 1 })),
      space(3, false, mount(30, '/')),
    ];
    expect(others(all, holding, '/srv/data')).toEqual([[3, 30]]);
  });

  it('an agent in a namespace of its own cannot mount for those it only follows', () => {
    const holding = mount(10, '/', { master: 1 });
    expect(others([space(1, true, holding), space(2, false, mount(20, '/', { shared: 1 }))], holding, '/srv')).toEqual([
      [2, 20],
    ]);
  });

  it('a bind mount counts where it shows the directory, a part of it, or what holds it', () => {
    const holding = mount(10, '/', { shared: 1 });
    const bind = (root: string) => [space(1, true, holding, mount(11, '/mnt', { root: root as RawName, shared: 1 }))];
    for (const root of ['/srv', '/srv/data', '/srv/data/sub'])
      expect(others(bind(root), holding, '/srv/data')).toEqual([[1, 11]]);
    for (const root of ['/srv/data2', '/home']) expect(others(bind(root), holding, '/srv/data')).toEqual([]);
  });

  it('another file system is no way, and of two mounts at one place the later holds', () => {
    const first = mount(10, '/data', { device: '8:2' });
    const later = mount(12, '/data');
    expect(mountHolding([mount(1, '/'), first, later], '/data/x')).toBe(later);
    expect(others([space(1, true, later, first)], later, '/x')).toEqual([]);
    expect(innerPath(mount(1, '/mnt', { root: '/srv' as RawName }), '/mnt/a')).toBe('/srv/a');
    expect(innerPath(mount(1, '/'), '/')).toBe('/');
  });
});

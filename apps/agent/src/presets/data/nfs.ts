import type { Preset } from '../preset.ts';

export const nfs: Preset = {
  name: 'nfs',
  title: 'NFS exports',
  found: ['/etc/exports'],
  instance: null,
  facts: [
    { fact: 'export', from: 'settings', file: '{file}', syntax: 'exports', keys: ['export'] },
    { fact: 'further', from: 'settings', file: '/etc/exports.d/*.exports', syntax: 'exports', keys: ['export'] },
  ],
  requires: ['{export}'],
  include: ['{export}', '{further}'],
  exclude: [],
  configuration: ['/etc/exports', '/etc/exports.d'],
  process: { name: /^nfsd$/ },
  users: [],
  ports: [{ protocol: 'tcp', port: '2049' }],
  version: {
    command: ['/usr/sbin/exportfs', '--version'],
    // Any will do: what goes over the wire is the kernel's.
    pattern: /(exportfs)/,
    package: 'nfs-kernel-server',
  },
  services: [
    {
      name: 'NFS server',
      unit: 'nfs-kernel-server.service',
      start: ['/bin/sh', '-c', 'exportfs -ra && rpc.nfsd 8 && exec rpc.mountd'],
      stop: ['/bin/sh', '-c', 'rpc.nfsd 0; exportfs -ua'],
      check: ['/bin/sh', '-c', 'test "$(cat /proc/fs/nfsd/threads)" -gt 0'],
      timeoutMs: 60_000,
    },
  ],
  notes: [
    '/etc/exports is not replicated: the target needs the same',
    'after a failover clients have to mount anew: the files of the replica have other handles',
  ],
};

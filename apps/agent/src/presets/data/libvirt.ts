import type { Preset } from '../preset.ts';

export const libvirt: Preset = {
  name: 'libvirt',
  title: 'libvirt disk images',
  found: ['/etc/libvirt/qemu'],
  instance: null,
  facts: [
    {
      fact: 'pool',
      from: 'settings',
      file: '/etc/libvirt/storage/*.xml',
      syntax: 'xml',
      keys: ['pool/target/path'],
      pattern: /^(\/(?!dev\/)(?:.*[^/])?)\/*$/,
    },
    {
      fact: 'disk',
      from: 'settings',
      file: '/etc/libvirt/qemu/*.xml',
      syntax: 'xml',
      keys: ['domain/devices/disk/source@file'],
      pattern: /^(\/(?!dev\/).*)$/,
    },
    { fact: 'usual', from: 'existing', paths: ['/var/lib/libvirt/images'] },
  ],
  requires: ['{disk}'],
  // A disk in a pool is in the set already: the pool's rule holds for all that lies beneath.
  include: ['{pool}', '{usual}', '{disk}'],
  exclude: [],
  configuration: ['/etc/libvirt/qemu', '/etc/libvirt/storage'],
  process: { name: /^(libvirtd|virtqemud)$/ },
  users: ['libvirt-qemu'],
  ports: [],
  version: {
    command: ['/usr/sbin/libvirtd', '--version'],
    pattern: /libvirt\) (\d+)/,
    package: 'libvirt-daemon-system',
  },
  services: [
    {
      name: 'libvirt',
      unit: 'libvirtd.service',
      start: ['/usr/sbin/libvirtd', '--daemon'],
      stop: ['/sbin/start-stop-daemon', '--stop', '--retry', 'TERM/60/KILL/5', '--exec', '/usr/sbin/libvirtd'],
      check: ['/usr/bin/virsh', '--quiet', '--connect', 'qemu:///system', 'list'],
      timeoutMs: 120_000,
    },
  ],
  notes: [
    '/etc/libvirt is not replicated: define the same domains and pools on the target',
    'which domains start is said by their autostart on the target',
  ],
};

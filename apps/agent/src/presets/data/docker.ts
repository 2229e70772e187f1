import type { Preset } from '../preset.ts';

export const docker: Preset = {
  name: 'docker',
  title: 'Docker volumes in {data}/volumes',
  found: ['/etc/docker/daemon.json', '/var/lib/docker'],
  instance: null,
  facts: [
    {
      fact: 'data',
      from: 'settings',
      file: '/etc/docker/daemon.json',
      syntax: 'json',
      keys: ['data-root'],
      pattern: /^(\/(?:.*[^/])?)\/*$/,
      otherwise: '/var/lib/docker',
    },
    { fact: 'volumes', from: 'existing', paths: ['{data}/volumes'] },
  ],
  requires: ['{volumes}'],
  include: ['{volumes}'],
  // The block device of this server's own disk.
  exclude: ['{volumes}/backingFsBlockDev'],
  configuration: ['/etc/docker'],
  process: { name: /^dockerd$/ },
  users: [],
  ports: [],
  version: { command: ['/usr/bin/docker', '--version'], pattern: /version (\d+)/, package: 'docker.io or docker-ce' },
  services: [
    {
      name: 'Docker',
      unit: 'docker.service',
      start: ['/sbin/start-stop-daemon', '--start', '--background', '--exec', '/usr/bin/dockerd'],
      stop: ['/sbin/start-stop-daemon', '--stop', '--retry', 'TERM/60/KILL/5', '--exec', '/usr/bin/dockerd'],
      check: ['/usr/bin/docker', 'info'],
      timeoutMs: 120_000,
    },
  ],
  notes: [
    'images and containers are not in the set: the target needs the images, and what starts the containers (a compose file, a unit)',
  ],
};

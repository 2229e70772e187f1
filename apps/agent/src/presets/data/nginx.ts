import type { Preset } from '../preset.ts';

export const nginx: Preset = {
  name: 'nginx',
  title: 'nginx',
  found: ['/etc/nginx/nginx.conf'],
  instance: null,
  facts: [
    {
      fact: 'root',
      from: 'settings',
      file: '{file}',
      syntax: 'directives',
      keys: ['root'],
      pattern: /^(\/(?:[^$]*[^$/])?)\/*$/,
    },
    {
      fact: 'port',
      from: 'settings',
      file: '{file}',
      syntax: 'directives',
      keys: ['listen'],
      pattern: /^(?:[^\s]*:)?(\d{1,5})(?:\s|$)/,
    },
  ],
  requires: ['{root}'],
  include: ['{root}'],
  exclude: [],
  configuration: ['/etc/nginx'],
  process: { name: /^nginx$/ },
  users: ['www-data'],
  ports: [{ protocol: 'tcp', port: '{port}' }],
  version: { command: ['/usr/sbin/nginx', '-v'], pattern: /nginx\/(\d+\.\d+)/, package: 'nginx' },
  services: [
    {
      name: 'nginx',
      unit: 'nginx.service',
      start: ['/usr/sbin/nginx'],
      stop: ['/usr/sbin/nginx', '-s', 'quit'],
      check: ['/bin/sh', '-c', 'kill -0 "$(cat /run/nginx.pid)"'],
      timeoutMs: 30_000,
    },
  ],
  notes: ['/etc/nginx is not replicated: the target needs the same settings and certificates'],
};

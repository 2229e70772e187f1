import type { Preset } from '../preset.ts';

export const apache: Preset = {
  name: 'apache',
  title: 'Apache',
  found: ['/etc/apache2/apache2.conf'],
  instance: null,
  facts: [
    {
      fact: 'root',
      from: 'settings',
      file: '{file}',
      syntax: 'apache',
      keys: ['documentroot'],
      pattern: /^(\/(?:[^$]*[^$/])?)\/*$/,
    },
    {
      fact: 'port',
      from: 'settings',
      file: '{file}',
      syntax: 'apache',
      keys: ['listen'],
      pattern: /^(?:[^\s]*:)?(\d{1,5})(?:\s|$)/,
    },
  ],
  requires: ['{root}'],
  include: ['{root}'],
  exclude: [],
  configuration: ['/etc/apache2'],
  process: { name: /^apache2$/ },
  users: ['www-data'],
  ports: [{ protocol: 'tcp', port: '{port}' }],
  version: { command: ['/usr/sbin/apache2', '-v'], pattern: /Apache\/(\d+\.\d+)/, package: 'apache2' },
  services: [
    {
      name: 'Apache',
      unit: 'apache2.service',
      start: ['/usr/sbin/apache2ctl', 'start'],
      stop: ['/usr/sbin/apache2ctl', 'stop'],
      check: ['/bin/sh', '-c', 'kill -0 "$(cat /run/apache2/apache2.pid)"'],
      timeoutMs: 30_000,
    },
  ],
  notes: ['/etc/apache2 is not replicated: the target needs the same settings and certificates'],
};

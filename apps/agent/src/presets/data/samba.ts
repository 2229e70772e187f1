import type { Preset } from '../preset.ts';

/** Shares are where smb.conf says; users, passwords and the server's identity are in its private databases. */
export const samba: Preset = {
  name: 'samba',
  title: 'Samba',
  found: ['/etc/samba/smb.conf'],
  instance: null,
  facts: [
    {
      fact: 'share',
      from: 'settings',
      file: '{file}',
      syntax: 'ini',
      keys: ['path', 'directory'],
      sections: /^(?!global$|homes$|printers$|print\$$)/i,
      sectionsWithout: { key: 'printable', value: /^(yes|true|1)$/i },
      // A path with a variable in it is another for each user: it cannot be named in a rule.
      pattern: /^(\/(?:[^%]*[^%/])?)\/*$/,
    },
    {
      fact: 'varying',
      from: 'settings',
      file: '{file}',
      syntax: 'ini',
      keys: ['path', 'directory'],
      pattern: /^(\/.*%.*)$/,
    },
    { fact: 'state', from: 'existing', paths: ['/var/lib/samba'] },
    {
      fact: 'privately',
      from: 'settings',
      file: '{file}',
      syntax: 'ini',
      keys: ['private dir'],
      pattern: /^(\/(?:.*[^/])?)\/*$/,
    },
  ],
  requires: ['{share}'],
  include: ['{share}', '{state}', '{privately}'],
  // Sockets of the running server.
  exclude: ['{state}/private/msg.sock', '{state}/winbindd_privileged', '{privately}/msg.sock'],
  configuration: ['/etc/samba/smb.conf'],
  process: { name: /^smbd/ },
  users: [],
  ports: [
    { protocol: 'tcp', port: '445' },
    { protocol: 'tcp', port: '139' },
  ],
  version: { command: ['/usr/sbin/smbd', '--version'], pattern: /Version (\d+\.\d+)/, package: 'samba' },
  services: [
    {
      name: 'Samba',
      unit: 'smbd.service',
      start: ['/usr/sbin/smbd', '--daemon'],
      stop: ['/sbin/start-stop-daemon', '--stop', '--retry', 'TERM/20/KILL/5', '--exec', '/usr/sbin/smbd'],
      check: ['/usr/bin/smbcontrol', 'smbd', 'ping'],
      timeoutMs: 30_000,
    },
  ],
  notes: [
    '/etc/samba is not replicated: the target needs the same smb.conf',
    'the share at {varying} is another for each user and not in the set: add --include for the directories that are meant',
  ],
};

/**
 * Applications protected by their presets between two servers with the same paths: the real programs write, the source is cut off and killed,
 * and the failover brings the service up on the target with all that was committed.
 */
import { existsSync } from 'node:fs';
import { describe, expect } from 'vitest';
import {
  describeWithFuse,
  ExitCode,
  type Rooms,
  type Server,
  staged,
  type Two,
  until,
  whyNoLine,
} from '../bootstrap/index.ts';
import {
  clusterRooms,
  clusterVersion,
  killHard,
  makeCluster,
  openLedger,
  openTwo,
  presetOf,
  protectPreset,
  psql,
  serve,
} from '../bootstrap/two-servers.ts';

/** Whatever a call was answered is on the target, and the application is not kept waiting when that is cut off. */
const SYNCHRONOUS = ['--mode', 'sync', '--sync-at', 'fsync', '--sync-timeout', '5s'];

const noCluster = clusterVersion() === null || !existsSync('/usr/bin/pg_createcluster');
const noSamba = !existsSync('/usr/sbin/smbd') || !existsSync('/usr/bin/smbclient');
const noLine = whyNoLine();
if (noCluster) console.warn('SKIPPED the preset of PostgreSQL: Debian package postgresql is not installed');
if (noSamba) console.warn('SKIPPED the preset of Samba: Debian packages samba and smbclient are not installed');
if (noLine !== null) console.warn(`SKIPPED presets between two servers: ${noLine}`);

async function failOver({ stage, line }: Two): Promise<void> {
  stage.clientPrefix = line.on('target');
  const done = await stage.cli(['failover', 'app', '--yes'], 180_000);
  expect(done.code, `${done.stdout}${done.stderr}`).toBe(ExitCode.done);
  await stage.client.reach('app', 'failed-over');
}

describe.skipIf(noLine !== null)('presets', () => {
  describe.skipIf(noCluster)('of PostgreSQL', () => {
    describeWithFuse('with the real server', () => {
      staged('[FO1] the target serves all that was committed', [], async (stage) => {
        const rooms = clusterRooms('ext4');
        const two = await openTwo(stage, { source: rooms, target: rooms }, makeCluster);
        const preset = await presetOf(two, `postgresql:${clusterVersion()}-main`);
        await protectPreset(two, 'postgresql', ...SYNCHRONOUS);
        await serve(two.source, preset);
        expect((await presetOf(two, preset.name)).running).toBe(true);
        const ledger = await openLedger(two);
        await until('200 transactions are committed', () => ledger.progress >= 200);

        await killHard(two, 'postgres');
        await ledger.ended();
        await failOver(two);
        const { target } = two;
        const said = await target.run(...psql('-c', 'SELECT count(*), max(id) FROM ledger'));
        const [count, highest] = said.split('|').map(Number);
        expect(count).toBeGreaterThanOrEqual(ledger.progress);
        expect(count).toBe((highest ?? 0) + 1);
        expect(await target.run(...psql('-c', 'INSERT INTO ledger VALUES (-1) RETURNING id'))).toBe('-1\n');
        for (const { stop } of preset.services) await target.run(...stop);
      });
    });
  });

  describe.skipIf(noSamba)('of Samba', () => {
    describeWithFuse('with the real server', () => {
      staged('[FO1] the target serves the files to the users that the source knew', [], async (stage) => {
        const two = await openTwo(stage, { source: SHARE_ROOMS, target: SHARE_ROOMS }, makeShare);
        const preset = await presetOf(two, 'samba');
        await protectPreset(two, 'samba', ...SYNCHRONOUS);
        const { source, target } = two;
        await serve(source, preset);
        expect((await put(source, 'told', 'what was told')).code).toBe(0);
        await stage.client.flush('alpha/app');

        await killHard(two, 'smbd.*');
        await failOver(two);
        expect(await target.run(...share('get told -'))).toContain('what was told');
        expect((await put(target, 'more', 'and more')).code).toBe(0);
        const stranger = ['smbclient', '-U', `${USER}%wrong`, '//127.0.0.1/files', '-c', 'ls'];
        expect((await target.try(...stranger)).code).not.toBe(0);
        for (const { stop } of preset.services) await target.run(...stop);
      });
    });
  });
});

/** One that every Debian has. */
const USER = 'games';
const SHARE_ROOMS: Rooms = {
  disks: [
    { at: '/srv', type: 'ext4' },
    { at: '/var/lib/samba', type: 'ext4' },
  ],
  folders: ['/etc/samba', '/run/samba', '/var/log/samba', '/var/cache/samba'],
};

const share = (command: string) => ['smbclient', '-U', `${USER}%secret`, '//127.0.0.1/files', '-c', command];

const put = (server: Server, name: string, text: string) =>
  server.try('sh', '-c', `echo '${text}' > /run/samba/put && "$@"`, 'sh', ...share(`put /run/samba/put ${name}`));

async function makeShare({ source, target }: Two): Promise<void> {
  const lines = ['[global]', 'log level = 1', '[files]', 'path = /srv/files', 'read only = no'];
  for (const server of [source, target])
    await server.run('sh', '-c', 'printf "%s\\n" "$@" > /etc/samba/smb.conf', 'sh', ...lines);
  await source.run('sh', '-c', `mkdir -p /srv/files /var/lib/samba/private && chown ${USER} /srv/files`);
  await source.run('sh', '-c', `printf 'secret\\nsecret\\n' | smbpasswd -c /etc/samba/smb.conf -s -a ${USER}`);
}

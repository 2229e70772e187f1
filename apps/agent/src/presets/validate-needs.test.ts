import type { PresetNeeds } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { postgresql } from './data/postgresql.ts';
import { findInstances } from './find-presets.ts';
import { needsOf } from './preset-needs.ts';
import { openPresets } from './presets.ts';
import { type FakeServer, viewOf } from './testing/fake-server.ts';
import { type ValidationPorts, validateNeeds } from './validate-needs.ts';

const DATA = '/var/lib/postgresql/15/main';
const VERSION = '/usr/lib/postgresql/15/bin/postgres --version';

const SOURCE: FakeServer = {
  files: {
    '/etc/postgresql/15/main/postgresql.conf': 'port = 5433\n',
    '/etc/postgresql/15/main/pg_hba.conf': 'local all all peer\n',
    [`${DATA}/PG_VERSION`]: '15\n',
    '/etc/passwd': 'root:x:0:0::/:\npostgres:x:107:112::/:\nana:x:1001:1001::/:\n',
    '/etc/group': 'postgres:x:112:\nstaff:x:50:\n',
  },
  says: { [VERSION]: 'postgres (PostgreSQL) 15.18 (Debian)' },
};
const MIB = 1024 * 1024;
const measure = async () => ({ bytes: 100 * MIB, users: new Set([107, 1001]), groups: new Set([112]), counted: true });

async function needs(): Promise<PresetNeeds> {
  const view = viewOf(SOURCE);
  const [instance] = findInstances(view, [postgresql]);
  if (instance === undefined) throw new Error('not found');
  return await needsOf(view, instance, measure);
}

async function problems(target: FakeServer, ports: Partial<ValidationPorts> = {}, to: string | null = null) {
  const raw = to === null ? null : { text: to, bytes: Buffer.from(to).toString('base64') };
  const found = await validateNeeds(
    {
      view: viewOf(target),
      presets: [postgresql],
      disk: async () => ({ id: '1', freeBytes: 500 * MIB }),
      measure: async () => ({ bytes: 0, users: new Set(), groups: new Set(), counted: true }),
      ...ports,
    },
    { needs: await needs(), to: raw },
  );
  return found.map(({ severity, code, sentence }) => `${severity} ${code}: ${sentence}`);
}

describe('what a target lacks for a preset', () => {
  it('is nothing where both servers are alike', async () => {
    expect(await needs()).toMatchObject({
      name: 'postgresql:15-main',
      version: '15',
      parts: ['15', 'main'],
      bytes: 100 * MIB,
    });
    expect(await problems(SOURCE)).toEqual([]);
  });

  it('is the program, or its version', async () => {
    expect(await problems({ ...SOURCE, says: {} })).toEqual([
      expect.stringMatching(
        /^error preset-not-installed: PostgreSQL 15, cluster main is not installed on the target .*install postgresql-15 there/,
      ),
    ]);
    expect(await problems({ ...SOURCE, says: { [VERSION]: 'postgres (PostgreSQL) 14.2' } })).toEqual([
      expect.stringMatching(/^error preset-version: The source has version 15 .* and the target 14/),
    ]);
  });

  it('is an account, by name and by number', async () => {
    const passwd = 'root:x:0:0::/:\npostgres:x:108:112::/:\n';
    expect(await problems({ ...SOURCE, files: { ...SOURCE.files, '/etc/passwd': passwd } })).toEqual([
      expect.stringMatching(
        /^error preset-account: The user postgres has the number 107 on the source and 108 on the target/,
      ),
      expect.stringMatching(
        /^warning preset-account: There is no user ana on the target, and files of the set belong to it/,
      ),
    ]);
  });

  it('is a free port', async () => {
    const listeners = [{ protocol: 'tcp', port: 5433, by: 'process 8 (postgres)' }] as const;
    expect(await problems({ ...SOURCE, listeners })).toEqual([
      expect.stringMatching(/^error preset-port: On the target process 8 \(postgres\) listens on tcp port 5433/),
    ]);
  });

  it('is space, but not for what lies there already', async () => {
    const disk = async () => ({ id: '1', freeBytes: 40 * MIB });
    expect(await problems(SOURCE, { disk })).toEqual([
      expect.stringMatching(/^error preset-space: .* takes 100.* 60.* are missing/),
    ]);
    const there = async () => ({ bytes: 70 * MIB, users: new Set<number>(), groups: new Set<number>(), counted: true });
    expect(await problems(SOURCE, { disk, measure: there })).toEqual([]);
  });

  it('is the same configuration, and the original place', async () => {
    const files = { ...SOURCE.files, '/etc/postgresql/15/main/pg_hba.conf': 'local all all trust\n' };
    expect(await problems({ ...SOURCE, files }, {}, '/replicas')).toEqual([
      expect.stringMatching(/^warning preset-place: The replica lies beneath \/replicas/),
      expect.stringMatching(/^warning preset-configuration: .*: \/etc\/postgresql\/15\/main\/pg_hba\.conf\. Copy it/),
    ]);
  });

  it('cannot be told of what is not known', async () => {
    const presets = openPresets(viewOf(SOURCE));
    await expect(presets.needs('samba')).rejects.toThrow(
      'There is no samba on this server: found are postgresql:15-main.',
    );
    await expect(presets.validate({ needs: { ...(await needs()), name: 'oracle' }, to: null })).rejects.toThrow(
      'This server knows no preset oracle',
    );
  });
});

import { describe, expect, it } from 'vitest';
import { foundOn } from '../testing/fake-server.ts';

const MAIN = '/etc/postgresql/15/main/postgresql.conf';
const DATA = '/var/lib/postgresql/15/main';

describe('the preset of PostgreSQL', () => {
  it('finds each cluster with its tablespaces and its write-ahead log', () => {
    const found = foundOn({
      files: {
        [MAIN]: "data_directory = '/var/lib/postgresql/15/main'   # where\nport = 5432\ninclude_dir 'conf.d'\n",
        '/etc/postgresql/15/main/conf.d/port.conf': '#port = 1\nport = 5444\n',
        [`${DATA}/PG_VERSION`]: '15\n',
        '/disks/fast/PG_15_202209061/1': '',
        '/disks/log/000000010000000000000001': '',
        '/etc/postgresql/16/second/postgresql.conf': "data_directory='/srv/pg'\n",
        '/srv/pg/PG_VERSION': '16\n',
        '/etc/postgresql/14/removed/postgresql.conf': '',
      },
      links: { [`${DATA}/pg_tblspc/16400`]: '/disks/fast', [`${DATA}/pg_wal`]: '/disks/log' },
      processes: [{ name: 'postgres', line: `/usr/lib/postgresql/15/bin/postgres\0-D\0${DATA}\0` }],
    });
    expect(found.map(({ name, running }) => [name, running])).toEqual([
      ['postgresql:15-main', true],
      ['postgresql:16-second', false],
    ]);
    const [main, second] = found;
    expect(main?.include).toEqual([DATA, '/disks/fast', '/disks/log']);
    expect(second?.include).toEqual(['/srv/pg']);
    expect(main?.exclude).toContain(`${DATA}/postmaster.pid`);
    expect(main?.exclude).toContain('/disks/fast/**/pgsql_tmp*');
    // What a start needs is never left out.
    expect(
      main?.exclude.filter((rule) => /pg_wal|pg_xact|pg_multixact|pg_control|pg_twophase|pg_replslot/.test(rule)),
    ).toEqual([]);
    expect(main?.services).toMatchObject([
      {
        unit: 'postgresql@15-main.service',
        check: ['/usr/bin/pg_isready', '--cluster', '15/main', '--quiet', '--timeout', '3'],
      },
    ]);
    expect(main?.notes[0]).toContain('/etc/postgresql/15/main is not replicated');
  });
});

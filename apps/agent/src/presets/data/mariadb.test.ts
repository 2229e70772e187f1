import { describe, expect, it } from 'vitest';
import { foundOn } from '../testing/fake-server.ts';

describe('the preset of MariaDB and MySQL', () => {
  it('finds the data directory, and logs that lie elsewhere', () => {
    const [found] = foundOn({
      files: {
        '/etc/mysql/mariadb.cnf': '[client-server]\nport = 3310\n!includedir /etc/mysql/mariadb.conf.d/\n',
        '/etc/mysql/mariadb.conf.d/50-server.cnf':
          '[mysqld]\ndatadir = /srv/mysql/\nlog-bin = /srv/log/binlog\ninnodb_log_group_home_dir = ./\n[mysqldump]\nport=1\n',
        '/etc/mysql/mariadb.conf.d/notes.txt': '[mysqld]\ndatadir = /elsewhere\n',
        '/srv/mysql/ibdata1': '',
        '/srv/log/binlog.000001': '',
      },
      links: { '/etc/mysql/my.cnf': '/etc/mysql/mariadb.cnf' },
      processes: [{ name: 'mariadbd', line: '/usr/sbin/mariadbd\0' }],
    });
    expect(found).toMatchObject({ name: 'mariadb', running: true, include: ['/srv/mysql', '/srv/log'] });
    expect(found?.exclude).toContain('/srv/mysql/*.pid');
    expect(found?.exclude.filter((rule) => /ib_logfile|ibdata|aria/.test(rule))).toEqual([]);
  });

  it('is not there where only the client is installed', () => {
    expect(foundOn({ files: { '/etc/mysql/my.cnf': '[client]\n' } })).toEqual([]);
  });
});

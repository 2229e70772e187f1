import type { Preset } from '../preset.ts';

const SERVER = /^(mysqld|mariadbd?|server)(-[\d.]+)?$/;
const setting = (fact: string, keys: readonly string[]) =>
  ({ fact, from: 'settings', file: '{file}', syntax: 'ini', keys, sections: SERVER }) as const;
/** A directory; a name without one lies in the data directory. */
const elsewhere = /^(\/(?:.*[^/])?)\/*$/;
const SERVER_PROGRAM = '/usr/sbin/mysqld';

/** MariaDB and MySQL: both answer to mysqld and to mysql.service. */
export const mariadb: Preset = {
  name: 'mariadb',
  title: 'MariaDB or MySQL in {data}',
  found: ['/etc/mysql/my.cnf', '/etc/my.cnf'],
  instance: null,
  facts: [
    { ...setting('data', ['datadir', 'data_dir']), last: true, pattern: elsewhere, otherwise: '/var/lib/mysql' },
    { ...setting('port', ['port']), last: true, otherwise: '3306' },
    {
      ...setting('beside', ['innodb_data_home_dir', 'innodb_log_group_home_dir', 'innodb_undo_directory']),
      pattern: elsewhere,
    },
    // The binary log is given by the beginning of its files' names.
    { ...setting('binlog', ['log_bin', 'log_bin_basename', 'relay_log']), pattern: /^(\/.+)\/[^/]+$/ },
    { fact: 'tables', from: 'existing', paths: ['{data}/ibdata1', '{data}/mysql'] },
  ],
  requires: ['{tables}'],
  include: ['{data}', '{beside}', '{binlog}'],
  // Temporary tables, and what only the running server means. ib_logfile*, ibdata* and the Aria log are the data itself.
  exclude: ['{data}/*.pid', '{data}/*.sock', '{data}/*.sock.lock', '{data}/ibtmp1', '{data}/#innodb_temp/*'],
  configuration: ['/etc/mysql', '/etc/my.cnf'],
  process: { name: /^(mariadbd|mysqld)$/ },
  users: ['mysql'],
  ports: [{ protocol: 'tcp', port: '{port}' }],
  version: {
    command: [SERVER_PROGRAM, '--version'],
    pattern: /Ver (\d+\.\d+)[\d.]*(-MariaDB)?/,
    package: 'mariadb-server or mysql-server',
  },
  services: [
    {
      name: 'MariaDB or MySQL',
      unit: 'mysql.service',
      start: [
        '/bin/sh',
        '-c',
        `install -d -o mysql -m 755 /run/mysqld && exec /sbin/start-stop-daemon --start --background --exec ${SERVER_PROGRAM} -- --user=mysql`,
      ],
      stop: ['/sbin/start-stop-daemon', '--stop', '--retry', 'TERM/60/KILL/5', '--exec', SERVER_PROGRAM],
      check: ['/usr/bin/mysqladmin', '--connect-timeout=3', '--silent', 'ping'],
      timeoutMs: 120_000,
    },
  ],
  notes: ['/etc/mysql is not replicated: the target needs the same settings'],
};

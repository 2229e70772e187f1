import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failoverSchema } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StoredJob } from '../stored-job.ts';
import { runCommand } from './run-command.ts';
import { servicesHere } from './services-here.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'understudy-services-'));
});
afterEach(() => rmSync(home, { recursive: true }));

/** Services that are files: they serve as long as theirs is there, and what is done to them is noted. */
function jobOf(...names: readonly string[]): StoredJob {
  const shell = (script: string) => ['/bin/sh', '-ec', script];
  const note = (what: string) => `echo "${what} $UNDERSTUDY_JOB $UNDERSTUDY_ACTION" >> ${home}/log`;
  const services = names.map((name) => ({
    name,
    start: shell(`touch ${home}/${name}; ${note(`start ${name}`)}`),
    stop: shell(`rm ${home}/${name}; ${note(`stop ${name}`)}`),
    check: shell(`test -e ${home}/${name}`),
  }));
  return { id: 'one', definition: { name: 'files', failover: failoverSchema.parse({ services }) } } as StoredJob;
}

const log = (): string[] => readFileSync(join(home, 'log'), 'utf8').trim().split('\n');

describe('[FO3] the services of a server that is moved away from', () => {
  it('are stopped where they serve, the last first, and what was stopped serves again in order', async () => {
    const job = jobOf('database', 'elsewhere', 'web');
    for (const name of ['database', 'web']) writeFileSync(join(home, name), '');
    const services = servicesHere(home, runCommand, 'migrate');
    const stopping: string[] = [];
    await services.stop(job, (name) => stopping.push(name));
    expect(stopping).toEqual(['web', 'database']);
    await services.start(job, stopping);
    expect(log()).toEqual([
      'stop web files migrate',
      'stop database files migrate',
      'start database files migrate',
      'start web files migrate',
    ]);
  });

  it('are not started twice: one that serves still is let be', async () => {
    const job = jobOf('database');
    writeFileSync(join(home, 'database'), '');
    await servicesHere(home, runCommand, 'migrate').start(job, ['database']);
    expect(() => log()).toThrow('ENOENT');
  });

  it('say which one will not stop', async () => {
    const job = jobOf('database');
    writeFileSync(join(home, 'database'), '');
    rmSync(join(home, 'database'));
    const services = servicesHere(
      home,
      (command, options) => runCommand(command[2]?.startsWith('test') === true ? ['/bin/true'] : command, options),
      'migrate',
    );
    await expect(services.stop(job, () => undefined)).rejects.toThrow(/The service database could not be stopped/);
  });

  it('are let be where nothing tells whether they serve, and where a job has none', async () => {
    const services = servicesHere(home, runCommand, 'migrate');
    const job = jobOf('database');
    const unasked = job.definition.failover?.services.map(({ check, ...service }) => service);
    const silent = { ...job, definition: { ...job.definition, failover: { services: unasked } } } as StoredJob;
    const none = { ...job, definition: { ...job.definition, failover: null } };
    const stopping: string[] = [];
    for (const each of [silent, none]) await services.stop(each, (name) => stopping.push(name));
    expect(stopping).toEqual([]);
  });
});

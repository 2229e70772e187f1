/** The service unit as it is shipped, under a real systemd: what it keeps when everything of ours dies, and what a restart costs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, describe, expect, test } from 'vitest';
import { Bootstrap, projectRoot, replicaOf, succeeded, until, whyNoFuse } from '../bootstrap/index.ts';
import { Systemd, whyNoSystemd } from '../bootstrap/systemd.ts';

const why = whyNoFuse() ?? whyNoSystemd();
if (why !== null) console.warn(`SKIPPED the service under systemd: ${why}`);

const UNIT = join(projectRoot, 'apps/agent/src/service/understudy-agent.service');
const AGENT = 'understudy-agent.service';
const TARGET = 'understudy-beta.service';

/** The shipped unit, with this checkout's command in the place of the installed one. */
function unitFile(stage: Bootstrap, name: string, unit: string): { readonly path: string; readonly log: string } {
  const log = join(stage.root, 'logs', `agent-${name}.log`);
  const command = `${process.execPath} ${join(projectRoot, 'bin', 'understudy')} agent run`;
  const options = `--home ${stage.folder('homes', name)} --listen 127.0.0.1:0 --name ${name}`;
  const text = readFileSync(UNIT, 'utf8').replace(
    /^ExecStart=.*$/m,
    `ExecStart=${command} ${options}\nStandardOutput=append:${log}\nStandardError=append:${log}`,
  );
  const path = join(stage.folder('units'), unit);
  writeFileSync(path, text);
  writeFileSync(log, '');
  return { path, log };
}

/** Where the agent listens, once it has said so for the `times`th time. */
const listening = (log: string, times = 1): Promise<string> =>
  until(
    'the agent listens',
    () => [...readFileSync(log, 'utf8').matchAll(/^listening (\S+:\d+) /gm)].at(times - 1)?.[1],
  );

type Files = Readonly<Record<'alpha' | 'beta', { readonly path: string; readonly log: string }>>;

/** Both agents as units, paired with the stage's client. */
async function startUnits(stage: Bootstrap, systemd: Systemd, files: Files): Promise<void> {
  for (const unit of [AGENT, TARGET]) succeeded(await systemd.run(['systemctl', 'start', unit]));
  for (const [name, { path, log }] of Object.entries(files)) {
    const address = await listening(log);
    // A server keeps its port.
    writeFileSync(path, readFileSync(path, 'utf8').replace('127.0.0.1:0', address));
    succeeded(await systemd.run(['cp', path, '/run/units/']));
    const home = join(stage.root, 'homes', name);
    const code = succeeded(await stage.cli(['agent', 'pairing-code', '--home', home])).stdout.trim();
    succeeded(await stage.cli(['pair', address, '--code', code, '--name', name]));
  }
  succeeded(await systemd.run(['systemctl', 'daemon-reload']));
}

async function unitOfInterceptor(systemd: Systemd): Promise<string> {
  const listed = await systemd.run(['systemctl', 'list-units', '--plain', '--no-legend', 'understudy-fsi-*']);
  return succeeded(listed).stdout.trim().split(/\s+/)[0] ?? '';
}

/** Their process ids, in the namespace of systemd. */
const servers = async (systemd: Systemd): Promise<string[]> =>
  (await systemd.run(['pgrep', '-x', 'fsid|fsi-holder'])).stdout.split('\n').filter((pid) => pid !== '');

/** A program that appends to a file, a line at a time, and says of each that it is written. */
function startWriter(systemd: Systemd, path: string) {
  const user = systemd.spawn(['bash', '-c', `exec 3>>${path}; while read -r x; do echo $x >&3 && echo ok $x; done`]);
  const lines = createInterface({ input: user.stdout })[Symbol.asyncIterator]();
  return {
    async writes(text: string): Promise<void> {
      user.stdin.write(`${text}\n`);
      expect((await lines.next()).value).toBe(`ok ${text}`);
    },
    end: () => user.stdin.end(),
  };
}

describe.skipIf(why !== null)('[FSI5] the service under systemd', () => {
  const ends: (() => Promise<unknown>)[] = [];
  afterAll(async () => {
    for (const end of ends.reverse()) await end();
  });
  const begin = async () => {
    const stage = await Bootstrap.open();
    ends.push(() => stage.close());
    const files = { alpha: unitFile(stage, 'alpha', AGENT), beta: unitFile(stage, 'beta', TARGET) };
    const systemd = await Systemd.start([files.alpha.path, files.beta.path]);
    ends.push(() => systemd.end());
    await startUnits(stage, systemd, files);
    const [source, to] = [stage.folder('source'), stage.folder('replica')];
    const job = { name: 'served', source: 'alpha', target: 'beta', include: [source], to, intercept: 'fuse' } as const;
    await stage.client.protect(job);
    return { stage, systemd, log: files.alpha.log, file: join(source, 'log'), replica: replicaOf(to, source) };
  };

  test('keeps descriptors over the death of holder and fsid at once, and a restart of the agent leaves the mount working', async () => {
    const { stage, systemd, log, file, replica } = await begin();
    const fsi = await unitOfInterceptor(systemd);
    expect(fsi).toMatch(/^understudy-fsi-[0-9a-f]{12}\.service$/);
    expect(Number(await systemd.property(fsi, 'NFileDescriptorStore'))).toBeGreaterThanOrEqual(5);
    expect(await systemd.property(fsi, 'ControlGroup')).not.toBe(await systemd.property(AGENT, 'ControlGroup'));
    const { writes, end } = startWriter(systemd, file);
    await writes('before');

    const first = await servers(systemd);
    expect(first).toHaveLength(2);
    // Stopped first, so that neither notices the other's death.
    const both = first.join(' ');
    succeeded(await systemd.run(['bash', '-c', `kill -STOP ${both} && kill -KILL ${both}`]));
    await writes('after both died');
    const second = await servers(systemd);
    expect(second).toHaveLength(2);
    for (const pid of first) expect(second).not.toContain(pid);
    await stage.client.flush('served');

    succeeded(await systemd.run(['systemctl', 'restart', AGENT]));
    await writes('while it restarts');
    await listening(log, 2);
    await stage.client.reach('served', 'protected');
    await writes('after the restart');

    succeeded(await systemd.run(['systemctl', 'kill', '--kill-whom=main', '--signal=KILL', AGENT]));
    await writes('while it is dead');
    await listening(log, 3);
    expect(await systemd.property(AGENT, 'NRestarts')).toBe('1');
    await stage.client.reach('served', 'protected');
    expect(await servers(systemd)).toEqual(second);
    await stage.client.flush('served');
    const written = ['before', 'after both died', 'while it restarts', 'after the restart', 'while it is dead', ''];
    expect(readFileSync(join(replica, 'log'), 'utf8')).toBe(written.join('\n'));

    end();
    await stage.client.job('stop', 'served');
    // With nothing to protect, an agent that ends takes its companions along.
    succeeded(await systemd.run(['systemctl', 'stop', AGENT]));
    await until('the unit is over', async () => (await systemd.property(fsi, 'ActiveState')) === 'inactive');
    expect([await servers(systemd), readFileSync(file, 'utf8')]).toEqual([[], written.join('\n')]);
  }, 180_000);
});

import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import {
  type Bootstrap,
  describeWithFuse,
  mountsBelow,
  replicaOf,
  staged,
  treeDifferences,
  until,
} from '../bootstrap/index.ts';

const write = (text: string, ...names: string[]) => writeFileSync(join(...names), text);
const reasonOf = async (stage: Bootstrap, job: string) =>
  ((await stage.client.status(job)).reason ?? { code: '', sentence: '' }) as { code: string; sentence: string };
const halted = (stage: Bootstrap, job: string, code: string) =>
  until(`${job} is ${code}`, async () => (await reasonOf(stage, job)).code === code && reasonOf(stage, job));
const mountPoints = (folder: string) => mountsBelow(folder).map(({ at }) => at);

describeWithFuse('roots of jobs', () => {
  staged('jobs beneath one mount have replicas of their own, also under one --to', ['alpha', 'beta'], async (stage) => {
    const srv = stage.folder('srv');
    const [data, other] = [stage.folder('srv', 'data'), stage.folder('srv', 'other')];
    const [all, parts] = [stage.folder('all'), stage.folder('parts')];
    for (const folder of [srv, data, other]) write('before', folder, 'file');
    const protect = (name: string, folder: string, to: string) =>
      stage.client.protect({ name, source: 'alpha', target: 'beta', include: [folder], to });
    await protect('wide', srv, all);
    await protect('data', data, parts);
    await protect('other', other, parts);
    expect(mountPoints(srv)).toEqual([srv]);
    expect(readdirSync(join(parts, srv)).filter((name) => !name.startsWith('.understudy-'))).toEqual(['data', 'other']);

    mkdirSync(join(data, 'tree'));
    write('within', data, 'tree', 'deep');
    renameSync(join(data, 'tree'), join(other, 'tree'));
    renameSync(join(srv, 'file'), join(data, 'from-above'));
    renameSync(join(other, 'file'), join(srv, 'went-up'));
    for (const job of ['wide', 'data', 'other']) await stage.client.reach(job, 'protected');
    for (const job of ['wide', 'data', 'other']) await stage.client.flush(job);
    expect(await treeDifferences(srv, replicaOf(all, srv))).toEqual([]);
    expect(await treeDifferences(data, replicaOf(parts, data))).toEqual([]);
    expect(await treeDifferences(other, replicaOf(parts, other))).toEqual([]);

    // [SAFE1] [SAFE3] The root is an ordinary directory here.
    renameSync(data, join(srv, 'data.old'));
    const missing = await halted(stage, 'data', 'root-missing');
    expect(missing).toMatchObject({ sentence: expect.stringMatching(/was moved to .*data\.old.*job start/) });
    expect(readFileSync(join(replicaOf(parts, data), 'from-above'), 'utf8')).toBe('before');
    renameSync(join(srv, 'data.old'), data);
    await stage.client.job('start', 'data');
    await stage.client.reach('data', 'protected');
    // With its root gone while the agent is down the job does not turn to the directory above.
    await stage.agent('alpha').stop();
    renameSync(data, join(srv, 'data.old'));
    mkdirSync(data);
    await stage.agent('alpha').start();
    await halted(stage, 'data', 'root-replaced');
    rmdirSync(data);
    await halted(stage, 'data', 'root-missing');
    expect(readFileSync(join(replicaOf(parts, data), 'from-above'), 'utf8')).toBe('before');
    renameSync(join(srv, 'data.old'), data);
    await stage.client.reach('data', 'protected');
    expect(await treeDifferences(data, replicaOf(parts, data))).toEqual([]);
  });

  staged('a wider job waits for a narrower mount, and takes its place', ['alpha', 'beta'], async (stage) => {
    const srv = stage.folder('srv');
    const data = stage.folder('srv', 'data');
    const [all, part] = [stage.folder('all'), stage.folder('part')];
    write('one', data, 'one');
    await stage.client.protect({ name: 'narrow', source: 'alpha', target: 'beta', include: [data], to: part });
    const held = openSync(join(data, 'one'), 'r');
    await stage.client.create({
      name: 'wide',
      source: 'alpha',
      target: 'beta',
      include: [srv],
      to: all,
      extra: ['--start'],
    });
    expect(await reasonOf(stage, 'wide')).toMatchObject({
      code: 'waiting-for-mount',
      sentence: expect.stringMatching(/in use by .*narrow/),
    });
    write('two', data, 'two');
    await stage.client.flush('narrow');
    expect(mountPoints(srv)).toEqual([data]);
    closeSync(held);
    for (const job of ['wide', 'narrow']) await stage.client.reach(job, 'protected');
    expect(mountPoints(srv)).toEqual([srv]);
    write('three', data, 'three');
    for (const job of ['wide', 'narrow']) await stage.client.flush(job);
    expect(await treeDifferences(srv, replicaOf(all, srv))).toEqual([]);
    expect(await treeDifferences(data, replicaOf(part, data))).toEqual([]);

    await stage.agent('alpha').stop();
    await stage.agent('alpha').start();
    for (const job of ['wide', 'narrow']) await stage.client.reach(job, 'protected');
    expect(mountPoints(srv)).toEqual([srv]);
  });

  staged('a path that does not exist yet is mirrored when it appears', ['alpha', 'beta'], async (stage) => {
    const srv = stage.folder('srv');
    const later = join(srv, 'later');
    const to = stage.folder('replica');
    write('not ours', srv, 'beside');
    await stage.client.protect({ name: 'later', source: 'alpha', target: 'beta', include: [later], to });
    mkdirSync(join(srv, 'made'));
    write('made elsewhere', srv, 'made', 'file');
    renameSync(join(srv, 'made'), later);
    await stage.client.reach('later', 'protected');
    await stage.client.flush('later');
    expect(await treeDifferences(later, replicaOf(to, later))).toEqual([]);
    await stage.agent('alpha').stop();
    await stage.agent('alpha').start();
    await stage.client.reach('later', 'protected');
    write('more', later, 'more');
    await stage.client.flush('later');
    expect(await treeDifferences(later, replicaOf(to, later))).toEqual([]);
    expect(readdirSync(replicaOf(to, srv))).toEqual(['later']);
  });

  staged(
    '[MIR6] what is renamed out of the set lies aside under its path for a while, and is removed then',
    ['alpha', 'beta'],
    async (stage) => {
      const srv = stage.folder('srv');
      const [inside, outside] = [stage.folder('srv', 'inside'), stage.folder('srv', 'outside')];
      mkdirSync(join(inside, 'folder'));
      write('one', inside, 'folder', 'one');
      write('two', inside, 'two');
      const to = stage.folder('replica');
      const beta = stage.agent('beta');
      await beta.stop();
      writeFileSync(join(beta.home, 'agent.yaml'), 'undo:\n  age: 0s\n');
      await beta.start();
      const job = { name: 'parts', source: 'alpha', target: 'beta', include: [srv], exclude: [outside], to };
      await stage.client.protect({ ...job, extra: ['--brake', '1000,0%/5s'] });
      await stage.client.flush('parts');
      renameSync(join(inside, 'folder'), join(outside, 'folder'));
      renameSync(join(inside, 'two'), join(outside, 'two'));
      await stage.client.flush('parts');
      const beside = dirname(replicaOf(to, srv));
      const own = readdirSync(beside).find((name) => name.startsWith('.understudy-')) ?? '';
      const kept = join(beside, own, 'limbo-0', 'kept');
      const lying = () => (existsSync(kept) ? readdirSync(kept, { recursive: true, encoding: 'utf8' }) : []);
      const time = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\//;
      expect(lying().map((path) => path.replace(time, ''))).toEqual(
        expect.arrayContaining(['inside/folder/one', 'inside/two']),
      );
      // A restart forgets nothing of it: the names say what is due.
      await beta.kill();
      await beta.start();
      await stage.client.reach('parts', 'protected');
      await until('it is removed', async () => {
        write(String(Math.random()), inside, 'at-work');
        return lying().length === 0;
      });
      await until('that is told', async () =>
        /kept aside on the target were removed: they are kept for 5 s/.test(
          (await stage.client.events('--server', 'beta')).stdout,
        ),
      );
      expect(readFileSync(join(outside, 'folder', 'one'), 'utf8')).toBe('one');
    },
  );
});

import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import type { ProtectedRoot } from '@understudy/engine';
import { type NodeId, Verb } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ReferenceReplay } from '../conformance/reference-replay.ts';
import { imageDifferences, imageOf, imageOfSource } from '../conformance/tree-image.ts';
import { drainAll, type Scratch, scratch, turn, until, whySkipped } from './testing.ts';
import { type Mounted, mountImage, OTHER_TYPES, whyNoImage } from './testing-images.ts';

const skip = whySkipped();
if (skip !== null) console.warn(`handles longer than a node number are not tested under fuse: ${skip}`);

/** Fewer than what makes the holder pause. */
const KILLS = 6;

describe.skipIf(skip !== null).each(OTHER_TYPES)('fuse where handles are longer than a node number: %s', (type) => {
  let image: Mounted | null = null;
  let world: Scratch | null = null;

  beforeEach(async (context) => {
    const why = await whyNoImage(type);
    if (why !== null) return context.skip(why);
    image = mountImage(type);
    world = await scratch({}, image.point);
  });
  afterEach(async () => {
    await world?.close();
    await image?.remove();
    world = null;
    image = null;
  });

  const here = (): Scratch => {
    if (world === null) throw new Error('no world');
    return world;
  };
  const protect = (): Promise<ProtectedRoot> => here().interceptor.protect(here().raw('one'));
  const root = (): ProtectedRoot => {
    const [first] = here().interceptor.roots();
    if (first === undefined) throw new Error('nothing is protected');
    return first;
  };
  const created = (): NodeId[] =>
    drainAll(here().interceptor)
      .filter((record) => record.verb === Verb.create)
      .map((record) => record.node);

  it('[FSI5] a number leads to its file after the death of a server, and of the agent, that gave it', async () => {
    await protect();
    const fd = fs.openSync(here().path('one/f'), 'w+');
    fs.writeSync(fd, 'before');
    const [node] = created();
    if (node === undefined) throw new Error('no record');
    const { server } = await here().interceptor.servers();
    process.kill(server, 'SIGKILL');
    fs.writeSync(fd, ' and after');
    fs.closeSync(fd);
    expect(fs.readFileSync(here().path('one/f'), 'utf8')).toBe('before and after');
    await here().reopen();
    expect(root().files.stat(node)?.size).toBe(16);
    expect(root().files.pathOf(node)).toBe(here().raw('one/f'));
    expect(root().files.stat((node + 1n) as NodeId)).toBeNull();
  });

  it('a file has the same number for every server, and for the agent alone', async () => {
    const path = here().path('one/f');
    fs.writeFileSync(path, 'x');
    const numbers: (NodeId | undefined)[] = [];
    for (let i = 0; i < 2; i += 1) {
      const { id } = await protect();
      const { files } = root();
      numbers.push(files.entry(files.rootNode, 'f' as never)?.node);
      fs.appendFileSync(path, 'y');
      numbers.push(drainAll(here().interceptor).find((record) => record.verb === Verb.write)?.node);
      await here().interceptor.release(id);
    }
    expect(new Set(numbers).size).toBe(1);
    expect(numbers[0]).toBeTypeOf('bigint');
  });

  it('the index grows over its first size, survives, and lets go of what was deleted', async () => {
    await protect();
    const path = (i: number): string => here().path(`one/f${i}`);
    for (let i = 0; i < 3000; i += 1) fs.writeFileSync(path(i), '');
    const nodes = created();
    expect([new Set(nodes).size, here().interceptor.status().indexedNodes >= 3000]).toEqual([3000, true]);
    await here().reopen();
    for (const node of nodes) expect(root().files.stat(node)?.nlink).toBe(1);
    for (let i = 0; i < 3000; i += 1) fs.unlinkSync(path(i));
    drainAll(here().interceptor);
    await until(() => here().interceptor.status().indexedNodes < 10);
    // The server holds what has lost its last name for a moment, for calls on their way to it.
    await until(() => nodes.every((node) => root().files.stat(node) === null));
  });

  it('[FSI5] servers that die while names come and go leave the index whole', { timeout: 120_000 }, async () => {
    const { id, files } = await protect();
    const replay = new ReferenceReplay(files);
    const drain = () => here().interceptor.drain((batch) => replay.applyBatch(batch, id));
    const storm = `cd ${here().path('one')}; for r in 1 2 3 4 5 6; do for i in $(seq 300); do echo $r > d$i; done; rm d*; done; echo kept > k`;
    let code: number | null = null;
    const child = spawn('bash', ['-c', storm], { cwd: '/' });
    child.on('exit', (status) => {
      code = status;
    });
    for (let last = 0; code === null; await turn()) {
      drain();
      const { server } = await here().interceptor.servers();
      if (server !== last && here().interceptor.status().restarts < KILLS) process.kill(server, 'SIGKILL');
      last = server;
    }
    expect(here().interceptor.status().restarts).toBeGreaterThan(3);
    expect(code).toBe(0);
    expect(fs.readdirSync(here().path('one'))).toEqual(['k']);
    const barrier = here().interceptor.barrier();
    await until(() => here().interceptor.passed(barrier));
    drain();
    expect(imageDifferences(imageOfSource(files), imageOf(replay), { atime: false })).toEqual([]);
    await until(() => here().interceptor.status().indexedNodes < 10);
  });

  // Nobody else has any.
  if (type === 'btrfs')
    it('subvolumes are told apart, though each counts its inodes anew', async () => {
      const { path } = here();
      for (const name of ['one/a', 'one/b']) {
        execFileSync('btrfs', ['subvolume', 'create', path(name)], { stdio: 'pipe' });
        fs.writeFileSync(path(`${name}/f`), name);
      }
      const { files, id } = await protect();
      const replay = new ReferenceReplay(files);
      for (const name of ['one/a', 'one/b']) fs.appendFileSync(path(`${name}/f`), ' more');
      const inodes = ['one', 'one/a', 'one/b', 'one/a/f', 'one/b/f'].map((name) => fs.statSync(path(name)).ino);
      expect(new Set(inodes).size).toBe(5);
      const { server } = await here().interceptor.servers();
      process.kill(server, 'SIGKILL');
      expect(fs.readFileSync(path('one/b/f'), 'utf8')).toBe('one/b more');
      here().interceptor.drain((batch) => replay.applyBatch(batch, id));
      expect(imageDifferences(imageOfSource(files), imageOf(replay), { atime: false })).toEqual([]);
    });
});

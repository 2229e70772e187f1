import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import {
  type Bootstrap,
  describeWithFuse,
  mountsBelow,
  replicaOf,
  staged,
  startLoad,
  treeDifferences,
  until,
} from '../bootstrap/index.ts';

/** A file system of its own, in an image beside the source, mounted beneath it until the test has ended. */
function mountImage(stage: Bootstrap, point: string): void {
  const image = join(stage.folder('images'), `${basename(point)}.img`);
  execFileSync('truncate', ['-s', '256M', image]);
  execFileSync('mkfs.ext4', ['-q', '-F', image]);
  mkdirSync(point, { recursive: true });
  execFileSync('mount', ['-o', 'loop', image, point]);
  rmSync(join(point, 'lost+found'), { recursive: true });
}

/** What the kernel lists there: number, place and type. */
const mountLines = (folder: string): string[] =>
  readFileSync('/proc/self/mountinfo', 'latin1')
    .split('\n')
    .filter((line) => line.includes(` ${folder}/`) || line.includes(` ${folder} `));

const ours = (folder: string): string[] =>
  mountsBelow(folder).flatMap(({ at, type }) => (type === 'fuse.understudy' ? [at] : []));

function storm(folder: string, seed: number): Promise<string> {
  mkdirSync(folder);
  return startLoad('storm', [folder, '--seed', String(seed), '--operations', '4000']).finished();
}

function unmountAtTheEnd(folder: string): void {
  onTestFinished(() => {
    for (const line of mountLines(folder).reverse()) {
      try {
        execFileSync('umount', ['-l', line.split(' ')[4] ?? ''], { stdio: 'pipe' });
      } catch {
        // Gone with the one above it.
      }
    }
  });
}

describeWithFuse('file systems mounted beneath a protected folder', () => {
  staged('[FSI1] are protected with it, each in its place on the replica', ['alpha', 'beta'], async (stage) => {
    const data = stage.folder('source', 'data');
    const [sub, out] = [join(data, 'sub'), join(data, 'out')];
    const to = stage.folder('replica');
    // What the file system hides stays hidden, on the replica too.
    writeFileSync(join(stage.folder('source', 'data', 'sub'), 'hidden'), 'beneath the mount');
    mountImage(stage, sub);
    mountImage(stage, join(sub, 'deeper'));
    mountImage(stage, out);
    unmountAtTheEnd(data);
    writeFileSync(join(sub, 'before'), 'there before the job');
    writeFileSync(join(out, 'not-ours'), 'excluded');
    const before = mountLines(data);

    await stage.client.protect({
      name: 'nested',
      source: 'alpha',
      target: 'beta',
      include: [data],
      exclude: [out],
      to,
    });
    expect(ours(data)).toEqual([data, sub, join(sub, 'deeper')]);
    const folders = [join(data, 'beside'), join(sub, 'storm'), join(sub, 'deeper', 'storm')];
    await Promise.all(folders.map(storm));
    writeFileSync(join(out, 'later'), 'excluded');
    await stage.client.flush('nested');
    await stage.client.reach('nested', 'protected');
    const replica = replicaOf(to, data);
    const equal = async () => expect(await treeDifferences(data, replica, '--ignore', 'out')).toEqual([]);
    await equal();
    const verified = await stage.client.verify('nested');
    expect(verified.json()).toMatchObject({ differences: [] });

    // Both agents anew: the roots are found again, and nothing is sent that was there.
    for (const name of ['alpha', 'beta']) await stage.agent(name).stop();
    for (const name of ['alpha', 'beta']) await stage.agent(name).start();
    await stage.client.reach('nested', 'protected');
    await storm(join(sub, 'again'), 4);
    await stage.client.flush('nested');
    await equal();

    await stage.client.job('stop', 'nested');
    expect(mountLines(data)).toEqual(before);
    await equal();
  });

  staged(
    '[SAFE1] one that somebody unmounts halts the job by name, and it starts again',
    ['alpha', 'beta'],
    async (stage) => {
      const data = stage.folder('source', 'data');
      const sub = join(data, 'sub');
      const to = stage.folder('replica');
      mountImage(stage, sub);
      unmountAtTheEnd(data);
      writeFileSync(join(sub, 'file'), 'content');
      const before = mountLines(data);
      await stage.client.protect({ name: 'popped', source: 'alpha', target: 'beta', include: [data], to });
      await stage.client.flush('popped');
      execFileSync('umount', [sub]);
      const { reason } = await until('the job is halted', async () => {
        const status = await stage.client.status('popped');
        return status.state === 'halted' && status;
      });
      expect(reason).toMatchObject({ code: 'mount-gone', sentence: expect.stringContaining(sub) });
      expect(readFileSync(join(replicaOf(to, sub), 'file'), 'utf8')).toBe('content');
      await stage.client.job('stop', 'popped');
      expect(mountLines(data)).toEqual(before);
      await stage.client.job('start', 'popped');
      await stage.client.reach('popped', 'protected');
      writeFileSync(join(sub, 'file'), 'changed');
      await stage.client.flush('popped');
      expect(await treeDifferences(data, replicaOf(to, data))).toEqual([]);
    },
  );
});

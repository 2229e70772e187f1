import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  describeWithFuse,
  mountsBelow,
  replicaOf,
  sized,
  staged,
  startLoad,
  treeDifferences,
} from '../bootstrap/index.ts';

const OPERATIONS = String(sized(8000, 1000));

async function storm(folder: string, seed: number): Promise<void> {
  await startLoad('storm', [folder, '--seed', String(seed), '--operations', OPERATIONS]).finished();
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

describeWithFuse('topology', () => {
  staged(
    'one source to two targets, one of them also the target of another source',
    ['alpha', 'beta', 'gamma'],
    async (stage) => {
      const first = stage.folder('source', 'first');
      const second = stage.folder('source', 'second');
      const [onBeta, onGamma, alsoOnGamma] = ['beta', 'gamma', 'gamma-2'].map((name) =>
        stage.folder('replicas', name),
      ) as [string, string, string];
      await stage.client.protect({ name: 'a-b', source: 'alpha', target: 'beta', include: [first], to: onBeta });
      await stage.client.protect({ name: 'a-g', source: 'alpha', target: 'gamma', include: [first], to: onGamma });
      await stage.client.protect({ name: 'b-g', source: 'beta', target: 'gamma', include: [second], to: alsoOnGamma });
      expect(mountsBelow(first)).toHaveLength(1);

      await Promise.all([storm(first, 11), storm(second, 12)]);
      for (const job of ['a-b', 'a-g', 'b-g']) await stage.client.flush(job);
      expect(await treeDifferences(first, replicaOf(onBeta, first))).toEqual([]);
      expect(await treeDifferences(first, replicaOf(onGamma, first))).toEqual([]);
      expect(await treeDifferences(second, replicaOf(alsoOnGamma, second))).toEqual([]);

      // One target away: the other job goes on, and the first catches up by itself when it comes back.
      await stage.agent('beta').stop();
      await storm(stage.folder('source', 'first', 'while-beta-is-away'), 13);
      await stage.client.flush('a-g');
      expect(await treeDifferences(first, replicaOf(onGamma, first))).toEqual([]);
      await stage.agent('beta').start();
      await stage.client.reach('a-b', 'protected');
      await stage.client.flush('a-b');
      expect(await treeDifferences(first, replicaOf(onBeta, first))).toEqual([]);
    },
  );

  staged('[FSI2] overlapping sets of one source share one mount', ['alpha', 'beta'], async (stage) => {
    const whole = stage.folder('source', 'whole');
    const part = stage.folder('source', 'whole', 'part');
    const [wide, narrow] = [stage.folder('replicas', 'wide'), stage.folder('replicas', 'narrow')];
    await stage.client.protect({ name: 'wide', source: 'alpha', target: 'beta', include: [whole], to: wide });
    await stage.client.protect({ name: 'narrow', source: 'alpha', target: 'beta', include: [part], to: narrow });
    expect(mountsBelow(whole)).toHaveLength(1);
    const rest = stage.folder('source', 'whole', 'rest');
    await Promise.all([storm(part, 21), storm(rest, 22)]);

    // What is moved in is there as a whole, what is moved out is gone.
    mkdirSync(join(rest, 'comes-in'));
    writeFileSync(join(rest, 'comes-in', 'file'), 'moved into the narrower set');
    renameSync(join(rest, 'comes-in'), join(part, 'came-in'));
    writeFileSync(join(part, 'goes-out'), 'moved out of the narrower set');
    renameSync(join(part, 'goes-out'), join(rest, 'went-out'));

    for (const job of ['wide', 'narrow']) await stage.client.flush(job);
    for (const job of ['wide', 'narrow']) await stage.client.reach(job, 'protected');
    expect(await treeDifferences(whole, replicaOf(wide, whole))).toEqual([]);
    expect(await treeDifferences(part, replicaOf(narrow, part))).toEqual([]);

    // One of two jobs stops: the other stays protected by the same mount.
    await stage.client.job('stop', 'narrow');
    await storm(stage.folder('source', 'whole', 'part', 'later'), 23);
    await stage.client.flush('wide');
    expect(await treeDifferences(whole, replicaOf(wide, whole))).toEqual([]);
  });

  staged('jobs come back by themselves after both agents were restarted', ['alpha', 'beta'], async (stage) => {
    const source = stage.folder('source', 'returning');
    const to = stage.folder('replica');
    await stage.client.protect({ name: 'returning', source: 'alpha', target: 'beta', include: [source], to });
    await storm(stage.folder('source', 'returning', 'before'), 31);
    for (const name of ['alpha', 'beta']) await stage.agent(name).stop();
    for (const name of ['alpha', 'beta']) await stage.agent(name).start();
    await stage.client.reach('returning', 'protected');
    await storm(stage.folder('source', 'returning', 'after'), 32);
    await stage.client.flush('returning');
    expect(await treeDifferences(source, replicaOf(to, source))).toEqual([]);
  });

  staged(
    'sets of wildcards, single files and exclusions bring exactly what they name',
    ['alpha', 'beta'],
    async (stage) => {
      const source = stage.folder('source', 'rules');
      const to = stage.folder('replica');
      const put = (text: string, ...names: string[]) => {
        stage.folder('source', 'rules', ...names.slice(0, -1));
        writeFileSync(join(source, ...names), text);
      };
      put('yes', 'etc', 'single.conf');
      put('no', 'etc', 'other.conf');
      put('yes', 'logs', 'a', 'one.log');
      put('no', 'logs', 'a', 'one.tmp');
      put('yes', 'data', 'kept');
      put('no', 'data', 'cache', 'left-out');
      const include = [join(source, 'etc', 'single.conf'), join(source, 'logs', '**', '*.log'), join(source, 'data')];
      const exclude = [join(source, 'data', 'cache')];
      await stage.client.protect({ name: 'rules', source: 'alpha', target: 'beta', include, exclude, to });

      put('yes', 'logs', 'b', 'c', 'two.log');
      put('no', 'logs', 'b', 'c', 'two.txt');
      put('no', 'data', 'cache', 'late');
      put('no', 'not-in-the-set');
      // As editors save: the file of the rule is another file afterwards.
      put('yes, saved', 'etc', 'saving');
      renameSync(join(source, 'etc', 'saving'), join(source, 'etc', 'single.conf'));
      // A name that enters the set and one that leaves it.
      put('yes', 'logs', 'becomes');
      renameSync(join(source, 'logs', 'becomes'), join(source, 'logs', 'became.log'));
      renameSync(join(source, 'logs', 'a', 'one.log'), join(source, 'logs', 'a', 'one.old'));

      await stage.client.flush('rules');
      await stage.client.reach('rules', 'protected');
      await stage.client.flush('rules');
      const arrived = filesBelow(replicaOf(to, source));
      // What left the set is kept aside beside the replica for a while.
      expect(arrived.filter((path) => !path.startsWith('.understudy-')).sort()).toEqual([
        'data/kept',
        'etc/single.conf',
        'logs/b/c/two.log',
        'logs/became.log',
      ]);
      expect(
        await treeDifferences(
          join(source, 'logs', 'b', 'c'),
          replicaOf(to, join(source, 'logs', 'b', 'c')),
          '--ignore',
          'two.txt',
        ),
      ).toEqual([]);
    },
  );
});

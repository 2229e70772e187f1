import {
  chmodSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  describeWithFuse,
  ExitCode,
  replicaOf,
  sized,
  staged,
  startLoad,
  treeDifferences,
  until,
} from '../bootstrap/index.ts';

interface Report {
  readonly count: number;
  readonly filesChecked: number;
  readonly differences: readonly { readonly path: string }[];
}

/** Changes one byte and puts size and time back: only the content tells. */
function changeSilently(path: string): void {
  const { atime, mtime } = statSync(path);
  const fd = openSync(path, 'r+');
  writeSync(fd, '\u0001', 100);
  utimesSync(path, atime, mtime);
}

describeWithFuse('verification', () => {
  staged('[VER1] under load nothing is reported that does not differ', ['alpha', 'beta'], async (stage) => {
    const source = stage.folder('source', 'verified');
    const to = stage.folder('replica');
    await stage.client.protect({ name: 'verified', source: 'alpha', target: 'beta', include: [source], to });
    const loads = [
      startLoad('mixed', [stage.folder('source', 'verified', 'mixed'), '--pace-us', '1500']),
      startLoad('storm', [stage.folder('source', 'verified', 'storm'), '--pace-us', '1000']),
    ];
    for (let turn = 0; turn < sized(10, 3); turn += 1) {
      const before = loads.map((load) => load.progress);
      await until('the loads go on', () => loads.every((load, i) => load.progress > (before[i] ?? 0)));
      const result = await stage.client.verify('verified');
      const report = result.json() as Report;
      expect(report.differences).toEqual([]);
      expect(result.code).toBe(ExitCode.done);
      expect(report.filesChecked).toBeGreaterThan(10);
    }
    for (const load of loads) await load.stop();
    await stage.client.flush('verified');
    expect(await treeDifferences(source, replicaOf(to, source))).toEqual([]);
  });

  staged(
    '[VER2] each planted change on the replica is reported by its path, and nothing is repaired',
    ['alpha', 'beta'],
    async (stage) => {
      const source = stage.folder('source', 'planted');
      const to = stage.folder('replica');
      const replica = replicaOf(to, source);
      await startLoad('many-files', [source, '300', '--bytes', '20000']).finished();
      const extra = ['--target-writes', 'allow'];
      await stage.client.protect({ name: 'planted', source: 'alpha', target: 'beta', include: [source], to, extra });
      await stage.client.flush('planted');
      const clean = await stage.client.verify('planted');
      expect({ code: clean.code, count: (clean.json() as Report).count }).toEqual({ code: ExitCode.done, count: 0 });

      const file = (number: number) => join('many-00000', `file-${String(number).padStart(7, '0')}`);
      changeSilently(join(replica, file(10)));
      chmodSync(join(replica, file(20)), 0o600);
      unlinkSync(join(replica, file(30)));
      renameSync(join(replica, file(40)), join(replica, 'many-00000', 'renamed-by-hand'));
      writeFileSync(join(replica, 'many-00000', 'nobody-knows'), 'an extra file');

      const result = await stage.client.verify('planted');
      expect(result.code).toBe(ExitCode.no);
      const said = JSON.stringify((result.json() as Report).differences);
      for (const path of [file(10), file(20), file(30), file(40), 'renamed-by-hand', 'nobody-knows'])
        expect(said).toContain(path);
      expect(said).not.toContain(file(50));
      // Report only: it stays as it was planted.
      expect(readFileSync(join(replica, 'many-00000', 'nobody-knows'), 'utf8')).toBe('an extra file');
      expect(readFileSync(join(replica, file(10)))[100]).toBe(1);

      // A mirror that compares checksums repairs what differs; what is only on the replica it reports.
      await stage.client.mirror('planted', '--compare', 'checksum');
      await stage.client.reach('planted', 'protected');
      await stage.client.flush('planted');
      const left = await treeDifferences(source, replica);
      expect(left.filter((line) => !/\textra\t/.test(line) && !/^many-00000\tmtime/.test(line))).toEqual([]);
    },
  );
});

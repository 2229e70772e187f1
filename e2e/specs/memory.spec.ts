import { expect } from 'vitest';
import {
  describeWithFuse,
  replicaOf,
  residentMiB,
  sized,
  staged,
  startLoad,
  treeDifferences,
} from '../bootstrap/index.ts';

const FILES = sized(200_000, 20_000);
const LIMIT_MIB = 300;

describeWithFuse('memory', () => {
  staged(
    `${FILES} protected files leave each agent below ${LIMIT_MIB} MiB`,
    ['alpha', 'beta'],
    async (stage) => {
      const source = stage.folder('source', 'many');
      const to = stage.folder('replica');
      await startLoad('many-files', [source, String(FILES), '--bytes', '512']).finished();
      await stage.client.create({
        name: 'many',
        source: 'alpha',
        target: 'beta',
        include: [source],
        to,
        extra: ['--start'],
      });
      await stage.client.reach('many', 'protected', '600s');
      await stage.client.flush('many');
      expect(await treeDifferences(source, replicaOf(to, source))).toEqual([]);

      const { fsid, holder } = stage.interceptorProcesses('alpha');
      const figures = new Map([
        ['source agent', residentMiB(stage.agent('alpha').pid)],
        ['target agent', residentMiB(stage.agent('beta').pid)],
        ['fsid', residentMiB(fsid[0] ?? 0)],
        ['holder', residentMiB(holder[0] ?? 0)],
      ]);
      console.info(
        `memory with ${FILES} files: ${[...figures].map(([who, mib]) => `${who} ${mib.toFixed(1)} MiB`).join(', ')}`,
      );
      for (const [who, mib] of figures) expect(mib, who).toBeLessThanOrEqual(LIMIT_MIB);
    },
    900_000,
  );
});

import { residentMiB, startLoad } from '@understudy/e2e';
import { processesOf } from '../contenders/understudy.ts';
import { figure, type Row } from './row.ts';

export const memory: Row = {
  id: 'memory',
  title: 'memory held after protecting many files',
  ownOnly: true,
  async run({ session, sizes, stage }) {
    await startLoad('many-files', [session.source, String(sizes.manyFiles), '--bytes', '512'], stage.env).finished();
    const began = performance.now();
    await session.begin();
    await session.ready(900_000);
    const seconds = (performance.now() - began) / 1000;
    const files = `${sizes.manyFiles} files of 512 bytes`;
    const held = [...(await processesOf(stage))].map(([who, pid]) => {
      const limit = who.endsWith('agent') ? { reach: { atMost: 300 } } : {};
      return figure('memory', who, 'MiB', residentMiB(pid), { note: files, ...limit });
    });
    return [figure('memory', 'mirror of them', 'files/s', sizes.manyFiles / seconds), ...held];
  },
};

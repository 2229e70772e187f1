import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { treeDifferences } from '@understudy/e2e';
import { probed } from '../measure/probe.ts';
import { median } from '../measure/statistics.ts';
import { figure, isOwn, type Row } from './row.ts';

interface Burst {
  readonly writtenNs: number;
  readonly equalNs: number;
  readonly reached: number;
}

export const burst: Row = {
  id: 'burst',
  title: 'small files in a burst, written → all equal',
  async run(scene) {
    const { session, sizes } = scene;
    const files = sizes.burstFiles;
    const limitMs = 60_000 + files * 20;
    await session.begin();
    await session.ready(60_000);
    const rounds: Burst[] = [];
    for (let round = 0; round < scene.rounds(isOwn(scene) ? 3 : 1); round += 1) {
      const folder = `burst-${round}`;
      mkdirSync(join(session.source, folder));
      const [from, to] = [join(session.source, folder), join(session.replica, folder)];
      const seen = await probed<Burst>('burst', from, to, files, 4096, limitMs);
      rounds.push(seen);
      if (seen.equalNs < 0) break;
    }
    const late = rounds.find((round) => round.equalNs < 0);
    if (late !== undefined) {
      const note = `${late.reached} of ${files} files after ${limitMs / 1000} s`;
      return [figure('burst', 'until equal', 'files/s', null, { note, reach: { atLeast: 3000 } })];
    }
    const wrong = isOwn(scene) ? await differences(session.source, session.replica) : [];
    const rate = (ns: number) => files / (ns / 1e9);
    const samples = rounds.length;
    const note = `${files} files of 4 KiB${wrong.length > 0 ? `; ${wrong.length} differences: ${wrong[0]}` : ''}`;
    return [
      figure('burst', 'until equal', 'files/s', median(rounds.map((one) => rate(one.equalNs))), {
        samples,
        note,
        reach: { atLeast: 3000 },
      }),
      figure('burst', 'the writer alone', 'files/s', median(rounds.map((one) => rate(one.writtenNs))), { samples }),
    ];
  },
};

/** Metadata may follow the content by a moment. */
async function differences(source: string, replica: string): Promise<string[]> {
  let found: string[] = [];
  for (let look = 0; look < 5; look += 1) {
    found = await treeDifferences(source, replica);
    if (found.length === 0) return found;
  }
  return found;
}

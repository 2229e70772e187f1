import { PAGE } from '@understudy/interceptor/memory';
import { describe, expect, it } from 'vitest';
import { Wire } from './observers.ts';
import { atRest, protecting, turn } from './protecting.ts';
import { SeededRandom } from './random.ts';

describe('a queue that is let go of', () => {
  const ends = ['a new link', 'a killed source', 'a killed target', 'a target without power', 'both killed'] as const;

  for (const failing of ['full', 'failed'] as const)
    for (const end of ends)
      it(`[SRM2] costs the ranges that were written, and nothing else: its disk is ${failing}, then ${end}`, async () => {
        const wire = new Wire();
        const ended = { power: new SeededRandom(5), journalBytes: 1 << 26 };
        const { pair, file } = await protecting({ ringBytes: 64 * 1024, tamper: wire.see, ...ended });
        pair.targetDisk(true, true);
        pair.cut();
        pair.source.store.failing = failing;
        const before = wire.contentBytes;
        pair.contents.changed(file);
        const places = [3, 4, 11, 30];
        for (let i = 0; i < 120; i += 1) {
          pair.fs.write(file, (places[i % 4] ?? 0) * PAGE + 10, new Uint8Array(2000).fill(i + 1));
          pair.pumpSource();
        }
        expect(pair.source.job.path.srm.dirty.reasons()).toMatchObject([{ reason: `queue-disk-${failing}` }]);
        if (/source|both/.test(end)) await pair.killSource();
        if (/killed target|both/.test(end)) pair.killTarget();
        if (/power/.test(end)) pair.powerCutTarget(() => 0);
        pair.source.store.failing = null;
        pair.connect();
        pair.pumpSource();
        turn(pair, atRest(pair));
        expect([pair.state(), pair.differences()]).toEqual(['protected', []]);
        expect(pair.events.filter((event) => event.startsWith('mirror-ended'))).toHaveLength(1);
        const sent = wire.contentBytes - before;
        expect([sent >= 4 * 2000, sent <= 4 * PAGE], `${sent} bytes were sent`).toEqual([true, true]);
      });
});

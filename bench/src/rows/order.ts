import { startLoad } from '@understudy/e2e';
import { figure, type Row } from './row.ts';

interface Seen {
  readonly samples: number;
  readonly seen: number;
  readonly ahead: number;
  readonly broken: number;
}

export const order: Row = {
  id: 'order',
  title: 'a line to A, then to B, every 2 ms; the replica is looked at',
  async run({ session, sizes, stage }) {
    await session.begin();
    await session.ready(60_000);
    const check = startLoad('append-order', [session.replica, '--check'], stage.env);
    const args = [session.source, '--seconds', String(sizes.orderSeconds), '--interval-us', '2000'];
    await startLoad('append-order', args, stage.env).finished();
    check.kill('SIGTERM');
    await check.ended();
    const seen = JSON.parse(check.lines.at(-1) ?? '') as Seen;
    if (seen.seen === 0)
      return [
        figure('order', 'samples with B ahead of A', 'count', null, { note: 'B never arrived while it was written' }),
      ];
    return [
      figure('order', 'samples with B ahead of A', 'count', seen.ahead, {
        samples: seen.seen,
        note: `of ${seen.seen} samples${seen.broken > 0 ? `; ${seen.broken} with a broken line` : ''}`,
        reach: { atMost: 0 },
      }),
    ];
  },
};

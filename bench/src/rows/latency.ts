import { probe } from '../measure/probe.ts';
import { median, quantile } from '../measure/statistics.ts';
import { figure, isOwn, type Row } from './row.ts';

const LIMIT_MS = 30_000;

export const latency: Row = {
  id: 'latency',
  title: 'a new file of 4 KiB, written → equal',
  async run(scene) {
    const { session, sizes } = scene;
    await session.begin();
    await session.ready(60_000);
    const samples = scene.rounds(isOwn(scene) ? sizes.latencySamples : sizes.slowLatencySamples);
    const gap = isOwn(scene) ? 5 : 300;
    const lines = await probe('latency', session.source, session.replica, samples, gap, LIMIT_MS);
    const ms = lines
      .trim()
      .split('\n')
      .map((line) => Number(line) / 1e6);
    const late = ms.some((one) => one < 0);
    const count = { samples: ms.length, ...(late ? { note: `one file did not arrive within ${LIMIT_MS} ms` } : {}) };
    return [
      figure('latency', 'median', 'ms', late ? null : median(ms), { ...count, reach: { atMost: 10 } }),
      figure('latency', '99th percentile', 'ms', late ? null : quantile(ms, 0.99), {
        ...count,
        reach: { atMost: 100 },
      }),
    ];
  },
};

/** A pair whose job protects, for tests that take something away from it. In: what is special about it. Out: the pair at rest. */
import { rawFromText } from '@understudy/base';
import { PAGE } from '@understudy/interceptor/memory';
import { Pair } from './pair.ts';
import { SeededRandom } from './random.ts';

export function turn(pair: Pair, until: () => boolean): void {
  for (let i = 0; i < 500 && !until(); i += 1) {
    pair.pumpSource();
    pair.targetDisk(true, false);
    while (pair.deliver('target')) pair.applySome(64);
    pair.applySome(64);
    while (pair.deliver('source')) pair.pumpSource();
  }
}

export const atRest = (pair: Pair) => () =>
  pair.state() === 'protected' && pair.source.job.path.scm.inFlightBytes + pair.source.job.path.srm.queue.bytes === 0;

export async function protecting(more: Partial<ConstructorParameters<typeof Pair>[0]> = {}) {
  const random = new SeededRandom(5);
  const pair = new Pair({ random, memoryBytes: 1 << 26, ringBytes: 1 << 20, scopes: ['whole'], disk: 'good', ...more });
  const [top = pair.fs.root] = pair.tops;
  const file = pair.fs.create(top, rawFromText('n0'));
  pair.fs.write(file, 0, new Uint8Array(40 * PAGE).fill(1));
  await pair.source.start();
  pair.connect();
  turn(pair, atRest(pair));
  if (pair.state() !== 'protected') throw new Error(`the pair does not protect: ${pair.state()}`);
  const mirrors = () => pair.events.filter((event) => /^(mirror|repair)-ended/.test(event)).length;
  return { pair, top, file, before: mirrors(), mirrors };
}

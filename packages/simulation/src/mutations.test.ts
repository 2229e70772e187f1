import { rawFromText } from '@understudy/base';
import { describe, expect, it } from 'vitest';
import {
  acknowledgesBeforeApplying,
  deafButForCookies,
  deafInterceptor,
  dropsOne,
  forgetsDirtyNotes,
  forgetsSomeDirtyNotes,
  marksBeforeSync,
  readsWhatWas,
  receivesBeforeSync,
  swapsNeighbours,
  unreadableIsEmpty,
} from './mutations.ts';
import { Pair } from './pair.ts';
import { SeededRandom } from './random.ts';
import { type Mutation, runSeed } from './run-seed.ts';
import { Workload } from './workload.ts';

/** The first failure that the checkers see over some seeds; null: they are blind. */
async function noticed(make: (seed: number) => Mutation, seeds = 30): Promise<string | null> {
  for (let seed = 1; seed <= seeds; seed += 1) {
    const { failures } = await runSeed(seed, make(seed));
    if (failures[0] !== undefined) return failures[0];
  }
  return null;
}

describe('the checkers notice', () => {
  it('[promise] an operation that never arrives', async () => {
    expect(await noticed((seed) => dropsOne(3 + seed))).not.toBeNull();
  });

  it('[promise] two operations in the wrong order', async () => {
    expect(await noticed(swapsNeighbours)).not.toBeNull();
  });

  it('[TCM4] an acknowledgement that is ahead of the replica', async () => {
    expect(await noticed(acknowledgesBeforeApplying)).toMatch(
      /a flush settled at|none of the source|were not found|made everything be compared/,
    );
  });

  it('[SRM2] a dirty note that is forgotten', async () => {
    expect(await noticed(forgetsDirtyNotes)).not.toBeNull();
  });

  it('[SRM2] a file that is not in the map while others are', async () => {
    expect(await noticed(forgetsSomeDirtyNotes)).toMatch(/^outside of the dirty map the replica is none/);
    expect(await noticed(() => ({ world: { ...forgetsSomeDirtyNotes().world } }))).toBeNull();
  });

  it('[FSI6] an interceptor that records nothing for a while, where no cookies go round', async () => {
    expect(await noticed(() => deafInterceptor(false))).not.toBeNull();
  });

  it('[FSI6] not where they do: the job knows by itself, and what it has missed is compared', async () => {
    let doubts = 0;
    for (let seed = 1; seed <= 30; seed += 1) {
      const { failures, events } = await runSeed(seed, deafInterceptor(true));
      expect(failures, `seed ${seed}`).toEqual([]);
      doubts += events.filter((event) => event.startsWith('audit-not-intercepted')).length;
    }
    expect(doubts).toBeGreaterThan(10);
  });

  it('[FSI6] one that loses records and hands on every cookie: of that cookies know nothing', async () => {
    expect(await noticed(deafButForCookies)).not.toBeNull();
  });

  it('[TCM5] a mark that is written before the replica is on its disk', async () => {
    expect(await noticed(marksBeforeSync)).not.toBeNull();
  });

  it('[TCM5] what counts as received before the disk has kept it', async () => {
    expect(await noticed(receivesBeforeSync)).toMatch(/made everything be compared/);
  });

  it('[TCM5] neither where nothing is planted', async () => {
    const world = { ...marksBeforeSync().world };
    expect(await noticed(() => ({ world }))).toBeNull();
  });

  it('[MIR4] a directory of the replica that cannot be read and counts as empty', async () => {
    expect(await noticed(unreadableIsEmpty)).toMatch(/none of the source|replica: /);
    expect(await noticed(() => ({ world: { ...unreadableIsEmpty().world } }))).toBeNull();
  });

  it('[MIR1] a mirror that sends an older read over a newer write', async () => {
    expect(await noticed(readsWhatWas)).not.toBeNull();
  });
});

/** A pair at rest, both trees equal, with something in them. */
async function atRest(): Promise<Pair> {
  const random = new SeededRandom(11);
  const calm = { memoryBytes: 1 << 26, ringBytes: 1 << 22, scopes: ['whole'], disk: 'good' } as const;
  const pair = new Pair({ random, ...calm });
  const work = new Workload({ fs: pair.fs, tops: pair.tops, random, changed: (node) => pair.contents.changed(node) });
  for (let i = 0; i < 80; i += 1) work.step();
  const [top = pair.fs.root] = pair.tops;
  const file = pair.fs.create(top, rawFromText('to spoil'));
  pair.fs.write(file, 0, new Uint8Array(5000).fill(7));
  await pair.source.start();
  pair.connect();
  turn(pair, () => pair.state() === 'protected');
  expect(pair.differences()).toEqual([]);
  return pair;
}

function turn(pair: Pair, until: () => boolean): void {
  for (let i = 0; i < 500 && !until(); i += 1) {
    pair.pumpSource();
    while (pair.deliver('target')) pair.applySome(64);
    pair.applySome(64);
    while (pair.deliver('source')) pair.pumpSource();
  }
}

function verified(pair: Pair): string[] {
  let found: string[] | null = null;
  pair.source.job.startVerification((verification) => {
    found = verification.done ? verification.differences.map(({ what }) => what) : ['lost'];
  });
  turn(pair, () => found !== null);
  return found ?? ['it never ended'];
}

describe('a verification', () => {
  it('[VER1] finds nothing where nothing differs', async () => {
    expect(verified(await atRest())).toEqual([]);
  });

  for (const what of ['content', 'mode', 'missing', 'extra'] as const)
    it(`[VER2] finds ${what} that somebody changed on the replica`, async () => {
      const pair = await atRest();
      const [replica] = pair.target.replicas;
      if (replica === undefined) throw new Error('there is no replica');
      const one = replica.entry(replica.root, rawFromText('to spoil'));
      if (one === null) throw new Error('the file to spoil did not arrive');
      const { mtimeSec, mtimeNsec } = one.attributes;
      if (what === 'content') {
        const first = replica.read(one.handle, 0, 1)?.[0] ?? 0;
        replica.write(one.handle, 0, Uint8Array.of(first ^ 255));
        replica.setMtime(one.handle, mtimeSec, mtimeNsec);
      } else if (what === 'mode') replica.setMode(one.handle, one.attributes.mode ^ 0o001);
      else if (what === 'missing') replica.unlink(replica.root, one.name);
      else replica.link(one.handle, replica.root, `${one.name}x` as typeof one.name);
      expect(verified(pair)).toContain(what);
    });
});

import type { RawName } from '@understudy/base';
import { MirrorCompare, type Reply, Verb } from '@understudy/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelMirror, sayRoot } from '../testing/mirror-source.ts';
import { ModelSource } from '../testing/model-source.ts';
import { type Move, Play } from '../testing/play.ts';
import { Rig, ROOT_PATH } from '../testing/rig.ts';
import { isKeptFolder } from './keep-aside.ts';

const move = fc.record({ kind: fc.nat(999), a: fc.nat(999), b: fc.nat(999), c: fc.nat(999), d: fc.nat(999) });
/** More of them by hand, when the rules change. */
const RUNS = Number(process.env.RUNS ?? 400);
const moves = (maxLength: number) => fc.array(move, { maxLength });

/** A target filled by another source's life: files that nobody knows. */
function overGarbage(rig: Rig, garbage: readonly Move[]): void {
  const stranger = new Play(new ModelSource(500_000));
  sayRoot(stranger.source, ROOT_PATH);
  for (const one of garbage) stranger.make(one);
  rig.run(stranger.source.records);
  rig.forget();
}

class Killed extends Error {}

function mirrored(rig: Rig, play: Play, compare: number, meanwhile: Move[], kills: number[] = []): void {
  const { source } = play;
  let heard = 0;
  const mirror = new ModelMirror({
    source,
    compare,
    rootPath: ROOT_PATH,
    meanwhile: () => {
      const next = meanwhile.shift();
      if (next !== undefined) play.make(next);
    },
    replies: () => {
      runKilled(rig, source, kills);
      const fresh = rig.replies.slice(heard);
      heard = rig.replies.length;
      return fresh;
    },
  });
  mirror.run();
  source.filter = (operation) => [operation];
  for (const next of meanwhile.splice(0)) play.make(next);
  rig.run(source.records);
}

/** Applies all that was said; the agent is killed after so many changes, as often as there are numbers. */
function runKilled(rig: Rig, source: ModelSource, kills: number[]): void {
  for (let left = kills.shift(); left !== undefined; left = kills.shift()) {
    let changes = left;
    const die = (): void => {
      changes -= 1;
      if (changes < 0) throw new Killed();
    };
    rig.replica.beforeChange = die;
    rig.journal.beforeWrite = die;
    try {
      rig.run(source.records, { records: 9, bytes: 1 << 20 });
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
    rig.restart();
  }
  rig.run(source.records);
}

/** Orphans are left alone, wherever their folder is moved to afterwards: they are told, and the rest must be the source's tree. */
function withoutOrphans(rig: Rig): Map<string, string> {
  const strangers = rig.strangers();
  if (strangers.length > 0) expect(rig.orphans()).not.toEqual([]);
  return new Map([...rig.tree()].filter(([path]) => !strangers.some((o) => path === o || path.startsWith(`${o}/`))));
}

/** A file whose content is shifted while it is being sent has to be sent again; nothing else may fail. */
function failures(rig: Rig): Reply[] {
  return rig.replies.filter((reply) => reply.kind === 'failed' && reply.errno !== 'CONTENT-PENDING');
}

describe('a mirror', () => {
  it("[MIR1] over any tree of foreign files, while operations go on, gives the source's tree beside the orphans", () => {
    const compares = fc.constantFrom(MirrorCompare.everything, MirrorCompare.attributes, MirrorCompare.checksum);
    fc.assert(
      fc.property(
        moves(50),
        moves(50),
        moves(30),
        compares,
        fc.boolean(),
        (before, garbage, meanwhile, compare, filePaths) => {
          const rig = new Rig({ filePaths });
          overGarbage(rig, garbage);
          const play = new Play(new ModelSource());
          for (const one of before) play.make(one);
          play.source.records.length = 0;
          play.nameless.length = 0;
          mirrored(rig, play, compare, [...meanwhile]);
          expect(withoutOrphans(rig)).toEqual(play.source.tree());
          expect(failures(rig)).toEqual([]);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('[MIR1] leaves nothing foreign in a file of two names that grows between its last block and its end', () => {
    const one = (kind: number, b = 0, c = 0, d = 0): Move => ({ kind, a: 0, b, c, d });
    const [create, link, write] = [0, 5, 12];
    const rig = new Rig({ filePaths: false });
    overGarbage(rig, [one(create), one(write, 1, 0, 1)]);
    const play = new Play(new ModelSource());
    for (const move of [one(create), one(link, 0, 1), one(write)]) play.make(move);
    play.source.records.length = 0;
    mirrored(rig, play, MirrorCompare.checksum, [one(create), one(create), one(create), one(create), one(write, 4)]);
    expect(withoutOrphans(rig)).toEqual(play.source.tree());
  });

  it('[MIR2] that compares attributes asks only for what changed while nobody watched', () => {
    fc.assert(
      fc.property(moves(60), moves(40), moves(20), fc.boolean(), (before, unseen, meanwhile, filePaths) => {
        const rig = new Rig({ filePaths });
        const play = new Play(new ModelSource());
        sayRoot(play.source, ROOT_PATH);
        for (const one of before) play.make(one);
        rig.run(play.source.records);
        for (const one of unseen) play.make(one);
        // The queue was lost: what came meanwhile never arrives, the nodes are known.
        play.source.records.length = 0;
        play.nameless.length = 0;
        rig.newStream();
        mirrored(rig, play, MirrorCompare.attributes, [...meanwhile]);
        expect(rig.tree()).toEqual(play.source.tree());
        expect([...failures(rig), ...rig.orphans()]).toEqual([]);
        // What was detached in this run may be claimed by the next; then it is nobody's.
        play.source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.attributes });
        play.source.say({ verb: Verb.mirrorEnd });
        rig.run(play.source.records);
        expect(rig.limbo().filter((name) => !isKeptFolder(name as RawName) && !name.startsWith('tmp-'))).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });

  it('[TCM5] that is broken off by kills of the agent is made good by the next', () => {
    const kills = fc.array(fc.nat(80), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(
        moves(40),
        moves(30),
        moves(30),
        kills,
        fc.boolean(),
        (before, garbage, meanwhile, after, filePaths) => {
          const rig = new Rig({ filePaths });
          overGarbage(rig, garbage);
          const play = new Play(new ModelSource());
          for (const one of before) play.make(one);
          play.source.records.length = 0;
          play.nameless.length = 0;
          mirrored(rig, play, MirrorCompare.attributes, [...meanwhile], after);
          // Replies were lost with the agent: the source begins again, in the same stream.
          mirrored(rig, play, MirrorCompare.checksum, []);
          expect(withoutOrphans(rig)).toEqual(play.source.tree());
        },
      ),
      { numRuns: RUNS },
    );
  });
});

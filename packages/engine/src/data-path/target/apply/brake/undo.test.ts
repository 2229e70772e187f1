import { MirrorCompare, position, Verb } from '@understudy/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FileError, type Handle } from '../../../../ports.ts';
import { bytesOf, ModelSource } from '../../testing/model-source.ts';
import { Play } from '../../testing/play.ts';
import { Rig, ROOT_PATH, treeOf } from '../../testing/rig.ts';
import type { UndoReach } from './letting-go.ts';
import type { OpenPast } from './open-past.ts';

class Killed extends Error {}

const move = fc.record({ kind: fc.nat(999), a: fc.nat(999), b: fc.nat(999), c: fc.nat(999), d: fc.nat(999) });
const RUNS = Number(process.env.RUNS ?? 100);
/** Moments a second apart, fewer of them from four seconds on. */
const REACH: UndoReach = {
  ageMs: 3_600_000,
  bytes: 1 << 30,
  tiers: [
    { fromMs: 4000, stepMs: 4000 },
    { fromMs: 16_000, stepMs: 16_000 },
  ],
};

type Trees = Map<number, Map<string, string>>;

/** A source whose first mirror is over, and what its tree was at each position. */
function watched(): { source: ModelSource; trees: Trees } {
  const source = new ModelSource();
  const trees: Trees = new Map();
  source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.everything });
  const attributes = source.attributes(source.root);
  source.say({ verb: Verb.root, node: source.root.id, data: bytesOf(ROOT_PATH), attributes });
  source.say({ verb: Verb.mirrorEnd });
  trees.set(source.records.length, source.tree());
  source.filter = (operation) => {
    trees.set(source.records.length + 1, source.tree());
    return [operation];
  };
  return { source, trees };
}

interface Pace {
  readonly batch: number;
  readonly stepMs: number;
}

/** Applies all that is there, a little at a time; `each` turn something may be looked at. */
function applyAll(rig: Rig, source: ModelSource, { batch, stepMs }: Pace, each: () => void = () => {}): void {
  rig.records = source.records;
  if (rig.apply.stream.streamId === null) rig.hello({ next: position(1), brake: null });
  rig.hello({ next: position(rig.records.length + 1), brake: null });
  rig.send(rig.apply.stream.applied + 1);
  while (rig.accept.queued.records > 0) {
    rig.wallMs += stepMs;
    rig.step({ records: batch, bytes: 1 << 20 });
    rig.apply.brake.keepHouse();
    each();
  }
}

function open(rig: Rig, which: number): OpenPast | null {
  const points = rig.apply.brake.points();
  const point = points[which % Math.max(1, points.length)];
  return point === undefined ? null : rig.apply.brake.openPast(point);
}

function treeThen(past: OpenPast): Map<string, string> {
  const root = past.roots.get(0);
  if (root === undefined) throw new Error('the root is open');
  return treeOf(root);
}

const pace = fc.record({ batch: fc.integer({ min: 1, max: 9 }), stepMs: fc.nat(1500) });

describe('moments that can be gone back to', () => {
  it('are shown as they were, whatever is applied behind them and while they are looked at', () => {
    let shown = 0;
    fc.assert(
      fc.property(
        fc.array(move, { minLength: 20, maxLength: 120 }),
        pace,
        fc.array(fc.nat(99), { minLength: 1, maxLength: 4 }),
        (moves, how, which) => {
          const { source, trees } = watched();
          const play = new Play(source);
          for (const one of moves) play.make(one);
          const rig = new Rig({ brakes: true, undo: () => REACH });
          const pasts: OpenPast[] = [];
          let turns = 0;
          applyAll(rig, source, how, () => {
            turns += 1;
            if (turns % 3 === 0) rig.checkpoint();
            const wanted = turns % 7 === 0 ? which[pasts.length] : undefined;
            const past = wanted === undefined ? null : open(rig, wanted);
            if (past !== null) pasts.push(past);
            for (const past of pasts) expect(treeThen(past)).toEqual(trees.get(past.point.position));
          });
          for (const past of pasts) past.close();
          for (const point of rig.apply.brake.points()) {
            const past = rig.apply.brake.openPast(point);
            if (past === null) throw new Error('it is a moment');
            expect(treeThen(past)).toEqual(trees.get(point.position));
            expect(past.isKept).toBe(true);
            past.close();
            shown += 1;
          }
          expect(rig.tree()).toEqual(source.tree());
        },
      ),
      { numRuns: RUNS },
    );
    expect(shown).toBeGreaterThan(RUNS);
  });

  it('are taken back to exactly, one after the other, also where they were joined', () => {
    let rewound = 0;
    fc.assert(
      fc.property(fc.array(move, { minLength: 20, maxLength: 120 }), pace, fc.nat(99), (moves, how, which) => {
        const { source, trees } = watched();
        const play = new Play(source);
        for (const one of moves) play.make(one);
        const rig = new Rig({ brakes: true, undo: () => REACH });
        applyAll(rig, source, how, () => rig.checkpoint());
        for (let points = rig.apply.brake.points(); points.length > 0; points = rig.apply.brake.points()) {
          const point = points[which % points.length];
          if (point === undefined) break;
          rig.apply.brake.rewind(point);
          expect(rig.apply.stream).toMatchObject({ applied: point.position, complete: true });
          expect(rig.tree()).toEqual(trees.get(point.position));
          expect(rig.apply.brake.state).toMatchObject({ phase: 'halted', code: 'rewound', at: point.position });
          rewound += 1;
        }
      }),
      { numRuns: RUNS },
    );
    expect(rewound).toBeGreaterThan(RUNS);
  });

  it('are gone back to when the agent is killed after any number of changes, while it applies, joins and takes back', () => {
    let rewound = 0;
    const kills = fc.array(fc.nat(120), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(
        fc.array(move, { minLength: 20, maxLength: 100 }),
        pace,
        kills,
        fc.nat(99),
        (moves, how, after, which) => {
          const { source, trees } = watched();
          const play = new Play(source);
          for (const one of moves) play.make(one);
          const rig = new Rig({ brakes: true, undo: () => REACH });
          const work = (): void => {
            if (rig.apply.brake.state?.phase === undefined) applyAll(rig, source, how, () => rig.checkpoint());
            else rig.hello({ next: position(source.records.length + 1), brake: null });
            const points = rig.apply.brake.points();
            const going = rig.apply.brake.state?.to?.number;
            const point =
              going === undefined ? points[which % points.length] : points.find(({ number }) => number === going);
            if (point === undefined || rig.apply.brake.state?.phase === 'halted') return;
            rig.apply.brake.rewind(point);
          };
          for (const changes of after) {
            let left = changes;
            const die = (): void => {
              left -= 1;
              if (left < 0) throw new Killed();
            };
            rig.replica.beforeChange = die;
            rig.journal.beforeWrite = die;
            try {
              work();
            } catch (error) {
              if (!(error instanceof Killed)) throw error;
            }
            rig.restart();
          }
          work();
          if (rig.apply.brake.state?.phase === 'halted') rewound += 1;
          expect(rig.tree()).toEqual(trees.get(rig.apply.stream.applied));
        },
      ),
      { numRuns: RUNS },
    );
    expect(rewound).toBeGreaterThan(RUNS / 2);
  });

  it('stay after a power cut as far as the last checkpoint goes; what was under way then is named', () => {
    let after = 0;
    fc.assert(
      fc.property(
        fc.array(move, { minLength: 30, maxLength: 120 }),
        pace,
        fc.nat(60),
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.nat(1000), { minLength: 50, maxLength: 50 }),
        (moves, how, cutAt, every, draws) => {
          const { source, trees } = watched();
          const play = new Play(source);
          for (const one of moves) play.make(one);
          const rig = new Rig({ brakes: true, undo: () => REACH });
          let turns = 0;
          rig.replica.beforeChange = () => rig.replica.remember();
          try {
            applyAll(rig, source, how, () => {
              turns += 1;
              if (turns % every === 0) rig.checkpoint();
              if (turns === cutAt) throw new Killed();
            });
          } catch (error) {
            if (!(error instanceof Killed)) throw error;
          }
          let drawn = 0;
          const below = (n: number): number => (draws[drawn++ % draws.length] ?? 0) % n;
          rig.powerCut(below);
          applyAll(rig, source, how);
          // What cannot be done twice is repaired by the source; until then there are no further moments.
          if (rig.replies.length === 0) expect(rig.tree()).toEqual(source.tree());
          for (const point of rig.apply.brake.points()) {
            const named = rig.apply.brake.lostSince(point).map(({ path }) => `/${path}`);
            const past = rig.apply.brake.openPast(point);
            if (past === null) throw new Error('it is a moment');
            const differ = differences(past, trees.get(point.position) ?? new Map(), named);
            expect(differ).toEqual([]);
            past.close();
            after += 1;
          }
        },
      ),
      { numRuns: RUNS },
    );
    expect(after).toBeGreaterThan(RUNS);
  });
});

/** Paths that are not what they were, but for those that are named, and what lies beneath them or holds them. */
function differences(past: OpenPast, then: Map<string, string>, named: readonly string[]): string[] {
  const found = seen(past);
  const paths = new Set([...found.keys(), ...then.keys()]);
  const excused = (path: string): boolean =>
    named.some(
      (name) => path === name || path.startsWith(`${name}/`) || name.startsWith(path === '/' ? '/' : `${path}/`),
    );
  // A file that had such a name as well is described with it.
  const linked = (path: string): boolean =>
    named.some((name) => [found.get(path), then.get(path)].some((text) => text?.includes(name) === true));
  const uncertain = uncertainIn(past);
  // What was made in, or taken out of, such a directory may be there or not, with all beneath.
  const misplaced = (path: string): boolean => {
    if (path === '/') return false;
    const parent = path.slice(0, path.lastIndexOf('/')) || '/';
    return (uncertain.has(parent) && found.has(path) !== then.has(path)) || misplaced(parent);
  };
  const unread = (path: string): boolean => found.get(path)?.includes(UNREADABLE) === true;
  return [...paths]
    .filter((path) => found.get(path) !== then.get(path))
    .filter((path) => !excused(path) && !unread(path) && !linked(path) && !uncertain.has(path) && !misplaced(path))
    .map((path) => `${path}: ${found.get(path)} instead of ${then.get(path)}`);
}

/** Paths of files that the view itself calls uncertain, whatever they are called now. */
function uncertainIn(past: OpenPast): Set<string> {
  const root = past.roots.get(0);
  const found = new Set<string>();
  const visit = (folder: Handle, at: string): void => {
    if (root?.isUncertain(folder) === true) found.add(at === '' ? '/' : at);
    for (const { name, handle } of root?.list(folder) ?? []) visit(handle, `${at}/${name}`);
  };
  if (root !== undefined) visit(root.root, '');
  return found;
}

/** In hexadecimal, as a tree shows content: an error, and no other bytes. */
const UNREADABLE = Buffer.from('unreadable').toString('hex');

function seen(past: OpenPast): Map<string, string> {
  const root = past.roots.get(0);
  if (root === undefined) throw new Error('the root is open');
  const read: typeof root.read = (...range) => {
    try {
      return root.read(...range);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      return bytesOf('unreadable');
    }
  };
  return treeOf({
    root: root.root,
    list: (handle) => root.list(handle),
    attributes: (handle) => root.attributes(handle),
    readLink: (handle) => root.readLink(handle),
    xattrs: (handle) => root.xattrs(handle),
    read,
  });
}

import { takeoverSteps } from '@understudy/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Act,
  isPastReturn,
  moveTakeover,
  newTakeover,
  nextAct,
  POINT_OF_NO_RETURN,
  type Takeover,
  type TakeoverEvent,
} from './takeover.ts';

const REASON = { code: 'script-failed', sentence: 'The script ended with 3.' };
const all = () => newTakeover(takeoverSteps.map((step) => ({ step, sentence: `do ${step}` })));

function move(takeover: Takeover, event: TakeoverEvent): Takeover {
  const moved = moveTakeover(takeover, event);
  if (typeof moved === 'string') throw new Error(moved);
  return moved;
}

/** What a step does to the world: whether it is done there. A step may be done twice, and then nothing changes. */
class World {
  readonly done = new Set<string>();
  readonly log: string[] = [];
  readonly fails: ReadonlySet<string>;
  constructor(fails: ReadonlySet<string>) {
    this.fails = fails;
  }

  /** Returns false where it fails; half of it may be done then. */
  act({ kind, step }: Act): boolean {
    this.log.push(`${kind} ${step}`);
    if (kind === 'undo') this.done.delete(step);
    else this.done.add(step);
    return kind === 'undo' || !this.fails.has(step);
  }
}

type Crash = 'none' | 'before' | 'after';

/** Goes on until nothing is to be done; each act may be cut by a crash before or after its effect, once. */
function run(world: World, begin: Takeover, crashes: readonly Crash[]): Takeover {
  let kept = begin;
  for (let turn = 0; ; turn += 1) {
    const act = nextAct(kept);
    if (act === null) return kept;
    kept = move(kept, { kind: 'begun' });
    const crash = crashes[turn] ?? 'none';
    if (crash === 'before') continue;
    const well = world.act(act);
    // All that is left is what was noted.
    if (crash === 'after') continue;
    kept = move(kept, well ? { kind: 'ended', outcome: 'done' } : { kind: 'failed', reason: REASON });
  }
}

const someSteps = fc.uniqueArray(fc.constantFrom(...takeoverSteps), { maxLength: 2 });
const someCrashes = fc.array(fc.constantFrom<Crash>('none', 'before', 'after'), { maxLength: 24 });

describe('a failover', () => {
  it('[FO1] comes to the same end whenever the agent is killed, and does nothing again that was noted as done', () => {
    fc.assert(
      fc.property(someSteps, someCrashes, (fails, crashes) => {
        const calm = new World(new Set(fails));
        const rough = new World(new Set(fails));
        const expected = run(calm, all(), []);
        const found = run(rough, all(), crashes);
        expect(found).toEqual(expected);
        expect(rough.done).toEqual(calm.done);
        expect(rough.log.filter((line, at) => rough.log[at - 1] !== line)).toEqual(calm.log);
      }),
    );
  });

  it('[FO1] takes everything back before the point of no return, and nothing behind it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...takeoverSteps), (step) => {
        const world = new World(new Set([step]));
        const end = run(world, all(), []);
        const past = takeoverSteps.indexOf(step) >= takeoverSteps.indexOf(POINT_OF_NO_RETURN);
        expect(end).toMatchObject({ phase: 'halted', reason: REASON, cancelled: false });
        expect(isPastReturn(end)).toBe(past);
        if (past) expect(world.log.some((line) => line.startsWith('undo'))).toBe(false);
        else expect([...world.done]).toEqual([]);
        expect(nextAct(end)).toBeNull();
      }),
    );
  });

  it('[FO1] notes a step before it is done', () => {
    const begun = move(all(), { kind: 'begun' });
    expect(begun.steps[0]).toMatchObject({ step: 'check', state: 'doing', outcome: null });
    expect(nextAct(begun)).toEqual({ kind: 'do', step: 'check', index: 0, again: true });
  });

  it('goes on from where it was halted, or with that step taken for done', () => {
    const halted = run(new World(new Set(['services'])), all(), []);
    const again = run(new World(new Set()), move(halted, { kind: 'go-on' }), []);
    expect(again).toMatchObject({ phase: 'failed-over', reason: null });
    const world = new World(new Set(['services']));
    const skipped = run(world, move(halted, { kind: 'skip' }), []);
    expect(skipped.phase).toBe('failed-over');
    expect(skipped.steps.map(({ state }) => state).filter((state) => state !== 'done')).toEqual(['skipped']);
    expect(world.log).toEqual(['do script-after']);
  });

  it('refuses what makes no sense, with a sentence', () => {
    const refused = (takeover: Takeover, kind: 'go-on' | 'skip' | 'take-back') => moveTakeover(takeover, { kind });
    const complete = run(new World(new Set()), all(), []);
    expect(refused(complete, 'go-on')).toMatch(/not halted/);
    expect(refused(complete, 'take-back')).toMatch(/complete/);
    const late = run(new World(new Set(['dns'])), all(), []);
    expect(refused(late, 'take-back')).toMatch(/written to/);
    const early = run(new World(new Set(['addresses'])), all(), []);
    expect(refused(early, 'go-on')).toMatch(/anew/);
    const unopened = run(new World(new Set([POINT_OF_NO_RETURN])), all(), []);
    expect(refused(unopened, 'skip')).toMatch(/cannot be taken for done/);
  });

  it('is taken back at a person’s word, the step at work included', () => {
    const world = new World(new Set());
    let takeover = all();
    for (let steps = 0; steps < 4; steps += 1) {
      takeover = move(takeover, { kind: 'begun' });
      const act = nextAct(takeover);
      if (act !== null) world.act(act);
      if (steps < 3) takeover = move(takeover, { kind: 'ended', outcome: '' });
    }
    const back = run(world, move(takeover, { kind: 'take-back' }), ['after', 'before']);
    expect(back).toMatchObject({ phase: 'taken-back', cancelled: true });
    expect([...world.done]).toEqual([]);
  });

  it('stands where an undo fails, and tries it again when told to', () => {
    let takeover = run(new World(new Set(['addresses'])), all(), []);
    takeover = { ...takeover, phase: 'taking-back', steps: takeover.steps.map((note) => ({ ...note, state: 'done' })) };
    takeover = {
      ...takeover,
      steps: takeover.steps.map((note, at) => (at > 4 ? { ...note, state: 'waiting' } : note)),
    };
    const stuck = move(move(takeover, { kind: 'begun' }), { kind: 'failed', reason: REASON });
    expect(stuck).toMatchObject({ phase: 'halted', reason: REASON });
    expect(stuck.steps[4]).toMatchObject({ step: 'addresses', state: 'undoing' });
    expect(nextAct(move(stuck, { kind: 'take-back' }))).toEqual({
      kind: 'undo',
      step: 'addresses',
      index: 4,
      again: true,
    });
  });
});

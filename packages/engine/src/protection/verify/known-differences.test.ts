/** What a verification that only reports leaves behind: a job that says so, until something has mended it. */
import { brand, type RawName, rawToBytes } from '@understudy/base';
import { type NodeId, position, type Reply } from '@understudy/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { base64 } from '../../base64.ts';
import { DirtyMap } from '../../data-path/source/queue/dirty-map.ts';
import { RootScope } from '../../data-path/source/queue/root-scope.ts';
import type { MarkOutcome } from '../../data-path/source-path.ts';
import { memoryVersion, remember, restore } from '../job-memory.ts';
import { VolatileMirrorMemory } from '../mirror/memory.ts';
import { Refusals } from '../refusals.ts';
import { Runs } from '../runs.ts';
import { reasonOf } from './known-differences.ts';

const raw = (text: string) => brand<RawName>(text);
const rootNode = brand<NodeId>(1n);
const AT = Date.UTC(2026, 0, 2, 3, 4, 5);

function made() {
  const marks: ((outcome: MarkOutcome) => void)[] = [];
  const nothing = { next: () => [], takeUnreadable: () => [], close: () => {} };
  const attributes = { mode: 0o40755, nlink: 2 };
  const files = {
    rootNode,
    stat: () => attributes,
    entry: (_: NodeId, name: RawName) => ({ name, node: brand<NodeId>(7n), attributes }),
    xattrs: () => [],
    openDirectory: () => nothing,
    pathOf: () => null,
  };
  const scope = new RootScope({ scope: { whole: true, decide: () => 'inside' }, rootPath: raw('/srv'), rootNode });
  scope.complete([]);
  const roots = new Map([[0, { index: 0, path: rawToBytes(raw('/srv')), files: files as never, scope }]]);
  const world = {
    ...{ roots, wallMs: () => AT, next: () => position(50), say: () => {}, barrier: () => ({}), passed: () => true },
    ...{ mark: (one: (outcome: MarkOutcome) => void) => marks.push(one), asksIfEmpty: () => false },
  };
  const dirty = new DirtyMap();
  const refusals = new Refusals();
  const memory = new VolatileMirrorMemory();
  const runs = new Runs({
    ...{ dirty, refusals, memory, event: () => {}, completed: () => {} },
    world: world as never,
    goesOn: true,
  });
  runs.complete = true;
  return { runs, dirty, refusals, scopes: new Map([[0, scope]]), roots: roots as never, marks };
}

const differs = (what: string, path: string, detail = ''): Reply => ({
  ...{ kind: 'differs', at: position(60), root: 0, node: brand<NodeId>(7n), parent: rootNode },
  ...{ offset: 0, extent: 0, what, path: base64(raw(path)), detail },
});

const MENDED = [{ reason: 'verification', items: 1 }];

describe('[TRM3] what a verification has found', () => {
  let job: ReturnType<typeof made>;
  const turn = () => {
    for (let step = 0; step < 20; step += 1) {
      job.runs.startDue();
      job.runs.step(1 << 20);
      if (step === 0) job.runs.replied({ kind: 'have', at: position(55), root: 0, node: rootNode });
      for (const settle of job.marks.splice(0)) settle({ kind: 'applied', at: position(60) });
      job.runs.finish();
    }
  };
  const verify = (repair: boolean, ...found: Reply[]) => {
    job.runs.verify({ repair, onDone: () => {} });
    for (const reply of found) job.runs.replied(reply);
    while (job.runs.verification !== null) turn();
  };
  beforeEach(() => {
    job = made();
  });

  it('is known with count and first paths, where it only reported', () => {
    verify(false, differs('content', 'a'), differs('mode', 'a'), differs('mode', 'b/c'), differs('missing', 'd'));
    verify(false, ...['a', 'b', 'c', 'd'].map((path) => differs('mode', path)));
    expect(reasonOf(job.runs.differences)).toEqual({
      code: 'differs',
      sentence:
        'The verification of 2026-01-02T03:04:05.000Z found 4 differences between the source and its replica (/srv/a, /srv/b, /srv/c …); ' +
        '`verify NAME --repair` repairs them.',
    });
    expect(job.dirty.size).toBe(0);
  });

  it.each([
    ['a later one that finds nothing', () => verify(false)],
    ['one that repairs', () => verify(true)],
    ['a mirror that compares', () => job.runs.command('checksum')],
    ['a mirror by size and time, which compares then', () => job.runs.command('attributes')],
  ])('ends with %s', (_what, happens) => {
    verify(false, differs('content', 'a'));
    expect(job.runs.differences).not.toBeNull();
    happens();
    job.runs.startDue();
    expect(job.runs.mirror?.compare ?? 'checksum').toBe('checksum');
    turn();
    expect([job.runs.mirror, job.runs.differences]).toEqual([null, null]);
  });

  it('is dirty, and known no more, where it repairs', () => {
    verify(false, differs('mode', 'a'));
    const { dirty, runs } = job;
    runs.verify({ repair: true, onDone: () => expect([dirty.reasons(), runs.differences]).toEqual([MENDED, null]) });
    runs.replied(differs('mode', 'a'));
    expect.assertions(1);
    turn();
  });

  it('does not count orphans that the job only reports', () => {
    verify(false, differs('extra', 'left', 'it never came from the source'));
    expect(job.runs.differences).toBeNull();
    job.runs.setOptions({ ...job.runs.options, orphans: 'delete' });
    verify(false, differs('extra', 'left', 'it never came from the source'));
    expect(job.runs.differences).toMatchObject({ count: 1, paths: ['/srv/left'] });
  });

  it('is known to the next process', () => {
    const before = memoryVersion(job);
    verify(false, differs('mode', 'a'));
    expect(memoryVersion(job)).not.toBe(before);
    const after = made();
    restore({ memory: remember(job) }, after, { seenThrough: () => {} });
    expect(after.runs.differences).toEqual({ atMs: AT, count: 1, paths: ['/srv/a'] });
  });
});

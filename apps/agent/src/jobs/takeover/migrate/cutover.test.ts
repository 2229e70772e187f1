import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JobFacts } from '@understudy/engine';
import { rawPathFromText } from '@understudy/sdk';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Job, newJob, type Running } from '../../source/known-job.ts';
import type { StoredJob } from '../../stored-job.ts';
import { SceneHere } from '../../testing/agents-here.ts';
import { whyNoRealAgents } from '../../testing/real-agents.ts';
import { Cutover, type CutoverDoor, type CutoverServices } from './cutover.ts';

const why = whyNoRealAgents();
if (why !== null) process.stderr.write(`SKIPPED cutover.test.ts: ${why}\n`);

/** A job that runs; what it flushes is there at once, unless it is late. */
function sceneOf(more: { late?: boolean; gate?: boolean; services?: readonly string[]; stuck?: string } = {}) {
  const said: string[] = [];
  const facts = { linked: true, complete: true, mirror: 'none', dirtyItems: 0, unrepairable: 0, halt: null };
  const runner = {
    isHalted: false,
    facts: () => ({ ...facts, targetTrouble: null, targetReplaying: false }) as unknown as JobFacts,
    state: () => ({ state: 'disconnected', reason: null }),
    job: {
      flush: (done: (at: number, unrepairable: number) => void) => (more.late === true ? undefined : done(42, 0)),
    },
  };
  const gate = more.gate === false ? {} : { gate: {} };
  const calls = { executing: 0 };
  const interceptor = { driver: 'watch', ...gate, barrier: () => 'now', passed: () => calls.executing === 0 };
  const interception = { interceptor, turn: () => {}, wake: () => {} };
  const definition = { name: 'files', target: { name: 'beta' } };
  const stored = { id: 'one', started: true, definition } as unknown as StoredJob;
  const job: Job = { ...newJob(stored), running: { runner, interception, roots: [] } as unknown as Running };
  const door: CutoverDoor = {
    all: () => [job],
    find: () => job,
    save: (one, change) => {
      one.stored = { ...one.stored, ...change };
    },
    holdWrites: (_job, on) => said.push(on ? 'held' : 'let go'),
    exclusively: (_job, work) => work(),
    event: (_job, code) => said.push(code),
    fault: (error) => said.push(String(error)),
    roots: () => [],
  };
  const services: { -readonly [K in keyof CutoverServices]: CutoverServices[K] } = {
    stop: async (_job, stopping) => {
      for (const name of more.services ?? []) {
        stopping(name);
        said.push(`stops ${name}, ${job.stored.cutover?.stopped?.join('+')} on disk`);
        if (more.stuck === name) throw new Error(`The service ${name} could not be stopped.`);
      }
    },
    start: async (_job, names) => {
      said.push(`starts ${names.join('+')}`);
    },
  };
  return { cutover: new Cutover(door, services), job, facts, said, calls, door, services };
}

describe('writes that are held for a cut-over', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('[FO3] go on by themselves once the time is over and the target was heard, and not before it was', async () => {
    const { cutover, job, facts, said } = sceneOf();
    await expect(cutover.hold(job, 1000)).resolves.toMatchObject({ position: '42' });
    expect(job.stored.cutover).toBeDefined();
    facts.linked = false;
    await vi.advanceTimersByTimeAsync(300_000);
    expect(said).toEqual(['held', 'cutover-begun']);
    facts.linked = true;
    await vi.advanceTimersByTimeAsync(1000);
    expect(said.slice(2)).toEqual(['let go', 'cutover-broken-off']);
    expect(job.stored.cutover).toBeUndefined();
  });

  it('[FO3] come after the services of the job are stopped, and what was stopped serves again where nobody takes over', async () => {
    const { cutover, job, said } = sceneOf({ services: ['web', 'database'] });
    await cutover.hold(job, 1000);
    const stops = ['stops web, web on disk', 'stops database, web+database on disk', 'cutover-stopped'];
    expect(said).toEqual([...stops, 'held', 'cutover-begun']);
    await vi.advanceTimersByTimeAsync(61_000);
    expect(said.slice(5)).toEqual(['let go', 'cutover-broken-off', 'starts web+database', 'cutover-serves-again']);
  });

  it('[FO3] are not held where a service will not stop: what was stopped serves again', async () => {
    const { cutover, job, said } = sceneOf({ services: ['web', 'database'], stuck: 'database' });
    await expect(cutover.hold(job, 1000)).rejects.toThrow('database could not be stopped. Nothing was cut over.');
    await vi.advanceTimersByTimeAsync(0);
    expect(said.slice(2)).toEqual(['let go', 'cutover-broken-off', 'starts web+database', 'cutover-serves-again']);
    expect(job.stored.cutover).toBeUndefined();
  });

  it('[FO3] are not given back while services are being stopped for it', async () => {
    const { cutover, job, services } = sceneOf();
    let goOn = (): void => {};
    services.stop = (_job, stopping) => {
      stopping('database');
      return new Promise((resolve) => {
        goOn = resolve;
      });
    };
    const held = cutover.hold(job, 1000);
    expect(() => cutover.cancel(job, true)).toThrow(/are being stopped for it/);
    goOn();
    await held;
    expect(() => cutover.cancel(job, true)).not.toThrow();
  });

  it('[SAFE6] are nobody’s matter any more once another server has taken over', async () => {
    const { cutover, job, said } = sceneOf();
    await cutover.hold(job, 1000);
    job.stored = { ...job.stored, superseded: { epoch: 2, sentence: 'beta writes', at: new Date().toISOString() } };
    await vi.advanceTimersByTimeAsync(1000);
    expect(said.slice(2)).toEqual(['let go']);
    expect(() => cutover.cancel(job, true)).toThrow(/No cut-over of files is under way/);
  });

  it('are held from the beginning by an agent that is started anew', async () => {
    const { cutover, job, door, said, services } = sceneOf();
    await cutover.hold(job, 1000);
    cutover.close();
    said.length = 0;
    const again = new Cutover(door, services);
    again.restore();
    expect(said).toEqual(['held']);
    await vi.advanceTimersByTimeAsync(61_000);
    expect(said).toEqual(['held', 'let go', 'cutover-broken-off']);
  });

  it('a call that had passed the gate before is waited for: it may be answered yet', async () => {
    const { cutover, job, calls } = sceneOf();
    calls.executing = 1;
    let held = false;
    const holding = cutover.hold(job, 10_000).then(() => {
      held = true;
    });
    await vi.advanceTimersByTimeAsync(5000);
    expect(held).toBe(false);
    calls.executing = 0;
    await vi.advanceTimersByTimeAsync(100);
    await holding;
    expect(held).toBe(true);
  });

  it('go on where the last of them does not arrive in time', async () => {
    const { cutover, job, said } = sceneOf({ late: true });
    const held = expect(cutover.hold(job, 1000)).rejects.toThrow(/within 1000 ms; applications write on/);
    await vi.advanceTimersByTimeAsync(1000);
    await held;
    expect(said).toEqual(['held', 'cutover-begun', 'let go', 'cutover-broken-off']);
  });

  it('are refused with a sentence where they cannot be held, or both sides are not known to be equal', async () => {
    const watched = sceneOf({ gate: false });
    await expect(watched.cutover.hold(watched.job, 1000)).rejects.toThrow(/watch, which cannot keep applications/);
    const away = sceneOf();
    away.facts.linked = false;
    await expect(away.cutover.hold(away.job, 1000)).rejects.toThrow(/files is disconnected: .* not known to be equal/);
    const taken = sceneOf();
    taken.job.stored = { ...taken.job.stored, reverse: { purpose: 'noting' } as StoredJob['reverse'] };
    await expect(taken.cutover.hold(taken.job, 1000)).rejects.toThrow(/has taken files over from beta/);
    expect([...watched.said, ...away.said, ...taken.said]).toEqual([]);
  });
});

describe.skipIf(why !== null)('a cut-over that is begun', { timeout: 60_000 }, () => {
  let scene: SceneHere;
  beforeEach(() => {
    scene = new SceneHere();
  });
  afterEach(() => scene.close());

  it('answers EROFS once all is on the target, over a restart of the agent, until a person breaks it off', async () => {
    const source = scene.folder('data');
    writeFileSync(join(source, 'file'), 'one');
    const [alpha, beta] = [await scene.agent('alpha'), await scene.agent('beta')];
    await scene.introduce(alpha, beta);
    await (await alpha.connection()).call('job.create', {
      name: 'files',
      sourceName: 'alpha',
      target: { name: 'beta', address: beta.address, fingerprint: beta.fingerprint },
      include: [rawPathFromText(source)],
      exclude: [],
      to: rawPathFromText(scene.folder('replicas')),
      intercept: 'fuse',
      start: true,
    });
    await alpha.until('files', (status) => status?.state === 'protected');
    const write = (text: string) => writeFileSync(join(source, 'file'), text);
    write('two');
    const { position } = await (await alpha.connection()).call('job.holdWrites', { name: 'files' });
    expect(() => write('three')).toThrow(/EROFS/);
    expect((await alpha.status('files')).recoveryPoint.position).toBe(position);
    await alpha.end();
    expect(() => write('four')).toThrow(/EROFS/);
    await alpha.start();
    await alpha.until('files', (status) => status?.state === 'protected');
    expect(() => write('five')).toThrow(/EROFS/);
    await beta.end();
    await alpha.until('files', (status) => status?.state === 'disconnected');
    const letWrite = async (sure: boolean) => (await alpha.connection()).call('job.letWrite', { name: 'files', sure });
    await expect(letWrite(false)).rejects.toThrow(/beta is not linked/);
    await letWrite(true);
    write('six');
  });
});

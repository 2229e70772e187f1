import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FrameType, type TakeoverStep, takeoverSteps } from '@understudy/wire';
import { afterEach, describe, expect, it } from 'vitest';
import type { FakeLink } from '../testing/fake-link.ts';
import { runCommand } from './run-command.ts';
import { StepError } from './steps/step.ts';
import { lives, TakeoverScene, type TakeoverSceneOptions } from './testing.ts';

const refusal = (link: FakeLink) => link.said(FrameType.refuse)[0] as { code: string } | undefined;

describe('a failover on the target', () => {
  let scene: TakeoverScene;
  const open = (options: TakeoverSceneOptions = {}) => {
    scene = new TakeoverScene(options);
    return scene;
  };
  afterEach(() => scene.close());

  const script = (name: string, text: string): string => {
    const path = join(scene.top, name);
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
    return path;
  };

  it('[FO1] begins an epoch, applies what is received, and sends the old source away for good', async () => {
    open();
    await scene.replicated();
    scene.order();
    await scene.phase('failed-over');
    expect(scene.takeover).toMatchObject({ by: 'anna', epoch: 2, data: 'apply', reason: null });
    expect(scene.takeovers.status('files')).toMatchObject({
      role: 'target',
      state: 'failed-over',
      targetDataState: 'restore-required',
      recoveryPoint: { time: '2026-11-29T06:00:00.000Z' },
    });
    expect(refusal(scene.greet())?.code).toBe('superseded');
    expect(refusal(scene.greet({ intent: 'leave' }))?.code).toBe('superseded');
    scene.crash();
    scene.open();
    expect(refusal(scene.greet())?.code).toBe('superseded');
    expect(scene.takeover?.phase).toBe('failed-over');
    expect(scene.faults).toEqual([]);
  });

  it('hands the script its environment, and ends it with all that it began when its time is over', async () => {
    open();
    const out = join(scene.top, 'environment');
    const before = script('before', `env | grep ^UNDERSTUDY_ > ${out}; echo "ready: $1"`);
    const hanging = script('hanging', `sleep 600 & echo $! > ${out}.pid; wait`);
    const scripts = {
      beforeFailover: { path: before, arguments: ['one argument'] },
      afterFailover: { path: hanging, timeoutMs: 500 },
    };
    const ready = scene;
    scene = new TakeoverScene({ failover: { scripts } });
    await scene.replicated();
    scene.order();
    await scene.phase('halted');
    const environment = readFileSync(out, 'utf8');
    expect(environment).toContain('UNDERSTUDY_JOB=files\n');
    expect(environment).toContain(`UNDERSTUDY_PATHS=${scene.replica}\n`);
    expect(environment).toContain('UNDERSTUDY_EPOCH=2\n');
    expect(environment).toContain('UNDERSTUDY_POINT=2026-11-29T06:00:00.000Z\n');
    expect(environment).toContain('UNDERSTUDY_AGAIN=0\n');
    expect(scene.sentences).toContain(`${before} said: ready: one argument`);
    expect(scene.takeover?.reason?.sentence).toMatch(/not ended after 500 ms/);
    expect(scene.takeover?.advice).toMatch(/--skip/);
    expect(lives(readFileSync(`${out}.pid`, 'utf8'))).toBe(false);
    scene.order({ skip: true });
    await scene.phase('failed-over');
    expect(scene.takeover?.steps.at(-1)).toMatchObject({ step: 'script-after', state: 'skipped' });
    ready.close();
  });

  it('[FO1] takes back what was done where a step fails, and can be ordered anew', async () => {
    open();
    const failing = script('failing', `[ -e ${scene.top}/mended ]`);
    const other = scene;
    scene = new TakeoverScene({ failover: { scripts: { beforeFailover: { path: failing } } } });
    await scene.replicated();
    scene.order();
    await scene.phase('halted');
    expect(scene.takeovers.status('files')).toMatchObject({ state: 'halted', reason: { code: 'script-failed' } });
    expect(scene.takeover?.steps.map(({ step, state }) => `${step} ${state}`)).toEqual([
      'check undone',
      'epoch undone',
      'data undone',
      'script-before undone',
      'intercept waiting',
      'writable waiting',
    ]);
    expect(refusal(scene.greet())?.code).toBe('superseded');
    writeFileSync(join(other.top, 'mended'), '');
    scene.order();
    await scene.phase('failed-over');
    expect(scene.takeover?.epoch).toBe(3);
    other.close();
  });

  it('[FO2] is refused of a replica that is not known to be good, until the risk is named', async () => {
    open();
    await scene.replicated({ state: 'repairing', reason: null, good: false });
    expect(() => scene.order()).toThrow(/not a whole image.*--risk not-good/);
    expect(scene.takeovers.plan({ name: 'files', data: 'apply', point: null, risks: [] }).obstacles).toMatchObject([
      { code: 'not-good', risk: 'not-good' },
    ]);
    scene.order({ risks: ['not-good'] });
    await scene.phase('failed-over');
  });

  it('[FO3] is refused without the word that the source is down, and to the monitor without a witness', async () => {
    open();
    await scene.replicated();
    expect(() => scene.order({ sourceIsDown: false })).toThrow(/No witness/);
    expect(scene.takeover).toBeNull();
  });

  it('[FO3] follows by itself, and is tried again while the source stays silent where no epoch could be begun', async () => {
    let tries = 0;
    const epochs = {
      raise: async (_job: unknown, epoch: number) => {
        tries += 1;
        if (tries === 1) throw new StepError('source-alive', 'alpha goes on renewing its lease.');
        return `epoch ${epoch}`;
      },
      whyNotWitnessed: () => null,
    };
    const monitor = { agent: false, tcp: [1], addresses: ['127.0.0.1'], intervalMs: 100, failures: 2 };
    const witness = { kind: 'fence', script: { path: '/bin/true' } };
    open({ failover: { automatic: true, monitor, witness }, parts: { epochs } });
    await scene.replicated();
    scene.takeovers.restore();
    await scene.phase('failed-over');
    expect(tries).toBe(2);
    expect(scene.takeover).toMatchObject({ by: 'monitor', reason: null });
    expect(scene.events.filter((code) => code === 'failover-begun')).toHaveLength(2);
    expect(scene.faults).toEqual([]);
  });

  it('tells the second of two consoles who was first', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const epochs = {
      raise: async (_job: unknown, epoch: number) => held.then(() => `epoch ${epoch}`),
      whyNotWitnessed: () => 'there is none',
    };
    open({ parts: { epochs } });
    await scene.replicated();
    scene.order({}, 'anna');
    expect(() => scene.order({}, 'bert')).toThrow(/^anna is at the failover/);
    expect(() => scene.takeovers.plan({ name: 'files', data: 'apply', point: null, risks: [] })).toThrow(
      /^anna is at the failover/,
    );
    release();
    await scene.phase('failed-over');
    expect(() => scene.order({}, 'bert')).toThrow(/^anna has ordered that already/);
    expect(() => scene.takeovers.cancel('files', 'bert')).toThrow(/undo-failover/);
  });

  it('is cancelled: what hangs is ended, and all is taken back', async () => {
    open();
    const hanging = script('hanging', `echo $$ > ${scene.top}/pid; sleep 600`);
    const other = scene;
    scene = new TakeoverScene({ failover: { scripts: { beforeFailover: { path: hanging } } } });
    await scene.replicated();
    scene.order();
    await expect
      .poll(() => existsSync(join(other.top, 'pid')) && readFileSync(join(other.top, 'pid'), 'utf8'))
      .toMatch(/\d/);
    scene.takeovers.cancel('files', 'anna');
    await scene.phase('taken-back');
    expect(lives(readFileSync(join(other.top, 'pid'), 'utf8'))).toBe(false);
    expect(scene.takeovers.status('files').state).toBe('disconnected');
    other.close();
  });

  it('plans with the names of the job, says what is lacking here, and changes nothing', async () => {
    const failover = {
      addresses: [{ address: '192.0.2.7/24', interface: 'nowhere0' }],
      services: [{ name: 'ledger', start: ['/nowhere/ledger', 'start'] }],
    };
    open({ failover });
    await scene.replicated();
    const plan = scene.takeovers.plan({ name: 'files', data: 'discard', point: null, risks: [] });
    expect(plan.steps.map(({ step }) => step)).toEqual([
      'check',
      'epoch',
      'data',
      'addresses',
      'intercept',
      'writable',
      'services',
    ]);
    expect(plan.steps.find(({ pointOfNoReturn }) => pointOfNoReturn)?.sentence).toContain(scene.replica);
    expect(plan.steps[1]?.sentence).toMatch(/epoch 2.*alpha/);
    expect(plan.obstacles.map(({ code }) => code)).toEqual(['no-interface', 'no-script']);
    expect(plan.obstacles[1]?.sentence).toMatch(/ledger.*\/nowhere\/ledger is not there/);
    expect(scene.takeover).toBeNull();
    expect(refusal(scene.greet({ next: 5 }))).toBeUndefined();
  });

  it('does not take an address that answers elsewhere', async () => {
    const link = { whoHas: async () => ({ asked: true, who: '02:00:00:00:00:01' }), announce: async () => '' };
    const said = { code: 0, why: '', said: '' };
    const run: typeof runCommand = async (command, options) =>
      command[0]?.endsWith('/ip') === true ? said : runCommand(command, options);
    open({ failover: { addresses: [{ address: '192.0.2.7/24', interface: 'lo' }] }, parts: { link, run } });
    await scene.replicated();
    scene.order();
    await scene.phase('halted');
    expect(scene.takeover?.reason?.sentence).toMatch(/192.0.2.7 answers elsewhere on lo \(02:00:00:00:00:01\)/);
    expect(scene.takeover?.steps.find(({ step }) => step === 'addresses')?.state).toBe('undone');
  });

  it('starts services in order, each until it serves, and nothing twice', async () => {
    open();
    const log = join(scene.top, 'log');
    const serve = (name: string) => ({
      name,
      start: [script(`start-${name}`, `echo start ${name} >> ${log}; (sleep 0.3; touch ${scene.top}/${name}) &`)],
      check: [script(`check-${name}`, `[ -e ${scene.top}/${name} ] && echo serves ${name} >> ${log}`)],
      timeoutMs: 10_000,
    });
    const other = scene;
    scene = new TakeoverScene({ failover: { services: [serve('one'), serve('two')] } });
    await scene.replicated();
    scene.order();
    await scene.phase('failed-over');
    expect(readFileSync(log, 'utf8').trim().split('\n')).toEqual([
      'start one',
      'serves one',
      'start two',
      'serves two',
    ]);
    expect(scene.takeover?.steps.at(-1)?.outcome).toMatch(/^one serves after \d+\.\d s; two serves after/);
    other.close();
  });

  it('leaves by the same steps backwards, before the roles are switched, and is over behind that', async () => {
    open();
    const log = join(scene.top, 'log');
    const say = (name: string) => script(name, `echo ${name} $UNDERSTUDY_ACTION $UNDERSTUDY_JOB >> ${log}`);
    const service = (name: string) => ({ name, start: ['/bin/true'], stop: [say(`stop-${name}`)] });
    const other = scene;
    const scripts = { beforeFailback: { path: say('before') }, afterFailback: { path: say('after') } };
    scene = new TakeoverScene({ failover: { scripts, services: [service('one'), service('two')] } });
    await scene.replicated();
    scene.order();
    await scene.phase('failed-over');
    await scene.takeovers.leave(scene.id);
    expect(scene.takeover?.phase).toBe('failed-over');
    await scene.takeovers.left(scene.id);
    expect(readFileSync(log, 'utf8').trim().split('\n')).toEqual([
      'before failback files',
      'stop-two failback files',
      'stop-one failback files',
      'after failback files',
    ]);
    expect(scene.takeover).toBeNull();
    other.close();
  });

  it('stays where the roles are not switched: what was stopped serves again, and is told that it comes again', async () => {
    open();
    const log = join(scene.top, 'log');
    const say = (name: string) => script(name, `echo ${name} $UNDERSTUDY_ACTION $UNDERSTUDY_AGAIN >> ${log}`);
    const other = scene;
    const service = { name: 'one', start: [say('start')], stop: [say('stop')] };
    const failover = { scripts: { afterFailover: { path: say('after') } }, services: [service] };
    scene = new TakeoverScene({ failover });
    await scene.replicated();
    scene.order();
    await scene.phase('failed-over');
    await scene.takeovers.leave(scene.id);
    await scene.takeovers.stay(scene.id);
    expect(readFileSync(log, 'utf8').trim().split('\n')).toEqual([
      'start failover',
      'after failover 0',
      'stop failback',
      'start failover',
      'after failover 1',
    ]);
    expect(scene.takeover?.phase).toBe('failed-over');
    other.close();
  });

  describe('with the agent killed', () => {
    const stepsHere = takeoverSteps.filter((step) => step !== 'addresses' && step !== 'dns');

    it.each(stepsHere)('[FO1] at the step %s it goes on by itself after the restart', async (step: TakeoverStep) => {
      open();
      const paths = ['before', 'after', 'start', 'check'].map((name) =>
        script(name, `echo ${name} $UNDERSTUDY_AGAIN >> ${scene.top}/log`),
      );
      const [before = '', after = '', start = '', check = ''] = paths;
      const other = scene;
      const failover = {
        scripts: { beforeFailover: { path: before }, afterFailover: { path: after } },
        services: [{ name: 'ledger', start: [start], check: [check] }],
      };
      scene = new TakeoverScene({ failover });
      await scene.replicated();
      scene.order();
      await scene.phase('failed-over');
      // As a process leaves it that was killed in the middle of that step: noted as begun, and nothing behind it.
      scene.crash();
      const path = join(scene.top, 'home', 'takeovers', `${scene.id}.json`);
      const record = JSON.parse(readFileSync(path, 'utf8'));
      const at = record.takeover.steps.findIndex((note: { step: string }) => note.step === step);
      for (const [index, note] of record.takeover.steps.entries())
        if (index >= at) note.state = index === at ? 'doing' : 'waiting';
      record.takeover.phase = 'failing-over';
      record.endedAt = null;
      writeFileSync(path, JSON.stringify(record));
      scene.open();
      expect(scene.takeover?.phase).toBe('failing-over');
      expect(refusal(scene.greet())?.code).toBe('superseded');
      scene.takeovers.restore();
      await scene.phase('failed-over');
      expect(scene.takeover?.epoch).toBe(2);
      const ran = readFileSync(join(other.top, 'log'), 'utf8').trim().split('\n');
      expect(ran.filter((line) => line === 'start').length).toBeLessThanOrEqual(2);
      if (step === 'services') expect(ran.filter((line) => line.startsWith('start'))).toHaveLength(1);
      if (step === 'script-after') expect(ran.at(-1)).toBe('after 1');
      expect(scene.faults).toEqual([]);
      other.close();
    });
  });
});

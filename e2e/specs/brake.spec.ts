import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  type Bootstrap,
  describeWithFuse,
  ExitCode,
  refused,
  replicaOf,
  sized,
  staged,
  treeDifferences,
  until,
} from '../bootstrap/index.ts';

const JOB = 'brake';
/** The brake holds at 100 files; most of what happens to these comes after that. */
const FILES = sized(1000, 400);
const SENTENCE = 'All that a company has written in a year lies in such files, and nobody looks at them every day.\n';

interface Protected {
  readonly source: string;
  readonly replica: string;
  /** The source as it was before anything happened to it. */
  readonly before: string;
}

async function protectFiles(stage: Bootstrap, files: number): Promise<Protected> {
  const source = stage.folder('source', 'company');
  for (let i = 0; i < files; i += 1) {
    const folder = join(source, `department-${i % 7}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `letter-${i}.txt`), `Letter ${i}\n${SENTENCE.repeat(20 + (i % 50))}`);
  }
  const to = stage.folder('replica');
  await stage.client.protect({ name: JOB, source: 'alpha', target: 'beta', include: [source], to, intercept: 'fuse' });
  await stage.client.flush(JOB);
  const before = join(stage.root, 'before');
  execFileSync('cp', ['-a', source, before]);
  return { source, replica: replicaOf(to, source), before };
}

/** As such scripts do it: the content is another, byte for byte, and the name says so. */
const SCRIPT = `
const { readdirSync, readFileSync, renameSync, unlinkSync, writeFileSync, openSync, writeSync, closeSync } = require('node:fs');
const { createCipheriv, randomBytes } = require('node:crypto');
const [root, how] = process.argv.slice(1);
const encrypt = (bytes) => createCipheriv('aes-256-ctr', randomBytes(32), randomBytes(16)).update(bytes);
const inPlace = (path, bytes) => { const fd = openSync(path, 'r+'); writeSync(fd, bytes, 0, bytes.length, 0); closeSync(fd); };
for (const folder of readdirSync(root)) for (const name of readdirSync(root + '/' + folder)) {
  const path = root + '/' + folder + '/' + name;
  const bytes = encrypt(readFileSync(path));
  if (how === 'anew') { writeFileSync(path + '.locked', bytes); unlinkSync(path); }
  else if (how === 'in-place') inPlace(path, bytes);
  else { renameSync(path, path + '.locked'); inPlace(path + '.locked', bytes); }
}
writeFileSync(root + '/READ-ME.txt', 'pay');
`;
const encryptAll = (source: string, how: 'anew' | 'in-place' | 'renamed'): void => {
  execFileSync(process.execPath, ['-e', SCRIPT, source, how]);
};

/** Killed where it stands, and begun again. */
async function restart(stage: Bootstrap, name: string): Promise<void> {
  await stage.agent(name).kill();
  await stage.agent(name).start();
}

const reasonOf = async (stage: Bootstrap) => (await stage.client.status(JOB)).reason as { code: string } | null;

async function held(stage: Bootstrap, code: 'brake' | 'root-emptied'): Promise<void> {
  await until(`the job is held as ${code}`, async () => (await reasonOf(stage))?.code === code);
  const status = await stage.client.status(JOB);
  expect(status.state).toBe('halted');
  expect(status.actions).toContain('brake');
}

describeWithFuse('the brake', () => {
  staged(
    '[SAFE4] an encrypting script is held, over killed agents; go on applies all of it',
    ['alpha', 'beta'],
    async (stage) => {
      const { source, replica } = await protectFiles(stage, FILES);
      refused(await stage.cli(['brake', JOB, '--go-on']), ExitCode.no, 'nothing to decide');
      encryptAll(source, 'in-place');
      await held(stage, 'brake');
      expect(await treeDifferences(source, replica), 'it holds before everything is lost').not.toEqual([]);
      await restart(stage, 'beta');
      await held(stage, 'brake');
      await restart(stage, 'alpha');
      // What is written while it holds is captured, and comes behind.
      writeFileSync(join(source, 'written-while-held'), 'still at work');
      await held(stage, 'brake');
      expect(readdirSync(replica)).not.toContain('written-while-held');
      const events = (await stage.client.events('--server', 'beta')).stdout;
      expect(events).toMatch(/overwritten/);
      await stage.cli(['brake', JOB, '--go-on']);
      await stage.client.reach(JOB, 'protected');
      await stage.client.flush(JOB);
      expect(await treeDifferences(source, replica)).toEqual([]);
    },
  );

  for (const how of ['anew', 'renamed', 'in-place'] as const)
    staged(
      `[SAFE4] halt here gives back every byte that a script encrypted (${how})`,
      ['alpha', 'beta'],
      async (stage) => {
        const { source, replica, before } = await protectFiles(stage, FILES);
        encryptAll(source, how);
        await held(stage, 'brake');
        const decided = await stage.cli(['brake', JOB, '--halt-here']);
        expect(decided.code, decided.stderr).toBe(ExitCode.done);
        expect(await treeDifferences(before, replica)).toEqual([]);
        expect((await reasonOf(stage))?.code).toBe('brake-halted');
        const { recoveryPoint } = await stage.client.status(JOB);
        expect(recoveryPoint.time).not.toBeNull();
        refused(await stage.cli(['brake', JOB, '--halt-here']), ExitCode.no, 'nothing to decide');
        // Restarts lead nowhere else; a person's start begins anew.
        await restart(stage, 'beta');
        await restart(stage, 'alpha');
        await until('it is halted still', async () => (await reasonOf(stage))?.code === 'brake-halted');
        expect(await treeDifferences(before, replica)).toEqual([]);
        await stage.client.job('start', JOB);
        await stage.client.reach(JOB, 'protected');
        await stage.client.flush(JOB);
        expect(await treeDifferences(source, replica)).toEqual([]);
      },
    );

  staged('[SAFE2] a root that is emptied is held, however few files that are', ['alpha', 'beta'], async (stage) => {
    const { source, replica, before } = await protectFiles(stage, 30);
    for (const name of readdirSync(source)) rmSync(join(source, name), { recursive: true });
    await held(stage, 'root-emptied');
    const decided = await stage.cli(['brake', JOB, '--halt-here']);
    expect(decided.code, decided.stderr).toBe(ExitCode.done);
    expect(await treeDifferences(before, replica)).toEqual([]);
    expect(readFileSync(join(replica, 'department-1', 'letter-1.txt'), 'utf8')).toContain('Letter 1');
  });
});

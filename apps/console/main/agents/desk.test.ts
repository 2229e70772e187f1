import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { FakeAgent } from '@understudy/sdk/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Batch, World } from '../../shared/view.ts';
import { statusOf } from '../../testing.ts';
import { Desk } from './desk.ts';
import type { DeskWord } from './words.ts';

const CODE = 'AAAAA-AAAAA-AAAAA-AAAAA';
let folder = '';
let agent: FakeAgent;
let desk: Desk;
let heard: () => void = () => {};
const words: DeskWord[] = [];
const status = statusOf({ name: 'files', state: 'protected' });

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'understudy-desk-'));
  agent = await FakeAgent.start({
    name: 'alpha',
    answers: {
      'job.list': () => ({ jobs: [{ status, definition: definition() }] }),
      'events.list': () => ({ events: [], last: 0 }),
    },
  });
  agent.code = CODE;
  words.length = 0;
  desk = new Desk(folder, (word) => {
    words.push(structuredClone(word));
    heard();
  });
});
afterEach(async () => {
  desk.stop();
  await agent.stop();
  fs.rmSync(folder, { recursive: true, force: true });
});

const definition = () => ({
  name: 'files',
  target: { name: 'beta', address: 'beta:7320', fingerprint: 'b'.repeat(64) },
  include: [{ text: '/srv', bytes: 'L3Nydg==' }],
});

async function until<T>(find: () => T | undefined): Promise<T> {
  for (;;) {
    const found = find();
    if (found !== undefined) return found;
    await new Promise<void>((resolve) => {
      heard = resolve;
    });
  }
}
const answerTo = (id: number) =>
  until(() => words.flatMap((word) => (word.word === 'answer' && word.id === id ? [word.answer] : []))[0]);
const batches = (): Batch[] => words.flatMap((word) => (word.word === 'batch' ? [JSON.parse(word.text) as Batch] : []));
const deltas = () => batches().flatMap((batch) => batch.deltas);

async function paired(): Promise<void> {
  await desk.obey({ order: 'connect' });
  await desk.obey({ order: 'ask', id: 1, what: 'pair', payload: { address: agent.address, code: CODE, name: null } });
  expect(await answerTo(1)).toMatchObject({ ok: true, value: { name: 'alpha' } });
  await until(() => deltas().find((delta) => delta.kind === 'job'));
  await until(() => (agent.subscriptions.includes('events') ? true : undefined));
}

test('a payload that does not fit is refused, and reaches nobody', async () => {
  await desk.obey({ order: 'ask', id: 7, what: 'forget', payload: { name: '../x' } });
  expect(await answerTo(7)).toMatchObject({ ok: false, error: { code: 'bad-argument' } });
});

test('the world has the number of the last batch that is in it, and what changes afterwards comes behind it', async () => {
  await paired();
  await desk.obey({ order: 'ask', id: 2, what: 'world', payload: {} });
  const answer = await answerTo(2);
  const world = JSON.parse(String(answer.ok && answer.value)) as World;
  expect([world.number, world.ends.length, world.servers.length]).toEqual([batches().at(-1)?.number, 1, 1]);
  agent.push('job-status', { name: 'files', status: statusOf({ ...status, state: 'halted' }) });
  const change = await until(() => batches().find(({ number }) => number > world.number && isHalted(number)));
  expect(change.deltas).toContainEqual(
    expect.objectContaining({ kind: 'job-changed', server: 'alpha', name: 'files', set: { state: 'halted' } }),
  );
  expect(batches().map(({ number }) => number)).toEqual(batches().map((_, i) => i + 1));
});

const isHalted = (number: number): boolean =>
  batches().some((batch) => batch.number === number && batch.deltas.some((delta) => delta.kind === 'job-changed'));

test('a job that halts calls for a person once, and its target’s word does not', async () => {
  await paired();
  agent.push('job-status', { name: 'files', status: statusOf({ ...status, state: 'halted' }) });
  const { attention } = await until(() => words.find((word) => word.word === 'attention'));
  expect(attention.title).toBe('files is halted');
  await until(() => words.find((word) => word.word === 'light' && word.light === 'red'));
  agent.push('job-status', { name: 'replica', status: statusOf({ name: 'replica', role: 'target' }) });
  agent.push('job-status', { name: 'files', status: statusOf({ ...status, state: 'halted', epoch: 2 }) });
  await until(() => deltas().find((delta) => delta.kind === 'job-changed' && delta.set.epoch === 2));
  expect(words.filter((word) => word.word === 'attention')).toHaveLength(1);
});

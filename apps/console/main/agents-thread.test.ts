/** A thread that dies: who asked is answered, the next one goes on where it was, and one that dies again and again is not hidden. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AgentsThreadParts } from './agents-thread.ts';
import { AgentsThread } from './agents-thread.ts';

let folder = '';
let thread: AgentsThread | null = null;
const heard: string[] = [];
let wake: () => void = () => {};
const hear = (what: string): void => {
  heard.push(what);
  wake();
};

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'understudy-thread-'));
  heard.length = 0;
});
afterEach(async () => {
  await thread?.stop();
  thread = null;
  fs.rmSync(folder, { recursive: true, force: true });
});

/** Says each order as a light; dies of `forget`, by an error where the name says so. */
const WORKER = `
const { parentPort, workerData } = require('node:worker_threads');
parentPort.on('message', (order) => {
  if (order.order !== 'ask') parentPort.postMessage({ word: 'light', light: order.sentence ?? order.order });
  else if (order.what === 'reconnect') parentPort.postMessage({ word: 'answer', id: order.id, answer: { ok: true, value: workerData } });
  else if (order.payload.name === 'throws') throw new Error('the profile is on fire');
  else if (order.what === 'forget') process.exit(0);
});
`;

function begin(): AgentsThread {
  const file = path.join(folder, 'worker.cjs');
  fs.writeFileSync(file, WORKER);
  const parts: AgentsThreadParts = {
    ...{ file, profile: '/the/profile' },
    onWord: (word) => hear(word.word === 'light' ? String(word.light) : word.word),
    onAnew: () => hear('anew'),
    onEnd: (why) => hear(`end: ${why}`),
  };
  thread = new AgentsThread(parts);
  return thread;
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo())
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
}

test('what is asked is answered, with the profile that it was given', async () => {
  expect(await begin().ask('reconnect', { name: 'alpha' })).toEqual({ ok: true, value: '/the/profile' });
});

test('who waits for an answer of one that dies gets one with the reason; the next one connects again, and the page is told', async () => {
  const one = begin();
  one.connect();
  await until(() => heard.includes('connect'));
  // Nobody answers this one.
  const waiting = one.ask('checkJob', { name: '' });
  const answer = await one.ask('forget', { name: 'throws' });
  const failed = { ok: false, error: { code: 'failed', agentCode: null, sentence: expect.any(String) } };
  expect(answer).toMatchObject(failed);
  expect(!answer.ok && answer.error.sentence).toContain('the profile is on fire');
  expect(await waiting).toMatchObject(failed);
  await until(() => heard.filter((word) => word === 'connect').length === 2);
  expect(heard).toContain('anew');
  // A person reads why, in the next one's notices.
  expect(heard.some((word) => word.includes('the profile is on fire'))).toBe(true);
  expect(await one.ask('reconnect', { name: 'alpha' })).toMatchObject({ ok: true });
});

test('one that has not been told to connect is not told so by its end', async () => {
  const one = begin();
  expect(await one.ask('forget', { name: 'x' })).toMatchObject({ ok: false });
  await until(() => heard.includes('anew'));
  await one.ask('reconnect', { name: 'alpha' });
  expect(heard).not.toContain('connect');
});

test('one that dies again and again takes the console along', async () => {
  const one = begin();
  while (!heard.some((word) => word.startsWith('end: '))) {
    expect(heard.length, 'deaths are counted').toBeLessThan(50);
    expect(await one.ask('forget', { name: 'x' })).toMatchObject({ ok: false });
  }
  expect(heard.at(-1)).toBe('end: it ended by itself');
});

test('one that is told to stop is not begun anew', async () => {
  const one = begin();
  await one.ask('reconnect', { name: 'alpha' });
  await one.stop();
  expect(heard).toEqual([]);
});

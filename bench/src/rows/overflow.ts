import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { elapse } from '@understudy/e2e';
import { figure, type Row } from './row.ts';

const FOLDERS = 20;
const LIMIT_MS = 180_000;

export const overflow: Row = {
  id: 'overflow',
  title: 'events while whatever watches stands still',
  async run({ session, sizes }) {
    for (let i = 0; i < FOLDERS; i += 1) mkdirSync(join(session.source, `folder-${i}`));
    writeFileSync(join(session.source, 'sign'), 'of life');
    await session.begin();
    await session.ready(60_000);
    await elapse(1500);
    session.suspend();
    try {
      makeEvents(session.source, sizes.events);
    } finally {
      session.resume();
    }
    const began = performance.now();
    const left = await untilSame(session.source, session.replica);
    const seconds = (performance.now() - began) / 1000;
    const says = await session.says();
    const note = left === 0 ? `it says: ${says}` : `${left} paths differ after ${LIMIT_MS / 1000} s; it says: ${says}`;
    const value = left === 0 ? seconds : null;
    const measure = `${sizes.events} events, until it has converged by itself`;
    return [figure('overflow', measure, 's', value, { note, reach: { atMost: LIMIT_MS / 1000 } })];
  },
};

/** Of five events two create, one appends, one renames and one deletes. */
function makeEvents(source: string, events: number): void {
  const path = (i: number, name = 'file') => join(source, `folder-${i % FOLDERS}`, `${name}-${i}`);
  const files = (events * 2) / 5;
  for (let i = 0; i < files; i += 1) writeFileSync(path(i), `${i}\n`);
  for (let i = 0; i < files; i += 2) {
    appendFileSync(path(i), 'more\n');
    renameSync(path(i), path(i, 'moved'));
    rmSync(path(i + 1));
  }
}

async function untilSame(source: string, replica: string): Promise<number> {
  const deadline = performance.now() + LIMIT_MS;
  for (;;) {
    const left = differences(source, replica);
    if (left === 0 || performance.now() > deadline) return left;
    await elapse(250);
  }
}

/** How many names are on one side only or hold something else; metadata does not count, for not every tool claims it. */
function differences(source: string, replica: string): number {
  let differ = 0;
  for (let i = 0; i < FOLDERS; i += 1) {
    const [from, to] = [join(source, `folder-${i}`), join(replica, `folder-${i}`)];
    const there = new Set(existsSync(to) ? readdirSync(to) : []);
    for (const name of readdirSync(from))
      if (!there.delete(name) || !sameContent(join(from, name), join(to, name))) differ += 1;
    differ += there.size;
  }
  return differ;
}

function sameContent(a: string, b: string): boolean {
  try {
    return readFileSync(a).equals(readFileSync(b));
  } catch {
    // It went while we looked.
    return false;
  }
}

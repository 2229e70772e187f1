import { randomFillSync } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { elapse, until } from '@understudy/e2e';
import { figure, type Row } from './row.ts';

const FILE_BYTES = 1024 * 1024;
const LIMIT_MS = 120_000;

export const rename: Row = {
  id: 'rename',
  title: 'a directory is renamed',
  async run(scene) {
    const { session, sizes } = scene;
    const old = join(session.source, 'before');
    mkdirSync(old);
    const content = Buffer.alloc(FILE_BYTES);
    for (let i = 0; i < sizes.renameFiles; i += 1) writeFileSync(join(old, `file-${i}`), randomFillSync(content));
    await session.begin();
    await session.ready(LIMIT_MS);
    await until('the first copy is complete', () => countIn(join(session.replica, 'before')) === sizes.renameFiles, {
      timeoutMs: LIMIT_MS,
    });
    await elapse(2500);
    const [bytes, operations] = [await session.sentBytes(), await session.operations()];
    const began = performance.now();
    renameSync(old, join(session.source, 'after'));
    await until('the directory has its new name', () => arrived(session.replica, sizes.renameFiles), {
      timeoutMs: LIMIT_MS,
      everyMs: 1,
    });
    const ms = performance.now() - began;
    await elapse(2500);
    const [bytesNow, operationsNow] = [await session.sentBytes(), await session.operations()];
    const since = (now: number | null, before: number | null) =>
      now === null || before === null ? null : now - before;
    const note = `${sizes.renameFiles} MiB in ${sizes.renameFiles} files`;
    return [
      figure('rename', 'until equal', 'ms', ms, { note }),
      figure('rename', 'sent for it', 'bytes', since(bytesNow, bytes), { reach: { atMost: 1024 } }),
      figure('rename', 'operations', 'operations', since(operationsNow, operations), { reach: { atMost: 1 } }),
    ];
  },
};

const countIn = (folder: string): number => (existsSync(folder) ? readdirSync(folder).length : 0);

const arrived = (replica: string, files: number): boolean =>
  !existsSync(join(replica, 'before')) && countIn(join(replica, 'after')) === files;

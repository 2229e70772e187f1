import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { browseParamsSchema, browseResultSchema } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { browse } from './browse.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-browse-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const rawPath = (path: string | Buffer) => {
  const bytes = Buffer.from(path);
  return { text: bytes.toString('utf8'), bytes: bytes.toString('base64') };
};
const look = (path: string | Buffer, more: { limit?: number; measure?: boolean } = {}) =>
  browse(browseParamsSchema.parse({ path: rawPath(path), ...more }));

describe('a directory of a server', () => {
  test('is listed with kinds and sizes, directories first', async () => {
    writeFileSync(join(folder, 'a'), 'four');
    mkdirSync(join(folder, 'z'));
    symlinkSync('/etc/shadow', join(folder, 'link'));
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    const answer = await look(folder);
    expect(answer.entries.map(({ name, kind, bytes }) => [name.text, kind, bytes])).toEqual([
      ['z', 'directory', null],
      ['a', 'file', 4],
      ['link', 'link', null],
      ['pipe', 'other', null],
    ]);
    expect(answer).toMatchObject({ more: false, size: null });
    expect(browseResultSchema.parse(answer)).toEqual(answer);
  });

  test('may hold names of any bytes, and beneath them one can go on', async () => {
    const name = Buffer.from([0x66, 0xff, 0x0a, 0x3c]);
    mkdirSync(Buffer.concat([Buffer.from(`${folder}/`), name]));
    const [entry] = (await look(folder)).entries;
    expect(Buffer.from(entry?.name.bytes ?? '', 'base64')).toEqual(name);
    const inside = await look(Buffer.concat([Buffer.from(`${folder}/`), name]));
    expect(inside.entries).toEqual([]);
  });

  test('is cut off where it holds more than was asked for, and says so', async () => {
    for (let i = 0; i < 10; i += 1) writeFileSync(join(folder, `${i}`), '');
    expect((await look(folder, { limit: 4 })).entries).toHaveLength(4);
    expect((await look(folder, { limit: 4 })).more).toBe(true);
    expect((await look(folder, { limit: 10 })).more).toBe(false);
    expect(browseParamsSchema.safeParse({ path: rawPath(folder), limit: 1_000_000 }).success).toBe(false);
  });

  test('is measured with all that lies beneath it, where that is asked for', async () => {
    mkdirSync(join(folder, 'deep', 'deeper'), { recursive: true });
    writeFileSync(join(folder, 'deep', 'deeper', 'file'), Buffer.alloc(100_000, 1));
    const { size } = await look(folder, { measure: true });
    expect(size?.counted).toBe(true);
    expect(size?.bytes).toBeGreaterThanOrEqual(100_000);
  });

  test('may bear times that no calendar has', async () => {
    writeFileSync(join(folder, 'old'), '');
    utimesSync(join(folder, 'old'), 1e12, 1e12);
    const answer = await look(folder);
    expect(browseResultSchema.safeParse(answer).success).toBe(true);
  });

  test.each([
    ['a relative path', 'srv/data', /is no absolute path: write one such as/],
    ['a path with a NUL', '/srv\0/data', /is no absolute path/],
    ['nothing', '', /is no absolute path/],
  ])('%s is refused', async (_title, path, sentence) => {
    await expect(look(path)).rejects.toMatchObject({ code: 'invalid', message: expect.stringMatching(sentence) });
  });

  test('what is no directory, or is not there, is refused with its name', async () => {
    writeFileSync(join(folder, 'file'), '');
    await expect(look(join(folder, 'file'))).rejects.toMatchObject({
      code: 'refused',
      message: `${join(folder, 'file')} is no directory`,
    });
    await expect(look(join(folder, 'gone'))).rejects.toMatchObject({
      code: 'refused',
      message: `${join(folder, 'gone')} is not there`,
    });
  });
});

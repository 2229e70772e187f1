import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cacheFolder, electronProgram, isFresh } from '../electron.mjs';
import { asarOf } from './asar.mjs';
import { defaultApplication, integrityOf } from './test-runtime.mjs';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-electron-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** As the format's readers do: two pickles, the second with the header's text, then the files. */
function readAsar(archive) {
  const headerSize = archive.readUInt32LE(4);
  const length = archive.readUInt32LE(12);
  const header = JSON.parse(archive.subarray(16, 16 + length).toString());
  const start = 8 + headerSize;
  return Object.fromEntries(
    Object.entries(header.files).map(([name, { offset, size }]) => {
      const at = start + Number(offset);
      return [name, archive.subarray(at, at + size).toString()];
    }),
  );
}

describe('an archive', () => {
  test.each([
    {},
    { a: '' },
    { 'package.json': '{}', 'main.mjs': 'ü'.repeat(1000) },
    { abc: '1', abcd: '22', abcde: '' },
  ])('gives back what was put in: %j', (files) => {
    const archive = asarOf(files);
    expect(readAsar(archive)).toEqual(files);
    expect(archive.readUInt32LE(0)).toBe(4);
    expect(archive.readUInt32LE(4)).toBe(archive.readUInt32LE(8) + 4);
    expect(archive.readUInt32LE(4) % 4).toBe(0);
  });

  test('of the default application starts the one that is named', () => {
    const files = readAsar(defaultApplication());
    expect(JSON.parse(files['package.json'])).toMatchObject({ main: 'main.mjs' });
    expect(files['main.mjs']).toContain('process.argv');
  });
});

describe('Electron is there when', () => {
  test('its package names a program that exists', () => {
    expect(electronProgram(folder)).toBeNull();
    writeFileSync(join(folder, 'path.txt'), 'electron\n');
    expect(electronProgram(folder)).toBeNull();
    mkdirSync(join(folder, 'dist'));
    writeFileSync(join(folder, 'dist', 'electron'), '');
    expect(electronProgram(folder)).toBe(join(folder, 'dist', 'electron'));
  });
});

test('a download that failed is tried again a day later', () => {
  const marker = join(folder, 'failed');
  const now = Date.now();
  expect(isFresh(marker, now)).toBe(false);
  writeFileSync(marker, '');
  utimesSync(marker, now / 1000, now / 1000);
  expect(isFresh(marker, now + 3_600_000)).toBe(true);
  expect(isFresh(marker, now + 25 * 3_600_000)).toBe(false);
});

test('the cache is where the system keeps caches', () => {
  expect(cacheFolder({}, '/home/user')).toBe('/home/user/.cache/understudy');
  expect(cacheFolder({ XDG_CACHE_HOME: '/var/cache' }, '/home/user')).toBe('/var/cache/understudy');
});

test('the digest of a download is written as the lock file writes it', async () => {
  const file = join(folder, 'x');
  writeFileSync(file, 'abc');
  expect(await integrityOf(file)).toBe(
    'sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==',
  );
});

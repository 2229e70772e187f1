import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hasCommand } from '../ensure.mjs';
import { makeDeb } from './deb.mjs';
import { makeRpm } from './rpm.mjs';
import { readSettings } from './settings.mjs';
import { entriesOf, layTree, ownEntries } from './tree.mjs';

const settings = readSettings();
const tell = (command, ...args) => execFileSync(command, args, { encoding: 'utf8' });
let folder = '';
let tree = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-tree-'));
  const from = join(folder, 'unpacked');
  mkdirSync(join(from, 'resources'), { recursive: true, mode: 0o700 });
  writeFileSync(join(from, settings.name), '#!/bin/sh\necho it runs\n', { mode: 0o700 });
  writeFileSync(join(from, 'chrome-sandbox'), 'helper', { mode: 0o700 });
  writeFileSync(join(from, 'resources', 'app.asar'), 'archive', { mode: 0o600 });
  tree = join(folder, 'tree');
  layTree({ from, to: tree, settings, copyright: '2026 somebody' });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the tree', () => {
  test('can be read and run by everybody, whatever umask it was made with', () => {
    const modes = Object.fromEntries(entriesOf(tree).map(({ path, mode }) => [path, mode]));
    expect(modes).toMatchObject({
      '/opt/understudy-console': 0o755,
      '/opt/understudy-console/understudy-console': 0o755,
      '/opt/understudy-console/chrome-sandbox': 0o4755,
      '/opt/understudy-console/resources/app.asar': 0o644,
      '/usr/share/applications/understudy-console.desktop': 0o644,
    });
    for (const { path, kind, mode } of entriesOf(tree))
      if (kind !== 'link') expect(lstatSync(join(tree, path)).mode & 0o7777, path).toBe(mode);
  });
  test('has a command that leads to the program', () => {
    const link = join(tree, 'usr', 'bin', 'understudy-console');
    expect(readlinkSync(link)).toBe('../../opt/understudy-console/understudy-console');
    expect(tell(link)).toBe('it runs\n');
  });
  test('has an icon of every size', () => {
    for (const size of [16, 24, 32, 48, 64, 128, 256, 512]) {
      const bytes = readFileSync(join(tree, `usr/share/icons/hicolor/${size}x${size}/apps/understudy-console.png`));
      expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([size, size]);
    }
    expect(existsSync(join(tree, 'usr/share/icons/hicolor/scalable/apps/understudy-console.svg'))).toBe(true);
  });
  test('claims no folder that it shares with others', () => {
    const folders = ownEntries(entriesOf(tree)).filter(({ kind }) => kind === 'folder');
    expect(folders.map(({ path }) => path)).toEqual([
      '/opt/understudy-console',
      '/opt/understudy-console/resources',
      '/usr/share/doc/understudy-console',
    ]);
  });
});

const made = { settings, version: '0.1.0~for.tests', forTests: true };
const listed = (text) => text.split('\n').filter((line) => line !== '');

const whyNoDeb = hasCommand('dpkg-deb') ? null : 'dpkg-deb is not here';
if (whyNoDeb !== null) console.warn(`SKIPPED a deb: ${whyNoDeb}`);
test.skipIf(whyNoDeb !== null)('a deb holds the whole tree as root’s, and can be checked', async () => {
  const file = join(folder, 'a.deb');
  await makeDeb({ ...made, architecture: 'amd64', tree, file });
  const rows = listed(tell('dpkg-deb', '--contents', file));
  expect(rows.every((row) => row.includes(' root/root '))).toBe(true);
  expect(rows.find((row) => row.includes('chrome-sandbox'))).toMatch(/^-rwsr-xr-x /);
  expect(tell('dpkg-deb', '--field', file, 'Version').trim()).toBe('0.1.0~for.tests');
  const out = join(folder, 'out');
  tell('dpkg-deb', '--raw-extract', file, out);
  expect(tell('sh', '-c', `cd ${out} && md5sum --check --quiet DEBIAN/md5sums && wc -l < DEBIAN/md5sums`).trim()).toBe(
    String(entriesOf(tree).filter(({ kind }) => kind === 'file').length),
  );
  expect(existsSync(join(tree, 'DEBIAN'))).toBe(false);
});

const whyNoRpm = hasCommand('rpmbuild') ? null : 'rpmbuild is not here (Debian: apt-get install rpm)';
if (whyNoRpm !== null) console.warn(`SKIPPED an rpm: ${whyNoRpm}`);
test.skipIf(whyNoRpm !== null)('an rpm holds the same, and nothing of rpmbuild is left', async () => {
  const [file, work] = [join(folder, 'a.rpm'), join(folder, 'work')];
  await makeRpm({ ...made, architecture: 'x86_64', tree, file, work });
  const rows = listed(tell('rpm', '-qp', '--qf', '[%{FILEMODES:perms} %{FILEUSERNAME} %{FILENAMES}\n]', file));
  const wanted = ownEntries(entriesOf(tree)).map(({ path }) => path);
  expect(rows.map((row) => row.split(' ')[2]).sort()).toEqual(wanted.sort());
  expect(rows.find((row) => row.includes('chrome-sandbox'))).toMatch(/^-rwsr-xr-x root /);
  expect(tell('rpm', '-qp', '--qf', '%{VERSION} %{SUMMARY}', file)).toMatch(/^0\.1\.0~for\.tests \[for tests only\] /);
  expect(existsSync(work)).toBe(false);
  expect(statSync(tree).isDirectory()).toBe(true);
});

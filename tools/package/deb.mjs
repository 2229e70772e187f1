/** A deb of a tree, by dpkg-deb alone: no script runs when it is installed, and `dpkg --verify` can check every file. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../ensure.mjs';
import { controlText } from './texts.mjs';
import { entriesOf } from './tree.mjs';

/** Kibibytes as dpkg counts them: each file rounded up, one for everything else. */
export const installedKib = (tree, entries) =>
  entries.reduce(
    (sum, { path, kind }) => sum + (kind === 'file' ? Math.ceil(statSync(join(tree, path)).size / 1024) : 1),
    0,
  );

const md5 = (file) => createHash('md5').update(readFileSync(file)).digest('hex');

/** @param {import('./texts.mjs').Made & { tree: string, file: string }} wanted */
export async function makeDeb({ tree, file, ...made }) {
  const control = join(tree, 'DEBIAN');
  rmSync(control, { recursive: true, force: true });
  const entries = entriesOf(tree);
  const sums = entries
    .filter(({ kind }) => kind === 'file')
    .map(({ path }) => `${md5(join(tree, path))}  ${path.slice(1)}\n`);
  mkdirSync(control, { mode: 0o755 });
  writeFileSync(join(control, 'control'), controlText({ ...made, kib: installedKib(tree, entries) }), { mode: 0o644 });
  writeFileSync(join(control, 'md5sums'), sums.join(''), { mode: 0o644 });
  try {
    await must('dpkg-deb', ['--root-owner-group', '-Zxz', '--build', tree, file], { quiet: true });
  } finally {
    rmSync(control, { recursive: true });
  }
}

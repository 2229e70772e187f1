/** An rpm of a tree, by rpmbuild alone. It is built beside the others and nothing of rpmbuild's own folders is left in anybody's home. */
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { must } from '../ensure.mjs';
import { specText } from './texts.mjs';
import { entriesOf, ownEntries } from './tree.mjs';

/** @param {import('./texts.mjs').Made & { tree: string, file: string, work: string }} wanted work: a folder that is made anew and taken away */
export async function makeRpm({ tree, file, work, ...made }) {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const spec = join(work, 'package.spec');
  writeFileSync(spec, specText({ ...made, tree, entries: ownEntries(entriesOf(tree)) }));
  const defined = { _topdir: work, _rpmdir: work, _build_name_fmt: basename(file), buildroot: join(work, 'root') };
  const definitions = Object.entries(defined).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  try {
    await must('rpmbuild', ['-bb', '--target', `${made.architecture}-linux`, ...definitions, spec], { quiet: true });
    copyFileSync(join(work, basename(file)), file);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

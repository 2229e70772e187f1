import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Refusal } from '../ensure.mjs';

/** The folder of this run, with the homes of both agents, the client's profile and the sample. */
export function makeFolder() {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'understudy-start-')));
  return {
    folder,
    profile: join(folder, 'profile'),
    home: (name) => join(folder, name),
    log: (name) => join(folder, `${name}.log`),
    sample: join(folder, 'sample'),
    replica: join(folder, 'replica'),
  };
}

/** A small folder with something to see in it; the database comes when it is protected. */
export function makeSample(sample, replica) {
  mkdirSync(join(sample, 'letters'), { recursive: true });
  mkdirSync(replica);
  writeFileSync(
    join(sample, 'README.txt'),
    'Whatever changes in this folder appears on the replica, in the same order.\n',
  );
  for (let i = 1; i <= 20; i += 1)
    writeFileSync(join(sample, 'letters', `letter-${i}.txt`), `Letter ${i}\n`.repeat(i * 50));
}

/** Real folders: both must be there; nothing in them is ever removed. */
export function checkFolders(source, target) {
  const [from, to] = [realDirectory('--source', source), realDirectory('--target', target)];
  const inside = (inner, outer) => inner === outer || inner.startsWith(`${outer === '/' ? '' : outer}/`);
  if (inside(to, from) || inside(from, to))
    throw new Refusal(`${from} and ${to}: one lies within the other; name a target outside of the source`);
  return { source: from, target: to };
}

function realDirectory(option, path) {
  if (!existsSync(path)) throw new Refusal(`${option} ${path}: there is no such folder; make it, or name another`);
  if (!statSync(path).isDirectory())
    throw new Refusal(`${option} ${path}: this is a file; name the folder that holds it`);
  return realpathSync(path);
}

/** A copy of the database as the replica has it, for a check that must not touch the replica itself. */
export function copyDatabase(from, to) {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from).filter((one) => one.startsWith('ledger.db')))
    copyFileSync(join(from, name), join(to, name));
  return join(to, 'ledger.db');
}

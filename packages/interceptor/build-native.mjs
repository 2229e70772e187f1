/**
 * Builds the interceptor's native part with the system's C compiler; does nothing where it is up to date.
 * In: native/linux/*.c and *.h. Out: native/linux/build/fsid, static. Only Linux has one; elsewhere this is a no-op.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FLAGS = ['-std=gnu17', '-O2', '-Wall', '-Wextra', '-Werror', '-static', '-pthread'];

function newest(paths) {
  return Math.max(...paths.map((path) => statSync(path).mtimeMs));
}

/** Returns the path of the binary, or null where there is none for this system. */
export function buildNative() {
  if (process.platform !== 'linux') return null;
  const root = fileURLToPath(new URL('./native/linux/', import.meta.url));
  const sources = readdirSync(root).filter((name) => /\.[ch]$/.test(name));
  const inputs = [...sources.map((name) => join(root, name)), fileURLToPath(import.meta.url)];
  const out = join(root, 'build', 'fsid');
  if (existsSync(out) && statSync(out).mtimeMs >= newest(inputs)) return out;
  mkdirSync(join(root, 'build'), { recursive: true });
  const units = sources.filter((name) => name.endsWith('.c')).map((name) => join(root, name));
  // Built beside and renamed: a running server keeps its own file, and two builds at once do no harm.
  const fresh = `${out}.${process.pid}`;
  execFileSync(process.env.CC ?? 'cc', [...FLAGS, '-o', fresh, ...units], { stdio: 'inherit' });
  renameSync(fresh, out);
  return out;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) buildNative();

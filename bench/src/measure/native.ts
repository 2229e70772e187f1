import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '@understudy/e2e';

const compiled = new Map<string, string>();

/** A program of bench/native; compiled when it is missing or older than its source. */
export function nativeProgram(name: 'probe' | 'metadata'): string {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  const source = join(projectRoot, 'bench', 'native', `${name}.c`);
  const folder = join(projectRoot, 'bench', 'build');
  const path = join(folder, name);
  if (!existsSync(path) || statSync(path).mtimeMs < statSync(source).mtimeMs) {
    mkdirSync(folder, { recursive: true });
    const unfinished = `${path}.${process.pid}`;
    execFileSync(process.env.CC ?? 'cc', ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-o', unfinished, source]);
    renameSync(unfinished, path);
  }
  compiled.set(name, path);
  return path;
}

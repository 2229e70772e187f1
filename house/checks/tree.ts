import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Sources } from './source.ts';

export const top: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const SKIPPED = new Set(['node_modules', 'dist', 'build', '.git', '.cache', 'test-output', 'results']);
const TEXT = /(\.([mc]?[tj]sx?|json|md|ya?ml|c|h|sh|npmrc)|\/run|\/understudy)$/;

/** Every file of the project that is written by hand, with its text. */
export function readTree(from: string = top): Sources {
  const sources = new Map<string, string>();
  const visit = (directory: string): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) {
        if (!SKIPPED.has(entry.name)) visit(path);
      } else if (entry.isFile() && TEXT.test(path) && entry.name !== 'package-lock.json')
        sources.set(relative(from, path).split(sep).join('/'), readFileSync(path, 'utf8'));
    }
  };
  visit(from);
  return sources;
}

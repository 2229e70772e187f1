/**
 * The command and the agent in few files: Node starts them in half the time that it takes to find and read some six hundred modules, and an
 * agent that was killed is back the sooner. What holds native code, starts workers of its own or is seldom loaded stays where npm has
 * put it. As a program, `bundle.mjs ENTRY OUTFILE`: one module and what it needs, from the TypeScript sources, in one file.
 */
import { readdirSync, realpathSync, statSync, unlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { top } from './ensure.mjs';

const FOLDER = join(top, 'apps', 'cli', 'dist', 'bundle');
const OUTSIDE = [
  ...['koffi', 'lz4-napi', '@napi-rs/*', '@node-rs/*', 'better-sqlite3', 'bufferutil', 'utf-8-validate'],
  ...['pino', 'chokidar', 'croner', '@peculiar/*', 'reflect-metadata'],
];
const DAY_MS = 86_400_000;

const bundled = (entry, more) =>
  build({
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: OUTSIDE,
    // The log's rolling asks for the kind of it that is in hundreds of files; finding and reading those took a quarter of an agent's start.
    alias: { 'date-fns': join(top, 'node_modules', 'date-fns', 'index.js') },
    logLevel: 'error',
    // Packages of the CommonJS kind ask for Node's own modules by `require`.
    banner: {
      js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
    },
    ...more,
  });

/** The command, from what `tsc` has made. Pieces of an older build stay for a day: a process that runs may still ask for one. */
export async function bundle() {
  const main = join(top, 'apps', 'cli', 'dist', 'src', 'main.js');
  const { metafile } = await bundled(main, { outdir: FOLDER, splitting: true, sourcemap: true, metafile: true });
  const fresh = new Set(Object.keys(metafile.outputs).map((path) => basename(path)));
  for (const name of readdirSync(FOLDER).filter((name) => !fresh.has(name))) {
    const path = join(FOLDER, name);
    if (Date.now() - statSync(path).mtimeMs > DAY_MS) unlinkSync(path);
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [entry, outfile] = process.argv.slice(2);
  await bundled(entry, { outfile, conditions: ['source'], sourcemap: 'inline' });
}

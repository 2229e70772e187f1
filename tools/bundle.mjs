/**
 * The command and the agent in few files: Node starts them in half the time that it takes to find and read some six hundred modules, and an
 * agent that was killed is back the sooner. What holds native code, starts workers of its own or is
 * seldom loaded stays where npm has put it.
 */
import { existsSync, mkdirSync, readdirSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { top } from './ensure.mjs';

export const bundleFolder = join(top, 'apps', 'cli', 'dist', 'bundle');
const OUTSIDE = [
  ...['koffi', 'lz4-napi', '@napi-rs/*', 'better-sqlite3', 'bufferutil', 'utf-8-validate'],
  ...['pino', 'pino-roll', 'chokidar', 'croner', '@peculiar/*', 'reflect-metadata'],
];
const DAY_MS = 86_400_000;

/** From what `tsc` has made. Pieces of an older build stay for a day: a process that runs may still ask for one. */
export async function bundle() {
  mkdirSync(bundleFolder, { recursive: true });
  const { outputs } = (
    await build({
      entryPoints: [join(top, 'apps', 'cli', 'dist', 'src', 'main.js')],
      outdir: bundleFolder,
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      external: OUTSIDE,
      sourcemap: true,
      metafile: true,
      logLevel: 'error',
      // Packages of the CommonJS kind ask for Node's own modules by `require`.
      banner: {
        js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
      },
    })
  ).metafile;
  const fresh = new Set(Object.keys(outputs).map((path) => path.slice(path.lastIndexOf('/') + 1)));
  for (const name of readdirSync(bundleFolder)) {
    const path = join(bundleFolder, name);
    if (!fresh.has(name) && existsSync(path) && Date.now() - statSync(path).mtimeMs > DAY_MS) unlinkSync(path);
  }
}

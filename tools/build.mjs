/** `npm run build`: dependencies, the native interceptor, TypeScript, the bundle, the console. Each step says so when it has something to do. */
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asCommand, ensureCompiler, ensureDependencies, Refusal, requireNode, run, say, top } from './ensure.mjs';

async function buildNative() {
  const script = join(top, 'packages', 'interceptor', 'build-native.mjs');
  if (!existsSync(script)) return;
  if (process.platform !== 'linux') return say('the fuse interceptor is for Linux only: going on with watch');
  await ensureCompiler();
  const { code, output } = await run(process.execPath, [script], { quiet: true });
  if (code !== 0) throw new Refusal(`the native interceptor could not be built:\n${output.trimEnd()}`);
  if (output.trim() !== '') process.stdout.write(output);
}

/** Compiles what is older than its source, all projects, or one and what it needs, and bundles the command. Returns the compiler's errors, or null. */
export async function compile(project = '.') {
  const before = Date.now();
  const tsc = join(top, 'node_modules', 'typescript', 'bin', 'tsc');
  const { code, output } = await run(process.execPath, [tsc, '-b', project, '--verbose', '--pretty', 'false'], {
    quiet: true,
  });
  const built = output.match(/Building project '/g)?.length ?? 0;
  if (code === 0 && built > 0)
    say(`compiled ${built} TypeScript projects in ${((Date.now() - before) / 1000).toFixed(1)} s`);
  const told = output.split('\n').filter((line) => line !== '' && !/^\d+:\d+:\d+ [AP]M - |^ {4}\* /.test(line));
  if (code !== 0) return told.join('\n');
  await (await import('./bundle.mjs')).bundle();
  return project === '.' ? await buildConsole() : null;
}

/** The console's three parts; a second or two, so that nothing is asked about what is older than what. Returns what went wrong, or null. */
export async function buildConsole() {
  const vite = join(top, 'node_modules', 'vite', 'bin', 'vite.js');
  const config = join('apps', 'console', 'vite.config.ts');
  const { code, output } = await run(process.execPath, [vite, 'build', '--app', '--config', config], { quiet: true });
  return code === 0 ? null : `the console cannot be built:\n${output.trimEnd()}`;
}

/**
 * Installs and builds whatever is missing or older than its source.
 * @param {{ typescript?: boolean, project?: string }} [options] project: only that one and what it needs
 */
export async function build({ typescript = true, project = '.' } = {}) {
  requireNode();
  await ensureDependencies();
  await buildNative();
  const errors = typescript ? await compile(project) : null;
  if (errors !== null) throw new Refusal(`TypeScript does not compile:\n${errors}`);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await asCommand(async () => {
    await build();
    say('built');
    return 0;
  });
}

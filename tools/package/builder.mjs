/** electron-builder, run as its own command; what it says is kept for when it fails. */
import { join } from 'node:path';
import { run, top } from '../ensure.mjs';

const PROGRAM = join(top, 'node_modules', 'electron-builder', 'cli.js');
const SYSTEM_FLAG = { linux: '--linux', mac: '--mac', windows: '--win' };
/** Its downloads are tried again and again; who has no way to their host learns it within this time. */
const LIMIT_MS = 10 * 60_000;

/**
 * @param {{ system: keyof typeof SYSTEM_FLAG, target: string, arch: string, settings?: Record<string, string>, prepackaged?: string }} wanted
 * `settings`: in the place of those of electron-builder.yml, a path with dots each
 * @returns {Promise<{ code: number, output: string }>}
 */
export function runBuilder({ system, target, arch, settings = {}, prepackaged }) {
  const args = [SYSTEM_FLAG[system], target, `--${arch}`, '--publish', 'never'];
  for (const [path, value] of Object.entries(settings)) args.push(`--config.${path}=${value}`);
  if (prepackaged !== undefined) args.push('--prepackaged', prepackaged);
  return run(process.execPath, [PROGRAM, ...args], { quiet: true, signal: AbortSignal.timeout(LIMIT_MS) });
}

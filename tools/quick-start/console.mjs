import { join } from 'node:path';
import { buildConsole } from '../build.mjs';
import { electronProgram, ensureElectron } from '../electron.mjs';
import { isRoot, say, top } from '../ensure.mjs';
import { start } from './processes.mjs';

/** Whether there is a screen that a window could be shown on. */
export const hasDisplay = (env) => (env.DISPLAY ?? '') !== '' || (env.WAYLAND_DISPLAY ?? '') !== '';

/**
 * The console with the two agents in it, where there is a display and Electron can be had; elsewhere a sentence, and the terminal has to do.
 * @param {{ env: NodeJS.ProcessEnv, log: string, folder: string }} place folder: where it may remember things
 * @returns {Promise<import('node:child_process').ChildProcess | null>}
 */
export async function openConsole({ env, log, folder }) {
  if (!hasDisplay(env)) return null;
  const why = (await ensureElectron()) ?? (await buildConsole());
  if (why !== null) {
    say(`no console: ${why}`);
    return null;
  }
  // Chromium's own sandbox refuses to work for root.
  const flags = isRoot() ? ['--no-sandbox'] : [];
  const child = start(electronProgram(), [join(top, 'apps', 'console'), ...flags], {
    env: { ...env, XDG_CONFIG_HOME: folder },
    log,
  });
  say('the console shows both agents in its window; the status goes on here');
  return child;
}

import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { run, say } from '../ensure.mjs';

/** Mount points at or beneath one of the folders, the deepest first. */
export function mountsBeneath(folders) {
  if (!existsSync('/proc/self/mountinfo')) return [];
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) =>
      line.split(' ')[4].replace(/\\(\d{3})/g, (_all, octal) => String.fromCharCode(Number.parseInt(octal, 8))),
    );
  const beneath = points.filter((point) =>
    folders.some((folder) => point === folder || point.startsWith(`${folder}/`)),
  );
  return beneath.sort((a, b) => b.length - a.length);
}

/** Ids of processes that carry the mark in their environment or on their command line: what was started for this run. */
export function processesOf(mark) {
  if (!existsSync('/proc/self/environ')) return [];
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return ids.map(Number).filter((id) => ['environ', 'cmdline'].some((file) => readProc(id, file).includes(mark)));
}

function readProc(id, file) {
  try {
    return readFileSync(`/proc/${id}/${file}`, 'latin1');
  } catch {
    return '';
  }
}

/**
 * Takes away what the agents left: mounts first, then the processes that serve them, then the folder of this run.
 * @param {{ folder: string, mark: string, protectedFolder: string, ours: boolean }} run `ours`: the protected folder is our sample
 * @returns {Promise<boolean>} whether nothing is left
 */
export async function clearAway({ folder, mark, protectedFolder, ours }) {
  const places = [folder, protectedFolder];
  for (let tries = 0; tries < 50 && mountsBeneath(places).length > 0; tries += 1) {
    for (const point of mountsBeneath(places)) await run('umount', [point], { quiet: true });
    if (mountsBeneath(places).length > 0) await sleep(200);
  }
  const busy = mountsBeneath(places);
  // Only the sample may be let go with users still in it: over a real folder two page caches would then disagree.
  if (ours) for (const point of busy) await run('umount', ['-l', point], { quiet: true });
  const left = mountsBeneath(places);
  if (left.length > 0) {
    say(
      `still in use, so it stays mounted as pass-through: ${left.join(', ')}; end what uses it, then: umount ${left.join(' ')}`,
    );
    return false;
  }
  await endProcesses(mark);
  rmSync(folder, { recursive: true, force: true });
  return true;
}

async function endProcesses(mark) {
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    for (const id of processesOf(mark)) {
      try {
        process.kill(id, signal);
      } catch (error) {
        if (error.code !== 'ESRCH') throw error;
      }
    }
    for (let tries = 0; tries < 30 && processesOf(mark).length > 0; tries += 1) await sleep(100);
  }
}

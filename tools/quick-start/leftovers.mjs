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

/**
 * Ids of processes that belong to the folder of a run: it stands in their environment or on their command line, or they are
 * children of such a one (fsid keeps neither).
 */
export function processesOf(folder) {
  if (!existsSync('/proc/self/environ')) return [];
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const named = ids.filter((id) => ['environ', 'cmdline'].some((file) => readProc(id, file).includes(folder)));
  const parents = new Set(named.map(Number));
  const children = ids.filter((id) => parents.has(parentOf(id)));
  return [...new Set([...named, ...children])].map(Number).filter((id) => readProc(id, 'cmdline') !== '');
}

/** The fourth field; the second, a name in brackets, may hold blanks. */
const parentOf = (id) =>
  Number(
    readProc(id, 'stat')
      .replace(/^.*\) /s, '')
      .split(' ')[1] ?? 0,
  );

function readProc(id, file) {
  try {
    return readFileSync(`/proc/${id}/${file}`, 'latin1');
  } catch {
    return '';
  }
}

/**
 * Takes away what the agents left: mounts first, then the processes that serve them, then the folder of this run.
 * @param {{ folder: string, protectedFolder: string, ours: boolean }} run `ours`: the protected folder is our sample
 * @returns {Promise<boolean>} whether nothing is left
 */
export async function clearAway({ folder, protectedFolder, ours }) {
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
  await endProcesses(folder);
  rmSync(folder, { recursive: true, force: true });
  return true;
}

/** Nothing is mounted any more. The interceptor's processes start each other again, so they are ended in rounds. */
async function endProcesses(folder) {
  for (let round = 0; processesOf(folder).length > 0 && round < 40; round += 1) {
    for (const id of processesOf(folder)) {
      try {
        process.kill(id, round < 20 ? 'SIGTERM' : 'SIGKILL');
      } catch (error) {
        if (error.code !== 'ESRCH') throw error;
      }
    }
    await sleep(100);
  }
}

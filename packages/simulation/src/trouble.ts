/** What breaks in a run: links, agents, disks, certainty. In: a run, what it draws. Out: the same run, worse off. */
import { type Run, say } from './run.ts';

export async function trouble(run: Run): Promise<void> {
  const { pair } = run;
  const { main: random } = run.chances;
  const kind = random.below(8);
  if (kind === 0) {
    say(run, 'the link is cut');
    pair.cut();
  } else if (kind === 1) {
    say(run, 'the target is killed');
    pair.killTarget();
  } else if (kind === 2) await killSource(run);
  else if (kind === 3) pair.target.disk.dieAfter(random.below(12));
  else if (kind === 4 && random.chance(0.3)) loseCertainty(run);
  else if (kind === 7) spoilStore(run);
  // Calls that have been executed and are not in the ring yet, for a few steps of the other side.
  else if (run.resume === null) run.resume = pair.source.interceptor.pauseRecording();
  else resumeRecording(run);
}

/** A router forgets a link, and after a while one end notices. */
export function breakWire(run: Run): void {
  const { pair, world } = run;
  const { more } = run.chances;
  if (pair.link?.halfOpen === true) {
    if (!more.chance(0.05)) return;
    say(run, 'the link was half open, and is given up');
    pair.cut();
  } else if (more.chance(world.halfOpen ?? 0) && pair.link !== null) {
    const direction = more.pick(['toTarget', 'toSource', 'both'] as const) ?? 'both';
    say(run, `nothing arrives any more: ${direction}`);
    pair.link.breakSilently(direction);
  }
}

/** It died at an effect: another process takes up what it left. */
export async function killWhereItDied(run: Run): Promise<void> {
  if (!run.pair.sourceDied) return;
  say(run, 'the source died on its way');
  await restartSource(run, true);
}

async function killSource(run: Run): Promise<void> {
  // Now and then the folder is not there any more.
  const folder = !run.chances.main.chance(0.1);
  say(run, folder ? 'the source is killed' : 'the source is killed, and its folder is gone');
  await restartSource(run, folder);
}

async function restartSource(run: Run, folder: boolean): Promise<void> {
  await run.pair.killSource(folder, folder || run.chances.beside.chance(0.5));
  run.handPaused = false;
  run.spoil(run.pair);
}

/** The folder of the queue: full, read-only, whole again, or with a hole in what it holds. */
function spoilStore(run: Run): void {
  const { store } = run.pair.source;
  const { main: random } = run.chances;
  if (random.chance(0.3)) {
    say(run, 'the queue on disk is damaged');
    store.damage(random.next());
    return;
  }
  store.failing = random.pick([null, null, 'full', 'failed'] as const) ?? null;
  say(run, `the queue on disk: ${store.failing ?? 'well'}`);
}

function loseCertainty(run: Run): void {
  const { pair } = run;
  const root = run.chances.main.pick(pair.source.roots);
  if (root === undefined) return;
  say(run, `a gap in root ${root.id}`);
  pair.source.interceptor.loseCertainty(root.id);
}

export function resumeRecording(run: Run): void {
  run.resume?.();
  run.resume = null;
}

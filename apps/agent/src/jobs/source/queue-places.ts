/** Where a job's queue lies on disk, with which limits, and what it belongs to. In: settings, a job, its ring. Out: folder and key. */
import { join } from 'node:path';
import type { AgentBase } from '../../listen/index.ts';
import type { StoredJob } from '../stored-job.ts';
import { regionsAfter } from './after-power-cut.ts';
import type { JobRoot } from './job-roots.ts';
import type { RingOfJob } from './prepare-job.ts';
import { forgetState, QueueFolder } from './queue-folder.ts';
import { Survival } from './survival.ts';

/** What the places below need of the agent. */
type Base = Pick<AgentBase, 'settings'> & { readonly home: Pick<AgentBase['home'], 'path'> };

export function survivalOf(base: Base, stored: StoredJob, roots: readonly JobRoot[], ring: RingOfJob): Survival {
  const { settings } = base;
  const folder = folderOf(base, stored.id);
  const limits = {
    diskBytes: settings['queue.disk'],
    minFreeBytes: settings['queue.minimum-free'],
    alertShare: settings['queue.alert'] / 100,
  };
  const regions = regionsAfter(ring.powerCut, roots);
  return new Survival({
    folder: new QueueFolder({ folder, limits, event: (event) => ring.event(event) }),
    keyOf: (job) => keyOf(job, ring.identity, roots),
    stored,
    mayGoOn: ring.fresh,
    lost: regions === null || ring.powerCut === null ? null : { ring: ring.powerCut.ring, regions },
  });
}

/** See forgetState in queue-folder.ts. */
export const forgetLeftBehind = (base: Base, id: string): boolean => forgetState(folderOf(base, id));

const folderOf = ({ settings, home }: Base, id: string): string =>
  join(settings['queue.folder'] || join(home.path, 'queue'), id);

/** What was kept counts only for the same ring, the same roots in it and the same rules. */
function keyOf({ definition, epoch }: StoredJob, ring: string, roots: readonly JobRoot[]): string {
  const { include, exclude, to } = definition;
  const rules = [include, exclude].map((paths) => paths.map(({ bytes }) => bytes));
  const places = roots.map(({ id, path, files }) => [
    id,
    Buffer.from(path, 'latin1').toString('base64'),
    String(files.rootNode),
  ]);
  return JSON.stringify([ring, epoch, to?.bytes ?? null, definition.ruleOrder, rules, places]);
}

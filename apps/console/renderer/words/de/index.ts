/** All texts of the console in German. The keys are those of English: one that is missing does not compile. */
import type { en } from '../en/index.ts';
import type { SameKeys } from '../same-keys.ts';
import { common } from './common.ts';
import { dashboard, first } from './dashboard.ts';
import { edit } from './edit.ts';
import { events, palette, settings } from './events.ts';
import { failover } from './failover.ts';
import { job, why } from './job.ts';
import { map } from './map.ts';
import { protect } from './protect.ts';
import { restore } from './restore.ts';
import { server, servers } from './servers.ts';
import { states } from './states.ts';

export const de: SameKeys<typeof en> = {
  common,
  states,
  dashboard,
  first,
  job,
  why,
  map,
  restore,
  edit,
  failover,
  servers,
  server,
  events,
  settings,
  palette,
  protect,
};

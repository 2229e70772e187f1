/** All texts of the console in English; the keys are the console's, the words are those of the command line and the manual. */
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

export const en = {
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

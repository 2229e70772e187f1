/**
 * rows: one file a line of the table. In: the tools to compare, sizes. Out: figures with their units.
 */
import { activity } from './activity.ts';
import { bandwidth } from './bandwidth.ts';
import { burst } from './burst.ts';
import { compression } from './compression.ts';
import { consoleScale } from './console-scale.ts';
import { cost } from './cost.ts';
import { largeFile } from './large-file.ts';
import { latency } from './latency.ts';
import { memory } from './memory.ts';
import { metadata } from './metadata.ts';
import { order } from './order.ts';
import { outage } from './outage.ts';
import { overflow } from './overflow.ts';
import { recovery } from './recovery.ts';
import { rename } from './rename.ts';
import type { Row } from './row.ts';
import { sqlite } from './sqlite.ts';
import { synchronous } from './synchronous.ts';
import { undo } from './undo.ts';
import { verify } from './verify.ts';

/** In the order in which they are measured and printed. */
export const allRows: readonly Row[] = [
  latency,
  burst,
  largeFile,
  rename,
  order,
  sqlite,
  overflow,
  outage,
  compression,
  bandwidth,
  verify,
  metadata,
  cost,
  activity,
  synchronous,
  recovery,
  undo,
  memory,
  consoleScale,
];

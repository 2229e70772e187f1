/**
 * rows: one file a line of the table. In: the tools to compare, sizes. Out: figures with their units.
 */
import { burst } from './burst.ts';
import { cost } from './cost.ts';
import { largeFile } from './large-file.ts';
import { latency } from './latency.ts';
import { memory } from './memory.ts';
import { metadata } from './metadata.ts';
import { order } from './order.ts';
import { overflow } from './overflow.ts';
import { rename } from './rename.ts';
import type { Row } from './row.ts';
import { sqlite } from './sqlite.ts';

/** In the order in which they are measured and printed. */
export const allRows: readonly Row[] = [
  latency,
  burst,
  largeFile,
  rename,
  order,
  sqlite,
  overflow,
  metadata,
  cost,
  memory,
];

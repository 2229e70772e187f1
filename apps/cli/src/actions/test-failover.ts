import type { Connection } from '@understudy/sdk';
import type { TestFailover } from '@understudy/wire';
import { ExitCode } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { duration, json, sentence } from '../text.ts';

/** As long as the services' own time limits, and the copy. */
const TEST_TIMEOUT_MS = 3_600_000;

/** Asked of the target. A test that did not succeed is an answer. */
export async function tryFailover(io: Io, target: Connection, name: string, asJson: boolean): Promise<ExitCode> {
  const record = await target.call('job.testFailover', { name }, { timeoutMs: TEST_TIMEOUT_MS });
  io.out(asJson ? json(record) : `${wordsOf(record).join('\n')}\n`);
  return record.ok ? ExitCode.done : ExitCode.no;
}

function wordsOf({ sentence: said, position, point, copy, heldMs, services }: TestFailover): string[] {
  const lines = [sentence(said)];
  if (position !== null) lines.push(`tried on the replica as of ${point ?? 'an unknown time'} (position ${position})`);
  if (copy === 'reflink')
    lines.push(`nothing was applied to the replica for ${duration(heldMs ?? 0)}, while its blocks were shared`);
  for (const { name, ms } of services) lines.push(`${sentence(name)} served after ${duration(ms)}`);
  return lines;
}

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { elapse, run, treeDifferences } from '@understudy/e2e';
import { nativeProgram } from '../measure/native.ts';
import { figure, type Row } from './row.ts';

const LIMIT_MS = 20_000;
/** What the other cases are not about: only these look at times. */
const ABOUT_TIMES = /-time\b/;

export const metadata: Row = {
  id: 'metadata',
  title: 'metadata of 23 kinds',
  async run({ session, stage }) {
    const makeIn = async (folder: string): Promise<string[]> => {
      mkdirSync(join(session.source, folder));
      const made = await run(nativeProgram('metadata'), [join(session.source, folder)], { env: stage.env });
      if (made.code !== 0) throw new Error(`the metadata cases could not be made: ${made.stderr}`);
      return made.stdout.trim().split('\n');
    };
    const cases = await makeIn('first');
    await session.begin();
    await session.ready(60_000);
    await makeIn('later');
    const fails = { first: cases, later: cases };
    for (const part of ['first', 'later'] as const)
      fails[part] = await failing(join(session.source, part), join(session.replica, part), cases);
    const note = (failed: string[]) =>
      failed.length === 0 ? `of ${cases.length}` : `of ${cases.length}: ${failed.join(' ')}`;
    return (['first', 'later'] as const).map((part) =>
      figure(
        'metadata',
        part === 'first' ? 'cases that fail in the first copy' : '… made while it watches',
        'count',
        fails[part].length,
        { samples: cases.length, note: note(fails[part]), reach: { atMost: 0 } },
      ),
    );
  },
};

/** The cases that are still different when the tool has had its time. */
async function failing(source: string, replica: string, cases: readonly string[]): Promise<string[]> {
  const deadline = performance.now() + LIMIT_MS;
  for (;;) {
    const found = await differing(source, replica, cases);
    if (found.length === 0 || performance.now() > deadline) return found;
    await elapse(1000);
  }
}

async function differing(source: string, replica: string, cases: readonly string[]): Promise<string[]> {
  let lines: string[];
  try {
    lines = await treeDifferences(source, replica);
  } catch {
    return [...cases];
  }
  const failed = new Set<string>();
  for (const line of lines) {
    const [path = '', what = ''] = line.split('\t');
    const [folder = '', inside] = path.split('/');
    if (/time/.test(what) && !(ABOUT_TIMES.test(folder) && inside !== undefined)) continue;
    failed.add(folder);
  }
  return cases.filter((one) => failed.has(one));
}

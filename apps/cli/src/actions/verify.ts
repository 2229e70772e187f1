import { formatBytes } from '@understudy/base';
import { textOfAnswer } from '@understudy/sdk';
import type { Difference, VerifyResult } from '@understudy/wire';
import { ExitCode } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { counted, grouped, json, sentence, shown } from '../text.ts';
import { type FoundJob, findJob } from './find.ts';
import { Progress } from './progress.ts';
import { type GlobalOptions, withSession } from './session.ts';

export interface VerifyOptions extends GlobalOptions {
  readonly json?: boolean | undefined;
}

const MOST_LISTED = 10_000;

export function verifyJob(io: Io, name: string, options: VerifyOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const found = await findJob(session, name);
    const progress = new Progress(io);
    let result: VerifyResult;
    try {
      if (io.isTerminal) await followProgress(found, progress);
      // As long as it takes: a large set is read on both sides. A lost connection ends the wait.
      const params = { name: found.job.status.name, limit: MOST_LISTED };
      result = await found.connection.call('job.verify', params, { timeoutMs: null });
    } finally {
      progress.end();
    }
    if (options.json === true) io.out(json(result));
    else tell(io, result);
    return result.count === 0 ? ExitCode.done : ExitCode.no;
  });
}

async function followProgress(found: FoundJob, progress: Progress): Promise<void> {
  await found.connection.subscribe('job-status', { name: found.job.status.name }, ({ status }) => {
    if (status?.verification === undefined) return;
    const { percent, differences } = status.verification;
    const so = differences === 0 ? 'no difference so far' : `${counted(differences, 'difference')} so far`;
    progress.show(`verifying ${status.name}: ${Math.floor(percent)} % · ${so}`);
  });
}

function tell(io: Io, result: VerifyResult): void {
  for (const difference of result.differences) io.out(`${line(difference)}\n`);
  if (result.truncated) io.out(`… and ${grouped(result.count - result.differences.length)} more\n`);
  const found = result.count === 0 ? 'no differences' : counted(result.count, 'difference');
  const checked = `${counted(result.filesChecked, 'file')} and ${formatBytes(result.bytesChecked)} checked`;
  io.out(`${found}; ${checked} up to position ${result.position}\n`);
}

function line(difference: Difference): string {
  const path = shown(textOfAnswer(difference.path, difference.pathBytes));
  return `${path}: ${WHAT[difference.what] ?? `${sentence(difference.what)} differs`}${difference.detail === '' ? '' : ` (${sentence(difference.detail)})`}`;
}

const WHAT: Readonly<Record<string, string>> = {
  missing: 'missing on the target',
  extra: 'only on the target',
  times: 'times differ',
  xattrs: 'extended attributes differ',
  'link-target': 'link target differs',
};

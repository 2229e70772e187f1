/**
 * failover: one sheet for a failover and for every way back. In: one job's view. Out: the plan in this job's own names, what would be lost,
 * the person's word, the steps as the target does them. Promised: nothing is ordered before it was shown; the agents do it, not this window.
 */
import { JobSheet } from '../../parts/job-sheet.tsx';
import { Note } from '../../parts/panel.tsx';
import { useConsole } from '../../store/app.ts';
import { isTakeoverUnderWay, type JobView, staleSince, takerOf, targetEnd } from '../../store/jobs.ts';
import { useWords } from '../../use-words.ts';
import { PlanPart } from './plan.tsx';
import { RunningPart, TakeoverSteps } from './running.tsx';
import { TestPart } from './test-part.tsx';
import { WayHome } from './way-home.tsx';

export function FailoverSheet({ jobKey }: { readonly jobKey: string }) {
  return (
    <JobSheet jobKey={jobKey} title="failover.title">
      {(job) => <Sheet job={job} />}
    </JobSheet>
  );
}

function Sheet({ job }: { readonly job: JobView }) {
  const { t } = useWords();
  const servers = useConsole((state) => state.servers);
  const end = targetEnd(job);
  const takeover = end?.status.failover?.takeover ?? null;
  const staleSinceMs = end === null ? null : staleSince(servers[end.server]?.link);
  // Under way it is the target's, and goes on: where it stood is worth more than that nothing can be begun now.
  if (end !== null && staleSinceMs !== null && isTakeoverUnderWay(takeover))
    return <TakeoverSteps end={end} takeover={takeover} staleSinceMs={staleSinceMs} />;
  if (end === null || servers[end.server]?.link.state !== 'live')
    return (
      <Note kind="halted">
        {t('failover.notPossible')}. {t('why.noTarget')}
      </Note>
    );
  const { taker, giver } = takerOf(end);
  const isFresh = takeover === null || takeover.phase === 'taken-back';
  const isOver = takeover?.phase === 'failed-over';
  return (
    <div className="us-form">
      {isOver ? null : <p>{t('failover.intro', { target: taker, source: giver })}</p>}
      {takeover === null ? null : <RunningPart job={job} end={end} takeover={takeover} staleSinceMs={null} />}
      {isFresh ? <PlanPart job={job} server={end.server} /> : null}
      {isFresh ? <TestPart job={job} end={end} /> : null}
      {isOver ? <WayHome job={job} end={end} /> : null}
    </div>
  );
}

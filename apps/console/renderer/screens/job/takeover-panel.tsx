import { useConsole } from '../../store/app.ts';
import { isTakeoverUnderWay, type JobView, staleSince, targetEnd } from '../../store/jobs.ts';
import { TakeoverSteps } from '../failover/running.tsx';

/** A failover under way, on the job's own page: whoever comes late to it, or back to it, sees where it stands. */
export function TakeoverPanel({ job }: { readonly job: JobView }) {
  const servers = useConsole((state) => state.servers);
  const end = targetEnd(job);
  const takeover = end?.status.failover?.takeover ?? null;
  if (end === null || !isTakeoverUnderWay(takeover)) return null;
  return <TakeoverSteps end={end} takeover={takeover} staleSinceMs={staleSince(servers[end.server]?.link)} />;
}

import { memo, useMemo } from 'react';
import { shown } from '../format.ts';
import { StateBadge } from '../parts/state-badge.tsx';
import { Cell, Row, Windowed } from '../parts/windowed.tsx';
import { counted, firstNote, mirrorWord, pointWord, queueWord } from '../parts/words-of.ts';
import { go } from '../store/app.ts';
import { growsOld, type JobView } from '../store/jobs.ts';
import { useWatched } from '../store/watched.ts';
import { useWords, type Words } from '../use-words.ts';

type Line =
  | { readonly kind: 'group'; readonly server: string; readonly count: number }
  | { readonly kind: 'job'; readonly job: JobView };

const COLUMNS =
  'minmax(120px, 1.3fr) minmax(130px, 1.3fr) minmax(150px, 1fr) minmax(110px, 0.8fr) minmax(140px, 1fr) minmax(110px, 0.8fr) minmax(140px, 2.4fr)';

interface JobTableProps {
  /** The worst first. */
  readonly jobs: readonly JobView[];
  readonly grouped: boolean;
  readonly nowMs: number;
}

export function JobTable({ jobs, grouped, nowMs }: JobTableProps) {
  const words = useWords();
  const { t } = words;
  const lines = useMemo(() => linesOf(jobs, grouped), [jobs, grouped]);
  const head = ['name', 'path', 'state', 'mirror', 'queue', 'point', 'note'] as const;
  return (
    <Windowed
      label={t('dashboard.title')}
      head={head.map((column) => t(`dashboard.columns.${column}`))}
      columns={COLUMNS}
      rows={lines}
      keyOf={(line) => (line.kind === 'job' ? line.job.key : `group ${line.server}`)}
      render={(line, index) =>
        line.kind === 'job' ? (
          <JobRow job={line.job} index={index} nowMs={growsOld(line.job) ? nowMs : 0} words={words} />
        ) : (
          <Row columns="1fr" index={index} className="us-group">
            <Cell>
              {t('dashboard.groupOf', { server: shown(line.server), jobs: counted(words, 'common.jobs', line.count) })}
            </Cell>
          </Row>
        )
      }
    />
  );
}

/** Groups in the order of their worst job. */
export function linesOf(jobs: readonly JobView[], grouped: boolean): readonly Line[] {
  if (!grouped) return jobs.map((job) => ({ kind: 'job', job }));
  const groups = new Map<string, JobView[]>();
  for (const job of jobs) groups.set(job.status.source, [...(groups.get(job.status.source) ?? []), job]);
  return [...groups].flatMap(([server, members]): Line[] => [
    { kind: 'group', server, count: members.length },
    ...members.map((job): Line => ({ kind: 'job', job })),
  ]);
}

interface JobRowProps {
  readonly job: JobView;
  readonly index: number;
  /** 0 where nothing of it depends on the time. */
  readonly nowMs: number;
  readonly words: Words;
}

/** Drawn anew when its job changes, or an age in it; not with each second, and not with each step of scrolling. */
const JobRow = memo(function JobRow({ job, index, nowMs, words }: JobRowProps) {
  useWatched([job]);
  const { status } = job;
  const stale = job.staleSinceMs === null ? '' : 'us-stale';
  // Where the source is silent its target speaks for the job, and knows nothing of the source's queue.
  const atSource = (job.captor ?? job).status;
  const sourceStale = job.captorStaleSinceMs === null ? '' : 'us-stale';
  const note = firstNote(words, job, nowMs);
  const way = `${shown(status.source)} → ${shown(status.target)}`;
  const open = (): void => go({ screen: 'job', job: job.key });
  return (
    <Row columns={COLUMNS} index={index} onOpen={open} className={job.health === 'halted' ? 'us-wash-halted' : ''}>
      <Cell className="us-clip">
        <button type="button" className="us-open" onClick={open}>
          {job.name}
        </button>
      </Cell>
      <Cell className="us-clip us-dim" title={way}>
        {way}
      </Cell>
      <Cell>
        <StateBadge job={job} />
      </Cell>
      <Cell className={`us-num ${sourceStale}`}>{mirrorWord(words, atSource)}</Cell>
      <Cell className={`us-num ${sourceStale}`}>{queueWord(words, atSource)}</Cell>
      <Cell className={`us-num ${stale}`}>{pointWord(words, job, nowMs)}</Cell>
      <Cell className={`us-clip ${job.health === 'halted' ? 'us-halted' : 'us-dim'}`} title={note}>
        {note}
      </Cell>
    </Row>
  );
});

import { Button } from '@mantine/core';
import { useMemo } from 'react';
import { duration, moment, sentence, shown } from '../format.ts';
import { BackTo } from '../parts/back-to.tsx';
import { EventList } from '../parts/event-rows.tsx';
import { Empty, Note, Panel } from '../parts/panel.tsx';
import { ScreenBody } from '../parts/screen-body.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { go, useConsole } from '../store/app.ts';
import { doubtsOf, type JobView } from '../store/jobs.ts';
import { jobByKey } from '../store/store.ts';
import { useWatched } from '../store/watched.ts';
import { useNow, useWords, type Words } from '../use-words.ts';
import { ActionBar } from './job/action-bar.tsx';
import { Charts } from './job/charts.tsx';
import { IfItDied } from './job/if-it-died.tsx';
import { KnowPanel } from './job/know.tsx';
import { MirrorPanel } from './job/mirror-panel.tsx';
import { PathPicture } from './job/path-picture.tsx';
import { TakeoverPanel } from './job/takeover-panel.tsx';

export function JobScreen({ jobKey }: { readonly jobKey: string }) {
  const { t } = useWords();
  const job = useConsole((state) => jobByKey(state, jobKey));
  if (job === null)
    return (
      <Empty title={t('job.gone')}>
        <p>{t('job.goneHint')}</p>
        <Button onClick={() => go({ screen: 'dashboard' })}>{t('common.dashboard')}</Button>
      </Empty>
    );
  return <LiveJob job={job} />;
}

function LiveJob({ job }: { readonly job: JobView }) {
  useWatched([job]);
  const now = useNow();
  const { status } = job;
  return (
    <>
      <header className="us-bar">
        <BackTo screen="dashboard" />
        <h1>{job.name}</h1>
        <StateBadge job={job} />
        <span className="us-dim us-clip">
          {shown(status.source)} → {shown(status.target)}
        </span>
        <div className="us-bar-end">
          <ActionBar job={job} />
        </div>
      </header>
      <ScreenBody label={job.name}>
        <Headline job={job} nowMs={now} />
        <TakeoverPanel job={job} />
        <PathPicture job={job} nowMs={now} />
        {status.state === 'failing-over' ? null : (
          <div className="us-columns">
            <MirrorPanel job={job} />
            <IfItDied job={job} nowMs={now} />
          </div>
        )}
        <Charts job={job} />
        <div className="us-columns us-columns-wide">
          <KnowPanel job={job} nowMs={now} />
          <JobEvents job={job} nowMs={now} />
        </div>
      </ScreenBody>
    </>
  );
}

/** What the state means, and why it is so. */
function Headline({ job, nowMs }: { readonly job: JobView; readonly nowMs: number }) {
  const words = useWords();
  const { t, locale } = words;
  const { status, staleSinceMs, health } = job;
  if (staleSinceMs !== null)
    return (
      <Note kind="halted">
        {t('why.noAnswer', { server: job.server })}{' '}
        {t('states.noAnswer', { time: moment(new Date(staleSinceMs).toISOString(), locale) })} (
        {t('job.died.asOf', { age: duration(nowMs - staleSinceMs) })}).
      </Note>
    );
  const kind = health === 'stopped' ? 'risk' : health;
  return (
    <Note kind={kind}>
      {meaningOf(words, job)}
      {status.reason === null ? null : (
        <>
          {'\n'}
          <strong>{sentence(status.reason.sentence)}</strong>
        </>
      )}
    </Note>
  );
}

/** Nothing is called well that something speaks against. */
function meaningOf({ t }: Words, { status }: JobView): string {
  const found = status.state === 'protected' ? doubtsOf(status) : [];
  if (found.length === 0) return t(`states.means.${status.state}`);
  const state = t(`states.data.${status.targetDataState}`);
  return `${t('states.doubtful')} ${found.map((doubt) => t(`states.doubt.${doubt}`, { state })).join(' · ')}`;
}

const SHOWN = 12;

function JobEvents({ job, nowMs }: { readonly job: JobView; readonly nowMs: number }) {
  const { t } = useWords();
  const events = useConsole((state) => state.events);
  const mine = useMemo(() => {
    const servers = new Set(job.ends.map(({ server }) => server));
    return events
      .filter(({ server, event }) => event.job === job.name && servers.has(server))
      .slice(-SHOWN)
      .reverse();
  }, [events, job.name, job.ends]);
  return (
    <Panel title={t('job.events')}>
      <EventList events={mine} nowMs={nowMs} withWhere={false} />
    </Panel>
  );
}

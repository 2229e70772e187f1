import { Button, Modal } from '@mantine/core';
import { type ReactNode, useMemo, useState } from 'react';
import { OTHER_VERSION, type ServerView } from '../../shared/view.ts';
import { invoke } from '../bridge.ts';
import { bytes, duration, fingerprintGroups, moment, sentence, shown } from '../format.ts';
import { BackTo } from '../parts/back-to.tsx';
import { EventList } from '../parts/event-rows.tsx';
import { LinkBadge } from '../parts/link-badge.tsx';
import { Empty, Facts, Note, Panel } from '../parts/panel.tsx';
import { ScreenBody } from '../parts/screen-body.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { useTask } from '../parts/use-task.ts';
import { go, useConsole } from '../store/app.ts';
import { useWatched } from '../store/watched.ts';
import { useNow, useWords, type Words } from '../use-words.ts';
import type { WordKey } from '../words/words.ts';
import { ServerPeople } from './server-people.tsx';
import { ServerSettings } from './server-settings.tsx';

export function ServerScreen({ name }: { readonly name: string }) {
  const { t } = useWords();
  const server = useConsole((state) => state.servers[name]);
  if (server === undefined)
    return (
      <Empty title={t('server.gone')}>
        <Button onClick={() => go({ screen: 'servers' })}>{t('common.servers')}</Button>
      </Empty>
    );
  return <KnownServer server={server} />;
}

function KnownServer({ server }: { readonly server: ServerView }) {
  const words = useWords();
  const { t } = words;
  const now = useNow();
  return (
    <>
      <header className="us-bar">
        <BackTo screen="servers" />
        <h1>{server.name}</h1>
        <LinkBadge link={server.link} />
        <div className="us-bar-end">
          <ForgetButton name={server.name} />
        </div>
      </header>
      <ScreenBody label={server.name}>
        <LinkNote server={server} nowMs={now} />
        <div className="us-columns">
          <Panel title={t('server.identity')}>
            <div className="us-panel-body">
              <Facts facts={identityFacts(words, server)} />
            </div>
          </Panel>
          <JobsOfServer name={server.name} />
        </div>
        <ServerPeople server={server} />
        <ServerSettings server={server} />
        <Panel title={t('server.mail')}>
          <p className="us-panel-body us-dim">{t('server.mailHint')}</p>
        </Panel>
        <ServerEvents name={server.name} nowMs={now} />
      </ScreenBody>
    </>
  );
}

/** What a person has to know before anything else. */
const HEADINGS: Readonly<Record<string, WordKey>> = {
  'fingerprint-changed': 'servers.changed',
  [OTHER_VERSION]: 'servers.otherVersion',
};

/** Why it is not reached, in the sdk's own sentence: of a changed certificate it shows both. */
function LinkNote({ server, nowMs }: { readonly server: ServerView; readonly nowMs: number }) {
  const { t, locale } = useWords();
  const { link, info } = server;
  const offset = info?.clockOffsetMs ?? 0;
  const heading = link.state === 'lost' || link.state === 'refused' ? HEADINGS[link.code] : undefined;
  const again = (): void => void invoke('reconnect', { name: server.name }).catch(() => undefined);
  return (
    <>
      {link.state === 'lost' || link.state === 'refused' ? (
        <Note kind="halted">
          {heading === undefined ? null : (
            <strong>
              {t(heading)}
              {'\n'}
            </strong>
          )}
          <span className={link.code === 'fingerprint-changed' ? 'us-mono' : ''}>{sentence(link.sentence)}</span>
          {'\n'}
          {link.code === OTHER_VERSION ? `${t('servers.otherVersionHint')}\n` : ''}
          {t('servers.since', { time: moment(new Date(link.sinceMs).toISOString(), locale) })}
          {link.state === 'lost'
            ? ` · ${t('servers.nextTry', { age: duration(Math.max(0, link.nextTryMs - nowMs)) })}`
            : ''}{' '}
          <Button size="compact-xs" variant="default" onClick={again}>
            {t('servers.retryNow')}
          </Button>
        </Note>
      ) : null}
      {Math.abs(offset) > 5000 ? (
        <Note kind="risk">
          {t('servers.clock', {
            age: duration(Math.abs(offset)),
            direction: t(offset > 0 ? 'servers.ahead' : 'servers.behind'),
          })}
        </Note>
      ) : null}
    </>
  );
}

function identityFacts({ t, locale }: Words, server: ServerView): (readonly [string, ReactNode])[] {
  const { info } = server;
  const unknown = t('common.unknown');
  return [
    [t('server.address'), server.address],
    [t('server.listens'), info?.listen ?? unknown],
    [t('server.role'), t(`common.roles.${server.role}`)],
    [t('server.version'), info?.version ?? unknown],
    [t('server.started'), info?.startedAt == null ? unknown : moment(info.startedAt, locale)],
    [t('server.memory'), info?.residentBytes == null ? unknown : bytes(info.residentBytes, locale)],
    [t('server.home'), info?.home == null ? unknown : <code key="home">{shown(info.home)}</code>],
    [t('server.fingerprint'), <code key="fingerprint">{fingerprintGroups(server.fingerprint)}</code>],
  ];
}

function JobsOfServer({ name }: { readonly name: string }) {
  const { t, locale } = useWords();
  const jobs = useConsole((state) => state.jobs);
  const mine = useMemo(() => jobs.filter(({ ends }) => ends.some(({ server }) => server === name)), [jobs, name]);
  useWatched(mine);
  const queued = mine
    .flatMap(({ ends }) => ends.filter(({ server }) => server === name))
    .reduce((sum, { status }) => sum + status.replication.queuedBytes, 0);
  return (
    <Panel
      title={t('server.jobs')}
      end={<span className="us-dim us-num">{`${t('server.queue')}: ${bytes(queued, locale)}`}</span>}
    >
      {mine.length === 0 ? <p className="us-panel-body us-dim">{t('server.noJobs')}</p> : null}
      <ul className="us-panel-body us-form">
        {mine.map((job) => (
          <li key={job.key} className="us-pair-line">
            <Button variant="subtle" size="compact-xs" onClick={() => go({ screen: 'job', job: job.key })}>
              {job.name}
            </Button>
            <span className="us-dim">{t(job.status.source === name ? 'server.asSource' : 'server.asTarget')}</span>
            <StateBadge job={job} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function ServerEvents({ name, nowMs }: { readonly name: string; readonly nowMs: number }) {
  const { t } = useWords();
  const events = useConsole((state) => state.events);
  const mine = useMemo(
    () =>
      events
        .filter(({ server }) => server === name)
        .slice(-12)
        .reverse(),
    [events, name],
  );
  return (
    <Panel title={t('server.events')}>
      <EventList events={mine} nowMs={nowMs} />
    </Panel>
  );
}

function ForgetButton({ name }: { readonly name: string }) {
  const { t } = useWords();
  const [asking, setAsking] = useState(false);
  const task = useTask();
  const forget = (): void =>
    task.run(async () => {
      await invoke('forget', { name });
      go({ screen: 'servers' });
    });
  return (
    <>
      <Button variant="default" onClick={() => setAsking(true)}>
        {t('server.forget')}
      </Button>
      <Modal opened={asking} onClose={() => setAsking(false)} title={t('server.forget')}>
        <div className="us-form">
          <p>{t('server.forgetQuestion', { name })}</p>
          {task.failure === null ? null : <Note kind="halted">{task.failure}</Note>}
          <div className="us-actions">
            <Button color="red" loading={task.running} onClick={forget}>
              {t('server.forget')}
            </Button>
            <Button variant="default" onClick={() => setAsking(false)}>
              {t('common.cancel')}
            </Button>
          </div>
        </div>
      </Modal>
    </>
  );
}

import { IconAlertTriangle } from '@tabler/icons-react';
import type { JobDefinition, JobStatus } from '@understudy/wire';
import type { ReactNode } from 'react';
import { clock, duration, grouped, moment, shown } from '../../format.ts';
import { Facts, Panel } from '../../parts/panel.tsx';
import { useAnswer } from '../../parts/use-answer.ts';
import { pointWord, warningsOf } from '../../parts/words-of.ts';
import type { JobView } from '../../store/jobs.ts';
import { useWords, type Words } from '../../use-words.ts';

/** What could go unseen, what was tried, what the job is made of. */
export function KnowPanel({ job, nowMs }: { readonly job: JobView; readonly nowMs: number }) {
  const words = useWords();
  const { t } = words;
  const asked = job.staleSinceMs === null ? job.server : null;
  const { answer } = useAnswer(asked, 'job.get', { name: job.name }, job.status.epoch);
  const warnings = warningsOf(words, job.status);
  const isLooking = job.status.interceptor === 'fuse' && job.status.exposures === undefined;
  return (
    <Panel title={t('job.facts.title')}>
      <div className="us-panel-body us-form">
        {warnings.length === 0 && !isLooking ? <p className="us-dim">{t('job.facts.notes')}</p> : null}
        {isLooking ? <p className="us-dim">{t('job.facts.looking')}</p> : null}
        <ul className="us-form">
          {warnings.map((warning) => (
            <li key={warning} className="us-state-line us-risk">
              <IconAlertTriangle size={15} aria-hidden />
              <span className="us-break">{warning}</span>
            </li>
          ))}
        </ul>
        <Facts facts={[...statusFacts(words, job, nowMs), ...definitionFacts(words, answer?.definition ?? null)]} />
      </div>
    </Panel>
  );
}

function statusFacts(words: Words, job: JobView, nowMs: number): (readonly [string, ReactNode])[] {
  const { t, locale } = words;
  const { recoveryPoint, replication } = job.status;
  const at = recoveryPoint.time === null ? '' : ` (${clock(recoveryPoint.time, locale)})`;
  const facts: (readonly [string, ReactNode])[] = [
    [t('job.charts.age'), `${pointWord(words, job, nowMs)}${at}`],
    [t('job.facts.position'), grouped(Number(recoveryPoint.position), locale)],
  ];
  if (replication.lastFileTouched !== null)
    facts.push([t('job.facts.lastFile'), <code key="file">{shown(replication.lastFileTouched)}</code>]);
  return [...facts, ...failoverFacts(words, job)];
}

function failoverFacts({ t, locale }: Words, job: JobView): (readonly [string, ReactNode])[] {
  const failover = job.ends
    .map(({ status }: { status: JobStatus }) => status.failover)
    .find((one) => one !== undefined);
  if (failover === undefined) return [];
  const proven = failover.test?.proven ?? null;
  const said =
    proven === null
      ? t('job.facts.neverProven')
      : t('job.facts.proven', { time: moment(proven.startedAt, locale), age: duration(proven.recoveryMs ?? 0) });
  const monitor = failover.monitor === null ? [] : [t('job.facts.monitor', { light: failover.monitor.light })];
  return [[t('failover.test'), [said, ...monitor].join(' · ')]];
}

function definitionFacts({ t }: Words, definition: JobDefinition | null): (readonly [string, ReactNode])[] {
  if (definition === null) return [];
  const rules = [
    ...definition.include.map(({ text }) => `+ ${shown(text)}`),
    ...definition.exclude.map(({ text }) => `− ${shown(text)}`),
  ];
  return [
    [
      t('job.facts.protects'),
      <ul key="rules">
        {rules.map((rule) => (
          <li key={rule}>
            <code>{rule}</code>
          </li>
        ))}
      </ul>,
    ],
    [
      t('job.facts.replicaAt'),
      definition.to === null ? t('job.facts.samePath') : <code key="to">{shown(definition.to.text)}</code>,
    ],
    [t('job.facts.mode'), definition.mode],
    [t('job.facts.compression'), definition.compression],
  ];
}

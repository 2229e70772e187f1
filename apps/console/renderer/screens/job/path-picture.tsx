/** The parts of a job's page. In: one job's view. Out: elements. Promised: each figure has its unit, and is greyed where it is of the past. */
import {
  IconAntennaBars5,
  IconArrowRight,
  IconDatabase,
  IconInbox,
  IconServer2,
  IconStack2,
  IconX,
} from '@tabler/icons-react';
import type { JobStatus } from '@understudy/wire';
import { type ComponentType, Fragment, useSyncExternalStore } from 'react';
import { bytes, duration, rate, shown } from '../../format.ts';
import { Panel } from '../../parts/panel.tsx';
import { counted } from '../../parts/words-of.ts';
import { history } from '../../store/app.ts';
import { type JobView, targetQueue } from '../../store/jobs.ts';
import { useWords, type Words } from '../../use-words.ts';

interface Station {
  readonly key: 'source' | 'queue' | 'wire' | 'targetQueue' | 'replica';
  readonly icon: ComponentType<{ size?: number }>;
  /** What one looks for first. */
  readonly figure: string;
  readonly lines: readonly string[];
  /** Of a server that does not answer: figures of then. */
  readonly isStale: boolean;
}

const STANDS = new Set(['stopped', 'halted', 'disconnected', 'paused', 'failing-over', 'failed-over']);
const subscribe = (listener: () => void): (() => void) => history.subscribe(listener);

export function PathPicture({ job, nowMs }: { readonly job: JobView; readonly nowMs: number }) {
  const words = useWords();
  const { t } = words;
  const wire = useSyncExternalStore(subscribe, () => history.wireRate(job.key));
  const flows = job.staleSinceMs === null && !STANDS.has(job.status.state);
  const stations = stationsOf(words, job, { wire, nowMs });
  return (
    <Panel
      title={t('job.path.title')}
      end={<span className="us-dim">{t(flows ? 'job.path.flows' : 'job.path.stands')}</span>}
    >
      <ol className="us-path">
        {stations.map(({ key, icon: Icon, figure, lines, isStale }, index) => (
          <Fragment key={key}>
            {index === 0 ? null : <Arrow flows={flows} />}
            <li className={`us-station ${isStale ? 'us-stale' : ''}`} data-station={key}>
              <span className="us-station-title us-dim">
                <Icon size={15} aria-hidden />
                {t(`job.path.${key}`)}
              </span>
              <b className="us-num us-break">{figure}</b>
              {lines.map((line) => (
                <span key={line} className="us-num us-dim us-break">
                  {line}
                </span>
              ))}
            </li>
          </Fragment>
        ))}
      </ol>
    </Panel>
  );
}

function Arrow({ flows }: { readonly flows: boolean }) {
  return (
    <li className={`us-arrow ${flows ? 'us-good' : 'us-dim'}`} aria-hidden>
      {flows ? <IconArrowRight size={18} /> : <IconX size={16} />}
    </li>
  );
}

interface Moment {
  readonly wire: number | null;
  readonly nowMs: number;
}

/** Each half as the server tells it whose half it is: where the source is silent the target still knows its own. */
function stationsOf(words: Words, job: JobView, { wire, nowMs }: Moment): readonly Station[] {
  const { t, locale } = words;
  const { status } = job;
  const replica = { key: 'replica', icon: IconDatabase, isStale: job.staleSinceMs !== null } as const;
  const data = t('job.path.data', { state: t(`states.data.${status.targetDataState}`) });
  return [
    ...sourceStations(words, job),
    {
      key: 'wire',
      icon: IconAntennaBars5,
      figure: wire === null ? t('common.unknown') : rate(wire, locale),
      lines: job.captor === null ? [] : wireLines(words, job.captor.status),
      isStale: job.captorStaleSinceMs !== null,
    },
    targetQueueOf(words, job, nowMs),
    { ...replica, figure: shown(status.target), lines: [data] },
  ];
}

function sourceStations(words: Words, job: JobView): readonly Station[] {
  const { t, locale } = words;
  const isStale = job.captorStaleSinceMs !== null;
  const source = { key: 'source', icon: IconServer2, figure: shown(job.status.source), isStale } as const;
  const queue = { key: 'queue', icon: IconStack2, isStale } as const;
  if (job.captor === null)
    return [
      { ...source, lines: [t('job.path.notTold')] },
      { ...queue, figure: t('job.path.notTold'), lines: [] },
    ];
  const { interceptor, replication } = job.captor.status;
  const driver =
    interceptor === 'none' ? t('job.path.noInterceptor') : t('job.path.interceptor', { driver: interceptor });
  const held = [
    t('job.path.memory', { bytes: bytes(replication.queuedBytes, locale) }),
    t('job.path.disk', { bytes: bytes(replication.diskQueueBytes, locale) }),
  ];
  const operations = counted(words, 'common.operations', replication.queuedOperations);
  return [
    { ...source, lines: [driver] },
    { ...queue, figure: operations, lines: held },
  ];
}

function wireLines({ t, locale }: Words, { replication, transmission, mirror }: JobStatus): readonly string[] {
  const lines = [t('job.path.sent', { bytes: bytes(replication.sentBytes + mirror.bytesSent, locale) })];
  if (replication.sentCompressedBytes > 0 && replication.sentCompressedBytes < replication.sentBytes)
    lines.push(t('job.path.packed', { bytes: bytes(replication.sentCompressedBytes, locale) }));
  const limit = transmission?.limit ?? null;
  lines.push(limit === null ? t('job.path.noLimit') : t('job.path.limit', { rate: rate(limit, locale) }));
  return lines;
}

function targetQueueOf(words: Words, job: JobView, nowMs: number): Station {
  const { t, locale } = words;
  const queue = targetQueue(job);
  const base = { key: 'targetQueue', icon: IconInbox, isStale: job.staleSinceMs !== null } as const;
  if (queue === undefined) return { ...base, figure: t('job.path.notTold'), lines: [] };
  const lines = [bytes(queue.bytes, locale)];
  if (queue.oldest !== null && queue.operations > 0) {
    const age = Math.max(0, nowMs + job.clockOffsetMs - Date.parse(queue.oldest));
    lines.push(t('job.path.oldest', { age: duration(age) }));
  }
  return { ...base, figure: counted(words, 'common.operations', queue.operations), lines };
}

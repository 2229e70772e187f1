/**
 * The moments to which the target can take its replica back, as a line with what happened beside it. In: the job, the moment that is chosen.
 * Out: another choice. One control: pointed at, or moved with the arrow keys from point to point; its right end is now.
 */
import type { Points } from '@understudy/wire';
import type { PointerEvent as ReactPointerEvent } from 'react';
import { useMemo } from 'react';
import { bytes, duration, moment } from '../../format.ts';
import { EventList } from '../../parts/event-rows.tsx';
import { Panel } from '../../parts/panel.tsx';
import { counted } from '../../parts/words-of.ts';
import { useConsole } from '../../store/app.ts';
import type { JobView } from '../../store/jobs.ts';
import { around, indexOf, nearest, shareAt, type Timeline, timelineOf } from '../../store/timeline.ts';
import { useWords, type Words } from '../../use-words.ts';

interface TimelinePartProps {
  readonly job: JobView;
  readonly points: Points;
  /** A point's time; null: now. */
  readonly chosen: string | null;
  readonly nowMs: number;
  readonly onChoose: (time: string | null) => void;
}

export function TimelinePart({ job, points, chosen, nowMs, onChoose }: TimelinePartProps) {
  const words = useWords();
  const { t, locale } = words;
  const line = useTimeline(job, points, nowMs);
  if (line === null)
    return (
      <Panel title={t('failover.line.title')}>
        <p className="us-panel-body us-dim">{t('failover.line.none')}</p>
      </Panel>
    );
  const index = indexOf(line, chosen);
  const atMs = line.points[index ?? 0]?.atMs ?? line.toMs;
  const beside = around(line, atMs, 2).map(({ told }) => told);
  const choose = (to: number): void => onChoose(line.points[to]?.point.time ?? null);
  return (
    <Panel
      title={t('failover.line.title')}
      end={
        <span className="us-dim">
          {t('failover.line.kept', {
            moments: counted(words, 'common.moments', line.points.length),
            bytes: bytes(points.keptBytes, locale),
          })}
        </span>
      }
    >
      <div className="us-panel-body us-form">
        <Line line={line} index={index} text={chosenWord(words, line, index)} onChoose={choose} />
        <div className="us-line-ends us-dim us-num">
          <span>{t('failover.line.ago', { age: duration(line.toMs - line.fromMs) })}</span>
          <span>{t('failover.line.now')}</span>
        </div>
        <p aria-live="polite">
          <strong>{chosenWord(words, line, index)}</strong>
        </p>
        {beside.length === 0 ? null : (
          <section aria-label={t('failover.line.around')}>
            <p className="us-dim">{t('failover.line.around')}</p>
            <div className="us-line-events">
              <EventList events={beside} nowMs={nowMs} withWhere={false} />
            </div>
          </section>
        )}
      </div>
    </Panel>
  );
}

function useTimeline(job: JobView, points: Points, nowMs: number): Timeline | null {
  const events = useConsole((state) => state.events);
  const servers = useConsole((state) => state.servers);
  return useMemo(() => {
    const ends = new Set(job.ends.map(({ server }) => server));
    const mine = events.filter(({ server, event }) => event.job === job.name && ends.has(server));
    const offsetOf = (server: string): number => servers[server]?.info?.clockOffsetMs ?? 0;
    return timelineOf(points.points, mine, { nowMs, sourceOffsetMs: offsetOf(job.captor?.server ?? ''), offsetOf });
  }, [job.ends, job.name, job.captor, points, events, servers, nowMs]);
}

function chosenWord({ t, locale }: Words, line: Timeline, index: number | null): string {
  if (index === null) return t('failover.line.gone');
  const found = line.points[index];
  if (found === undefined) return t('failover.line.newest');
  const time = moment(found.point.time, locale);
  const word = t('failover.line.chosen', { time, age: duration(line.toMs - found.atMs) });
  return found.point.reason === null ? word : `${word} – ${t('failover.line.beforeBrake')}`;
}

interface LineProps {
  readonly line: Timeline;
  readonly index: number | null;
  readonly text: string;
  readonly onChoose: (index: number) => void;
}

const HEIGHT = 44;
const AXIS = 26;
const percent = (share: number): string => `${(share * 100).toFixed(2)}%`;

/** What is drawn is for the eye; what is operated is the range above it. */
function Line({ line, index, text, onChoose }: LineProps) {
  const { t } = useWords();
  const last = line.points.length;
  const at = index === null ? null : shareAt(line, line.points[index]?.atMs ?? line.toMs);
  // Where the line is pointed at it goes by time, and not by the number of the point as the range itself would have it.
  const point = (event: ReactPointerEvent<HTMLInputElement>): void => {
    event.preventDefault();
    event.currentTarget.focus();
    const { left, width } = event.currentTarget.getBoundingClientRect();
    onChoose(nearest(line, (event.clientX - left) / Math.max(1, width)));
  };
  return (
    <div className="us-moments">
      <svg width="100%" height={HEIGHT} aria-hidden>
        <line x1="0" x2="100%" y1={AXIS} y2={AXIS} className="us-line-axis" />
        {line.points.map(({ point: { position, reason }, atMs }) => (
          <line
            key={position}
            x1={percent(shareAt(line, atMs))}
            x2={percent(shareAt(line, atMs))}
            y1={AXIS - (reason === null ? 6 : 12)}
            y2={AXIS + (reason === null ? 6 : 12)}
            className={reason === null ? 'us-line-point' : 'us-line-brake'}
          />
        ))}
        {line.events.map(({ told: { server, event }, atMs }) => (
          <EventMark key={`${server} ${event.id}`} severity={event.severity} x={percent(shareAt(line, atMs))} />
        ))}
        {at === null ? null : <circle cx={percent(at)} cy={AXIS} r={7} className="us-line-chosen" />}
      </svg>
      <input
        type="range"
        min={0}
        max={last}
        step={1}
        value={index ?? last}
        aria-label={t('failover.line.label')}
        aria-valuetext={text}
        onPointerDown={point}
        onPointerMove={(event) => {
          if (event.buttons === 1) point(event);
        }}
        onChange={(event) => onChoose(Number(event.currentTarget.value))}
      />
    </div>
  );
}

/** A shape for each severity, for the colour is not seen by everybody. */
function EventMark({ severity, x }: { readonly severity: 'information' | 'warning' | 'error'; readonly x: string }) {
  const shapes = { information: '•', warning: '▲', error: '■' } as const;
  return (
    <text x={x} y={10} textAnchor="middle" className={`us-line-event us-line-${severity}`}>
      {shapes[severity]}
    </text>
  );
}

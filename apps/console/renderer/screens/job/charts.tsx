/** The three curves of a job: what its agent has kept, and on from there what this window sees. */
import { SegmentedControl } from '@mantine/core';
import { useMemo, useState } from 'react';
import { bytes, duration, rate } from '../../format.ts';
import { Chart } from '../../parts/chart.tsx';
import { Panel } from '../../parts/panel.tsx';
import { useAnswer } from '../../parts/use-answer.ts';
import { useConsole } from '../../store/app.ts';
import { series } from '../../store/history.ts';
import type { JobView } from '../../store/jobs.ts';
import { askedSpan, historian, keptColumns, type Span, spans } from '../../store/kept-history.ts';
import { useNow, useWords } from '../../use-words.ts';

/** Well within what this window keeps itself, so that nothing is missing between the two. */
const ASKED_AGAIN_MS = 5 * 60_000;

export function Charts({ job }: { readonly job: JobView }) {
  const { t, locale } = useWords();
  const [span, setSpan] = useState<Span>('hour');
  const servers = useConsole((state) => state.servers);
  const agent = historian(job, servers);
  const now = useNow(ASKED_AGAIN_MS);
  const offset = agent?.info?.clockOffsetMs ?? 0;
  const params = useMemo(() => ({ name: job.name, ...askedSpan(span, now, offset) }), [job.name, span, now, offset]);
  const { answer, failure } = useAnswer(agent?.name ?? null, 'job.history', params);
  const kept = useMemo(
    () => (answer === null ? null : new Map(series.map((name) => [name, keptColumns(answer, name, offset)]))),
    [answer, offset],
  );
  const formats = {
    wire: (value: number) => rate(value, locale),
    queue: (value: number) => bytes(value, locale),
    age: duration,
  };
  return (
    <Panel
      title={t('job.charts.title')}
      end={
        <>
          {agent === null || failure !== null ? <span className="us-dim us-clip">{t('job.charts.since')}</span> : null}
          <SegmentedControl
            size="xs"
            aria-label={t('job.charts.span')}
            value={span}
            onChange={(value) => setSpan(spans.find((one) => one === value) ?? 'hour')}
            data={spans.map((value) => ({ value, label: t(`job.charts.spans.${value}`) }))}
          />
        </>
      }
    >
      <div className="us-panel-body us-charts">
        {series.map((name) => (
          <Chart
            key={name}
            job={job.key}
            name={name}
            span={span}
            kept={kept?.get(name) ?? null}
            title={t(`job.charts.${name}`)}
            format={formats[name]}
          />
        ))}
      </div>
    </Panel>
  );
}

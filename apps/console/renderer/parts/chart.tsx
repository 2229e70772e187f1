import { useEffect, useRef, useState } from 'react';
import UPlot from 'uplot';
import { clock, day, type Locale } from '../format.ts';
import { history } from '../store/app.ts';
import type { Series } from '../store/history.ts';
import { type Columns, joined, SPANS, type Span } from '../store/kept-history.ts';
import { useScheme } from '../use-scheme.ts';
import { useWords } from '../use-words.ts';

interface ChartProps {
  readonly job: string;
  readonly name: Series;
  readonly span: Span;
  /** What the job's agent has kept; null: it has not said, or cannot. */
  readonly kept: Columns | null;
  readonly title: string;
  /** A value as it is written on the axis and beside the title. */
  readonly format: (value: number) => string;
}

const HEIGHT = 132;

/** One curve. It draws itself from the history whenever that grows: no state of React's changes for it but the figure in the title. */
export function Chart({ job, name, span, kept, title, format }: ChartProps) {
  const { t, locale } = useWords();
  const scheme = useScheme();
  const area = useRef<HTMLDivElement>(null);
  const written = useRef(format);
  written.current = format;
  const past = useRef(kept);
  past.current = kept;
  const redraw = useRef(() => {});
  const [now, setNow] = useState<number | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are read anew with another scheme
  useEffect(() => {
    const place = area.current;
    if (place === null) return;
    const columns = () => joined(past.current, history.columns(job, name), (Date.now() - SPANS[span].ms) / 1000);
    const plot = new UPlot(
      optionsFor(place, { name, span, locale, write: (value) => written.current(value) }),
      columns(),
      place,
    );
    const draw = (): void => {
      plot.setData(columns());
      setNow(history.columns(job, name)[1].at(-1) ?? null);
    };
    redraw.current = draw;
    draw();
    const stop = history.subscribe(draw);
    const observer = new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: HEIGHT }));
    observer.observe(place);
    return () => {
      observer.disconnect();
      stop();
      plot.destroy();
    };
  }, [job, name, span, scheme, locale]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was kept has come
  useEffect(() => redraw.current(), [kept]);
  const value = now === null ? t('common.unknown') : format(now);
  return (
    <figure className="us-chart">
      <figcaption>
        <span className="us-dim">{title}</span>
        <b className="us-num">{value}</b>
      </figcaption>
      <div className="us-chart-area" ref={area} role="img" aria-label={t('job.charts.label', { name: title, value })} />
    </figure>
  );
}

interface Look {
  readonly name: Series;
  readonly span: Span;
  readonly locale: Locale;
  readonly write: (value: number) => string;
}

/** The axis reaches at least to here: a line of noughts does not look like a mountain. */
const LEAST: Readonly<Record<Series, number>> = { wire: 1024, queue: 1024, age: 1000 };
const POWERS_OF_TWO = Array.from({ length: 50 }, (_, power) => 2 ** power);

function optionsFor(place: HTMLElement, { name, span, locale, write }: Look): UPlot.Options {
  const style = getComputedStyle(place);
  const mark = span === 'month' ? day : clock;
  const line = resolved(place, '--us-accent');
  const grid = { stroke: resolved(place, '--us-line'), width: 1 };
  const axis = { stroke: resolved(place, '--us-dim'), grid, ticks: grid, font: `11px ${style.fontFamily}` };
  return {
    width: place.clientWidth || 300,
    height: HEIGHT,
    cursor: { show: false },
    legend: { show: false },
    scales: {
      // All of the stretch, so that one sees how much of it nobody has measured.
      x: { range: () => [(Date.now() - SPANS[span].ms) / 1000, Date.now() / 1000] },
      y: { range: (_plot, _min, max) => [0, Math.max(LEAST[name], max * 1.15)] },
    },
    series: [{}, { stroke: line, width: 1.5, fill: `${line}22`, spanGaps: false, points: { show: false } }],
    axes: [
      {
        ...axis,
        size: 30,
        space: 70,
        values: (_plot, splits) => splits.map((at) => mark(new Date(at * 1000).toISOString(), locale)),
      },
      {
        ...axis,
        size: 76,
        space: 32,
        // Bytes go by powers of two, or their marks would be odd numbers of KiB.
        ...(name === 'age' ? {} : { incrs: POWERS_OF_TWO }),
        values: (_plot, splits) => splits.map(write),
      },
    ],
  };
}

/** A canvas knows no `light-dark()`: the browser works it out on a real element. Hexadecimal. */
function resolved(place: HTMLElement, variable: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${variable})`;
  place.append(probe);
  const found = /(\d+),\s*(\d+),\s*(\d+)/.exec(getComputedStyle(probe).color);
  probe.remove();
  if (found === null) return '#888888';
  return `#${[found[1], found[2], found[3]].map((part) => Number(part).toString(16).padStart(2, '0')).join('')}`;
}

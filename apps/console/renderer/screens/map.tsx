/** The map: a picture of who protects whom, and the same as a list that can be read and operated. */
import { Button } from '@mantine/core';
import { useId, useMemo } from 'react';
import { shown } from '../format.ts';
import { Empty, Panel } from '../parts/panel.tsx';
import { ScreenBody } from '../parts/screen-body.tsx';
import { HEALTH_SHAPES, StateBadge } from '../parts/state-badge.tsx';
import { counted } from '../parts/words-of.ts';
import { go, openSheet, useConsole } from '../store/app.ts';
import { type MapNode, mapOf, NODE, type ServerMap, type Strand } from '../store/map.ts';
import { useWords } from '../use-words.ts';

export function MapScreen() {
  const { t } = useWords();
  const jobs = useConsole((state) => state.jobs);
  const map = useMemo(() => mapOf(jobs), [jobs]);
  return (
    <>
      <header className="us-bar">
        <h1>{t('map.title')}</h1>
      </header>
      <ScreenBody label={t('map.title')}>
        {jobs.length === 0 ? (
          <Empty title={t('dashboard.empty')}>
            <Button onClick={() => openSheet({ kind: 'protect', source: null })}>{t('common.protect')}</Button>
          </Empty>
        ) : (
          <>
            <Panel title={t('map.picture')}>
              <Picture map={map} />
            </Panel>
            <Panel title={t('map.list')}>
              <StrandList strands={map.strands} />
            </Panel>
          </>
        )}
      </ScreenBody>
    </>
  );
}

const MARGIN = 12;
const HEAD = 22;

function Picture({ map }: { readonly map: ServerMap }) {
  const words = useWords();
  const { t } = words;
  const [title, description] = [useId(), useId()];
  const { width, height, sources, targets, strands } = map;
  return (
    <div className="us-panel-body us-map">
      <svg
        role="img"
        aria-labelledby={title}
        aria-describedby={description}
        viewBox={`${-MARGIN} ${-MARGIN - HEAD} ${width + 2 * MARGIN} ${height + 2 * MARGIN + HEAD}`}
        style={{ maxWidth: width * 1.4, minWidth: width * 0.8 }}
      >
        <title id={title}>{t('map.picture')}</title>
        <desc id={description}>{t('map.described')}</desc>
        <text className="us-map-head" x={0} y={-12}>
          {t('map.sources')}
        </text>
        <text className="us-map-head" x={NODE.width + NODE.between} y={-12}>
          {t('map.targets')}
        </text>
        {strands.map((strand) => (
          <StrandLine
            key={`${strand.source} ${strand.target}`}
            strand={strand}
            label={counted(words, 'common.jobs', strand.jobs.length)}
          />
        ))}
        {sources.map((node) => (
          <ServerBox key={`source ${node.name}`} node={node} />
        ))}
        {targets.map((node) => (
          <ServerBox key={`target ${node.name}`} node={node} />
        ))}
      </svg>
    </div>
  );
}

/** The colour alone would not tell: what is not well is broken, too, and bears its sign. */
function StrandLine({ strand, label }: { readonly strand: Strand; readonly label: string }) {
  const { from, to, health } = strand;
  const bend = NODE.between / 2;
  const Shape = HEALTH_SHAPES[health];
  const [x, y] = [(from.x + to.x) / 2, (from.y + to.y) / 2];
  return (
    <g className={`us-${health}`}>
      <path
        className={`us-map-line us-map-${health}`}
        d={`M ${from.x} ${from.y} C ${from.x + bend} ${from.y}, ${to.x - bend} ${to.y}, ${to.x - 6} ${to.y}`}
      />
      <path className="us-map-tip" d={`M ${to.x} ${to.y} l -8 -4 v 8 z`} />
      <rect className="us-map-plate" x={x - 38} y={y - 10} width={76} height={20} rx={10} />
      <g transform={`translate(${x - 32} ${y - 7})`}>
        <Shape size={14} />
      </g>
      <text className="us-map-label" x={x - 13} y={y + 4}>
        {label}
      </text>
    </g>
  );
}

const LETTERS = 24;

function ServerBox({ node: { name, x, y } }: { readonly node: MapNode }) {
  const view = useConsole((state) => state.servers[name]);
  const { t } = useWords();
  const isLost = view === undefined || view.link.state !== 'live';
  const whole = shown(name);
  const text = whole.length > LETTERS ? `${whole.slice(0, LETTERS - 1)}…` : whole;
  return (
    <g transform={`translate(${x} ${y})`}>
      <rect
        className={isLost ? 'us-map-box us-map-lost' : 'us-map-box'}
        width={NODE.width}
        height={NODE.height}
        rx={5}
      />
      <text className="us-map-name" x={12} y={isLost ? 15 : 22}>
        {text}
      </text>
      {isLost ? (
        <text className="us-map-word" x={12} y={28}>
          {t(view === undefined ? 'map.notPaired' : 'map.silent')}
        </text>
      ) : null}
    </g>
  );
}

function StrandList({ strands }: { readonly strands: readonly Strand[] }) {
  const { t } = useWords();
  return (
    <ul className="us-map-list">
      {strands.map(({ source, target, jobs }) => (
        <li key={`${source} ${target}`}>
          <strong className="us-break">{t('map.strand', { source: shown(source), target: shown(target) })}</strong>
          <ul>
            {jobs.map((job) => (
              <li key={job.key}>
                <button type="button" className="us-open" onClick={() => go({ screen: 'job', job: job.key })}>
                  {shown(job.name)}
                </button>
                <StateBadge job={job} />
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ul>
  );
}

import { Select, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { type AgentEvent, type Severity, severities, severitySchema } from '@understudy/wire';
import { useMemo, useState } from 'react';
import type { ServerEvent } from '../../shared/view.ts';
import { grouped, sentence, shortMoment } from '../format.ts';
import { SeverityMark, whereOf } from '../parts/event-rows.tsx';
import { Empty } from '../parts/panel.tsx';
import { ScreenBody } from '../parts/screen-body.tsx';
import { Cell, Row, Windowed } from '../parts/windowed.tsx';
import { adviceOf } from '../parts/words-of.ts';
import { useConsole } from '../store/app.ts';
import { useNow, useWords } from '../use-words.ts';
import { EventDialog } from './event-dialog.tsx';

export interface EventChoice {
  readonly severity: Severity;
  readonly server: string | null;
  readonly job: string | null;
  readonly text: string;
}

/** The newest first. */
export function chosenEvents(events: readonly ServerEvent[], choice: EventChoice): readonly ServerEvent[] {
  const least = severities.indexOf(choice.severity);
  const wanted = choice.text.trim().toLowerCase();
  const passes = ({ server, event }: ServerEvent): boolean =>
    severities.indexOf(event.severity) >= least &&
    (choice.server === null || server === choice.server) &&
    (choice.job === null || event.job === choice.job) &&
    (wanted === '' || textOf(event).includes(wanted));
  return events.filter(passes).reverse();
}

const textOf = ({ code, sentence: said, advice, job }: AgentEvent): string =>
  `${code} ${said} ${advice} ${job ?? ''}`.toLowerCase();

const COLUMNS = '110px 110px minmax(90px, 150px) minmax(120px, 190px) minmax(200px, 1fr)';

export function EventsScreen() {
  const { t, locale } = useWords();
  const events = useConsole((state) => state.events);
  const [choice, setChoice] = useState<EventChoice>({ severity: 'information', server: null, job: null, text: '' });
  const shown = useMemo(() => chosenEvents(events, choice), [events, choice]);
  const [read, setRead] = useState<ServerEvent | null>(null);
  const now = useNow(60_000);
  const head = ['time', 'severity', 'where', 'id', 'sentence'] as const;
  return (
    <>
      <header className="us-bar">
        <h1>{t('events.title')}</h1>
        <span className="us-dim us-num">
          {t('events.count', { count: shown.length, shown: grouped(shown.length, locale) })}
        </span>
        <div className="us-bar-end">
          <Filters choice={choice} onChange={setChoice} />
        </div>
      </header>
      <ScreenBody label={t('events.title')}>
        <section className="us-panel us-fill">
          {shown.length === 0 ? (
            <Empty title={t('events.empty')} />
          ) : (
            <Windowed
              label={t('events.title')}
              head={head.map((column) => t(`events.columns.${column}`))}
              columns={COLUMNS}
              rows={shown}
              rowHeight={({ event }) => (event.advice === '' ? 27 : 44)}
              keyOf={({ server, event }) => `${server} ${event.id}`}
              render={(one, index) => <EventRow one={one} index={index} nowMs={now} onOpen={setRead} />}
            />
          )}
        </section>
      </ScreenBody>
      {read === null ? null : <EventDialog one={read} onClose={() => setRead(null)} />}
    </>
  );
}

interface FiltersProps {
  readonly choice: EventChoice;
  readonly onChange: (choice: EventChoice) => void;
}

function Filters({ choice, onChange }: FiltersProps) {
  const { t } = useWords();
  const servers = useConsole((state) => state.servers);
  const jobs = useConsole((state) => state.jobs);
  const names = useMemo(() => [...new Set(jobs.map(({ name }) => name))].sort(), [jobs]);
  return (
    <>
      <Select
        w={190}
        aria-label={t('events.severity')}
        data={severities.map((severity) => ({
          value: severity,
          label: `${t('events.severity')}: ${t(`common.severity.${severity}`)}`,
        }))}
        value={choice.severity}
        onChange={(value) => onChange({ ...choice, severity: severitySchema.catch('information').parse(value) })}
      />
      <Select
        w={150}
        aria-label={t('events.server')}
        data={[{ value: '', label: t('events.anyServer') }, ...Object.keys(servers).sort()]}
        value={choice.server ?? ''}
        onChange={(value) => onChange({ ...choice, server: value === '' ? null : value })}
      />
      <Select
        w={150}
        aria-label={t('events.job')}
        data={[{ value: '', label: t('events.anyJob') }, ...names]}
        value={choice.job ?? ''}
        onChange={(value) => onChange({ ...choice, job: value === '' ? null : value })}
      />
      <TextInput
        w={200}
        leftSection={<IconSearch size={14} aria-hidden />}
        aria-label={t('events.text')}
        placeholder={t('events.text')}
        value={choice.text}
        onChange={(event) => onChange({ ...choice, text: event.currentTarget.value })}
      />
    </>
  );
}

interface EventRowProps {
  readonly one: ServerEvent;
  readonly index: number;
  readonly nowMs: number;
  readonly onOpen: (one: ServerEvent) => void;
}

function EventRow({ one, index, nowMs, onOpen }: EventRowProps) {
  const { t, locale } = useWords();
  const { event } = one;
  const height = event.advice === '' ? 27 : 44;
  const said = sentence(event.sentence);
  return (
    <Row columns={COLUMNS} index={index} height={height} onOpen={() => onOpen(one)}>
      <Cell className="us-num us-dim" title={event.time}>
        <button type="button" className="us-open" aria-haspopup="dialog" onClick={() => onOpen(one)}>
          {shortMoment(event.time, nowMs, locale)}
        </button>
      </Cell>
      <Cell>
        <SeverityMark severity={event.severity} />
      </Cell>
      <Cell className="us-clip">{whereOf(one)}</Cell>
      <Cell className="us-clip us-mono us-dim" title={`${event.code} #${event.id}`}>
        {event.code} #{event.id}
      </Cell>
      <Cell className="us-clip" title={said}>
        {said}
        {event.advice === '' ? null : (
          <span className="us-dim us-advice" title={adviceOf(event)}>
            {t('events.advice', { text: adviceOf(event) })}
          </span>
        )}
      </Cell>
    </Row>
  );
}

/** screens: one file a screen. In: the store, words. Out: elements. Promised: empty, loading and disconnected are states that are shown. */
import { Button, Checkbox, TextInput } from '@mantine/core';
import { IconPlus, IconSearch } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { EventList } from '../parts/event-rows.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { ScreenBody } from '../parts/screen-body.tsx';
import { go, openSheet, remember, useConsole } from '../store/app.ts';
import type { JobView } from '../store/jobs.ts';
import { useNow, useWords } from '../use-words.ts';
import { JobTable } from './job-table.tsx';
import { Strip } from './strip.tsx';

export function DashboardScreen() {
  const { t } = useWords();
  const jobs = useConsole((state) => state.jobs);
  const grouped = useConsole((state) => state.preferences.grouped);
  const [text, setText] = useState('');
  const now = useNow();
  const found = useMemo(() => matching(jobs, text), [jobs, text]);
  return (
    <>
      <header className="us-bar">
        <h1>{t('dashboard.title')}</h1>
        <div className="us-bar-end">
          <TextInput
            w={240}
            leftSection={<IconSearch size={14} aria-hidden />}
            placeholder={t('dashboard.filter')}
            aria-label={t('dashboard.filter')}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <Checkbox
            label={t('dashboard.group')}
            checked={grouped}
            onChange={(event) => remember({ grouped: event.currentTarget.checked })}
          />
        </div>
      </header>
      <ScreenBody label={t('dashboard.title')}>
        <Strip jobs={jobs} nowMs={now} />
        <section className="us-panel us-fill">
          {jobs.length === 0 ? (
            <NothingProtected />
          ) : found.length === 0 ? (
            <Empty title={t('dashboard.noMatch', { text })} />
          ) : (
            <JobTable jobs={found} grouped={grouped} nowMs={now} />
          )}
        </section>
        <LastEvents nowMs={now} />
      </ScreenBody>
    </>
  );
}

function matching(jobs: readonly JobView[], text: string): readonly JobView[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return jobs;
  return jobs.filter(({ name, status }) =>
    [name, status.source, status.target].some((one) => one.toLowerCase().includes(wanted)),
  );
}

function NothingProtected() {
  const { t } = useWords();
  return (
    <Empty title={t('dashboard.empty')}>
      <p>{t('dashboard.emptyHint')}</p>
      <Button
        leftSection={<IconPlus size={14} aria-hidden />}
        onClick={() => openSheet({ kind: 'protect', source: null })}
      >
        {t('common.protect')}
      </Button>
    </Empty>
  );
}

const SHOWN = 6;

function LastEvents({ nowMs }: { readonly nowMs: number }) {
  const { t } = useWords();
  const events = useConsole((state) => state.events);
  const last = useMemo(() => events.slice(-SHOWN).reverse(), [events]);
  return (
    <Panel
      title={t('dashboard.lastEvents')}
      className="us-last-events"
      end={
        <Button variant="subtle" size="compact-xs" onClick={() => go({ screen: 'events' })}>
          {t('job.allEvents')}
        </Button>
      }
    >
      <EventList events={last} nowMs={nowMs} />
    </Panel>
  );
}

import { useEffect } from 'react';
import { shown } from './format.ts';
import { useConsole } from './store/app.ts';
import { jobByKey } from './store/store.ts';
import { useWords } from './use-words.ts';

/** The window is called by what it shows, where windows are listed and where a page is read aloud. */
export function useTitle(): void {
  const { t } = useWords();
  const ready = useConsole((state) => state.ready);
  const place = useConsole((state) => state.place);
  const job = useConsole((state) =>
    place.screen === 'job' ? (jobByKey(state, place.job)?.status.name ?? null) : null,
  );
  const name = place.screen === 'server' ? place.server : job;
  const what =
    name === null
      ? t(`common.${place.screen === 'job' || place.screen === 'server' ? 'dashboard' : place.screen}`)
      : shown(name);
  useEffect(() => {
    if (ready) document.title = `${what} – ${t('common.product')}`;
  }, [ready, what, t]);
}

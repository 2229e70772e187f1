import { IconClockHour4 } from '@tabler/icons-react';
import { duration, grouped } from '../format.ts';
import { HEALTH_SHAPES } from '../parts/state-badge.tsx';
import { useConsole } from '../store/app.ts';
import { type Health, type JobView, totalsOf } from '../store/jobs.ts';
import { useWords } from '../use-words.ts';

const ORDER: readonly Health[] = ['good', 'busy', 'risk', 'halted', 'stopped'];

/** The one line that says whether somebody has to look closer. A count of nothing has no colour. */
export function Strip({ jobs, nowMs }: { readonly jobs: readonly JobView[]; readonly nowMs: number }) {
  const { t, locale } = useWords();
  const totals = totalsOf(jobs, nowMs);
  const silent = useConsole(
    (state) =>
      Object.values(state.servers).filter(({ link }) => link.state === 'lost' || link.state === 'refused').length,
  );
  return (
    <section className="us-strip" aria-label={t('dashboard.strip.label')}>
      {ORDER.map((health) => {
        const Shape = HEALTH_SHAPES[health];
        const count = totals[health];
        return (
          <div
            key={health}
            className={`us-tile ${count > 0 ? `us-wash-${health} us-${health}` : 'us-dim'}`}
            data-health={health}
          >
            <Shape size={18} aria-hidden />
            <b className="us-num">{grouped(count, locale)}</b>
            <span>{t(`dashboard.strip.${health}`)}</span>
          </div>
        );
      })}
      <div className="us-tile us-tile-wide">
        <IconClockHour4 size={18} aria-hidden />
        <b className="us-num">{totals.worstAgeMs === null ? '–' : duration(totals.worstAgeMs)}</b>
        <span>
          {totals.worstAgeMs === null && jobs.length > 0 ? t('dashboard.strip.worstNone') : t('dashboard.strip.worst')}
        </span>
        {totals.worstAgeMs !== null && totals.someWithout ? (
          <span className="us-risk">{t('dashboard.strip.someWithout')}</span>
        ) : null}
      </div>
      {silent === 0 ? null : (
        <div className="us-tile us-wash-halted us-halted">
          {t('dashboard.strip.silent', { count: silent, shown: grouped(silent, locale) })}
        </div>
      )}
    </section>
  );
}

import { IconAlertTriangle, IconInfoCircle, IconOctagonMinus } from '@tabler/icons-react';
import type { Severity } from '@understudy/wire';
import type { ServerEvent } from '../../shared/view.ts';
import { sentence, shortMoment, shown } from '../format.ts';
import { useWords } from '../use-words.ts';
import { LongText } from './long-text.tsx';
import { adviceOf } from './words-of.ts';

const SHAPES = { information: IconInfoCircle, warning: IconAlertTriangle, error: IconOctagonMinus } as const;
const COLOURS: Readonly<Record<Severity, string>> = { information: 'us-dim', warning: 'us-risk', error: 'us-halted' };

export function SeverityMark({ severity }: { readonly severity: Severity }) {
  const { t } = useWords();
  const Shape = SHAPES[severity];
  return (
    <span className={`us-state ${COLOURS[severity]}`}>
      <Shape size={14} aria-hidden />
      {t(`common.severity.${severity}`)}
    </span>
  );
}

export const whereOf = ({ server, event }: ServerEvent): string =>
  event.job === null ? server : `${server}/${shown(event.job)}`;

interface EventListProps {
  /** The newest first. */
  readonly events: readonly ServerEvent[];
  readonly nowMs: number;
  readonly withWhere?: boolean;
}

/** A short list, with advice. */
export function EventList({ events, nowMs, withWhere = true }: EventListProps) {
  const { t, locale } = useWords();
  if (events.length === 0) return <p className="us-dim us-panel-body">{t('dashboard.noEvents')}</p>;
  return (
    <ol className="us-events">
      {events.map((one) => (
        <li key={`${one.server} ${one.event.id}`}>
          <time className="us-num us-dim" dateTime={one.event.time} title={one.event.time}>
            {shortMoment(one.event.time, nowMs, locale)}
          </time>
          <SeverityMark severity={one.event.severity} />
          {withWhere ? (
            <span className="us-clip us-dim">{whereOf(one)}</span>
          ) : (
            <code className="us-dim">{one.event.code}</code>
          )}
          <LongText>
            {sentence(one.event.sentence)}
            {one.event.advice === '' ? null : (
              <span className="us-dim"> {t('events.advice', { text: adviceOf(one.event) })}</span>
            )}
          </LongText>
        </li>
      ))}
    </ol>
  );
}

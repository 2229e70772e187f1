import { Modal } from '@mantine/core';
import type { ServerEvent } from '../../shared/view.ts';
import { moment, sentence } from '../format.ts';
import { SeverityMark, whereOf } from '../parts/event-rows.tsx';
import { Facts } from '../parts/panel.tsx';
import { adviceOf } from '../parts/words-of.ts';
import { useWords } from '../use-words.ts';

/** One event as a whole: in the list its sentence has one line. */
export function EventDialog({ one, onClose }: { readonly one: ServerEvent; readonly onClose: () => void }) {
  const { t, locale } = useWords();
  const { event } = one;
  return (
    <Modal opened onClose={onClose} title={<strong>{t('events.one')}</strong>} size={720}>
      <div className="us-form">
        <Facts
          facts={[
            [t('events.columns.time'), moment(event.time, locale)],
            [t('events.columns.severity'), <SeverityMark key="severity" severity={event.severity} />],
            [t('events.columns.where'), whereOf(one)],
            [t('events.columns.id'), `${event.code} #${event.id}`],
          ]}
        />
        <p className="us-break us-pre">{sentence(event.sentence)}</p>
        {event.advice === '' ? null : (
          <p className="us-break us-pre us-dim">{t('events.advice', { text: adviceOf(event) })}</p>
        )}
      </div>
    </Modal>
  );
}

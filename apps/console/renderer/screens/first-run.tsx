import { Button } from '@mantine/core';
import { ScreenBody } from '../parts/screen-body.tsx';
import { openSheet, useConsole } from '../store/app.ts';
import { useWords } from '../use-words.ts';

/** Nothing is known yet: what to do first, and what comes after it. */
export function FirstRun() {
  const { t } = useWords();
  const folder = useConsole((state) => state.profile);
  return (
    <ScreenBody label={t('first.title')} className="us-first">
      <section className="us-panel">
        <div className="us-panel-body us-form">
          <h1>{t('first.title')}</h1>
          <p>{t('first.text')}</p>
          <ol className="us-numbered">
            <li>{t('first.step1')}</li>
            <li>{t('first.step2')}</li>
            <li>{t('first.step3')}</li>
          </ol>
          <p className="us-dim">{t('first.code')}</p>
          <code className="us-command">understudy agent pairing-code</code>
          <div className="us-actions">
            <Button onClick={() => openSheet({ kind: 'pair' })}>{t('common.pair')}</Button>
          </div>
          <p className="us-dim us-break">{t('first.profile', { folder })}</p>
        </div>
      </section>
    </ScreenBody>
  );
}

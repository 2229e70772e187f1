import { Checkbox } from '@mantine/core';
import { effectsOf } from '../../store/failover-effects.ts';
import { useWords } from '../../use-words.ts';
import { FailoverFields } from '../edit/failover.tsx';
import { presetFailover, recommendedFailover } from './draft.ts';
import type { StepProps } from './step-props.ts';

/** What the target does when the source is gone. Nobody has to know that now: it can be said later, too. */
export function FailoverPart({ draft, change }: StepProps) {
  const { t } = useWords();
  const { failover } = draft;
  return (
    <>
      <Checkbox
        label={t('protect.failover.now')}
        description={t('protect.failover.nowHint')}
        checked={failover !== null}
        onChange={(event) => change({ failover: event.currentTarget.checked ? recommendedFailover(draft) : null })}
      />
      {failover === null ? null : (
        <fieldset className="us-windows us-wide">
          <legend>{t('protect.failover.title')}</legend>
          <div className="us-form us-wide">
            <section aria-label={t('protect.failover.effects')} aria-live="polite">
              <strong>{t('protect.failover.effects')}</strong>
              <ul className="us-effects">
                {effectsOf(failover).map(({ effect, values }) => (
                  <li key={effect}>{t(`protect.failover.effect.${effect}`, values)}</li>
                ))}
              </ul>
            </section>
            <FailoverFields
              form={failover}
              write={(changes) => change({ failover: { ...failover, ...changes } })}
              before={presetFailover(draft)}
              servers={[draft.source, draft.target].filter((name) => name !== null)}
            />
          </div>
        </fieldset>
      )}
    </>
  );
}

import { NumberInput, SegmentedControl } from '@mantine/core';
import { SLOWEST_RATE } from '@understudy/wire';
import { FIRST_WINDOW, limitOf, limits, toMib, withLimit } from '../../store/job-edit.ts';
import { useWords } from '../../use-words.ts';
import type { PartProps } from './part-props.ts';
import { rateOf, Windows } from './windows.tsx';

/** No limit, one rate, or rates by days and hours with one beside them. */
export function Bandwidth({ definition, change }: PartProps) {
  const { t } = useWords();
  const limit = limitOf(definition);
  return (
    <>
      <div>
        <div className="us-label">{t('edit.fields.bandwidth')}</div>
        <SegmentedControl
          size="xs"
          aria-label={t('edit.fields.bandwidth')}
          value={limit}
          data={limits.map((value) => ({ value, label: t(`edit.limits.${value}`) }))}
          onChange={(value) => change(withLimit(definition, limits.find((one) => one === value) ?? limit))}
        />
      </div>
      {limit === 'none' ? null : (
        <NumberInput
          label={t(limit === 'fixed' ? 'edit.rate' : 'edit.rateElse')}
          placeholder={t('edit.noLimit')}
          min={toMib(SLOWEST_RATE)}
          max={100_000}
          value={definition.bandwidth === null ? '' : toMib(definition.bandwidth)}
          onChange={(value) => {
            if (limit === 'schedule' || typeof value === 'number') change({ bandwidth: rateOf(value) });
          }}
        />
      )}
      {limit === 'schedule' ? (
        <Windows
          title={t('edit.fields.bandwidthWindows')}
          windows={definition.bandwidthWindows ?? []}
          fresh={FIRST_WINDOW}
          onChange={(bandwidthWindows) => change({ bandwidthWindows })}
        />
      ) : null}
    </>
  );
}

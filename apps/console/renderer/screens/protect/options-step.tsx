import { Checkbox, NumberInput, Select } from '@mantine/core';
import { useWords } from '../../use-words.ts';
import { FailoverPart } from './failover-part.tsx';
import type { StepProps } from './step-props.ts';

const INTERCEPTS = ['auto', 'fuse', 'watch'] as const;
const COMPRESSIONS = ['none', 'low', 'medium', 'high'] as const;
const MODES = ['async', 'sync'] as const;
const ORPHANS = ['report', 'move', 'delete'] as const;

/** What is recommended is chosen already, and says so. */
export function OptionsStep({ draft, change }: StepProps) {
  const { t } = useWords();
  return (
    <div className="us-form">
      <Select
        label={t('protect.mode')}
        data={MODES.map((value) => ({ value, label: t(`protect.modes.${value}`) }))}
        value={draft.mode}
        onChange={(value) => change({ mode: value === 'sync' ? 'sync' : 'async' })}
      />
      <Select
        label={t('protect.intercept')}
        data={INTERCEPTS.map((value) => ({ value, label: t(`protect.intercepts.${value}`) }))}
        value={draft.intercept}
        onChange={(value) => change({ intercept: INTERCEPTS.find((one) => one === value) ?? 'auto' })}
      />
      <Select
        label={t('protect.compression')}
        data={COMPRESSIONS.map((value) => ({ value, label: t(`protect.compressions.${value}`) }))}
        value={draft.compression}
        onChange={(value) => change({ compression: COMPRESSIONS.find((one) => one === value) ?? 'none' })}
      />
      <NumberInput
        label={t('protect.bandwidth')}
        description={t('protect.bandwidthHint')}
        min={0.01}
        max={100_000}
        value={draft.bandwidth ?? ''}
        onChange={(value) => change({ bandwidth: typeof value === 'number' ? value : null })}
      />
      <Select
        label={t('protect.orphans')}
        data={ORPHANS.map((value) => ({ value, label: t(`protect.orphanChoices.${value}`) }))}
        value={draft.orphans}
        onChange={(value) => change({ orphans: ORPHANS.find((one) => one === value) ?? 'report' })}
      />
      <Checkbox
        label={t('protect.adopt')}
        checked={draft.adopt}
        onChange={(event) => change({ adopt: event.currentTarget.checked })}
      />
      <FailoverPart draft={draft} change={change} />
    </div>
  );
}

import { NumberInput } from '@mantine/core';
import { NO_LIMITS } from '@understudy/wire';
import { fromMib, toMib } from '../../store/job-edit.ts';
import { useWords } from '../../use-words.ts';
import type { PartProps } from './part-props.ts';
import { Windows } from './windows.tsx';

const NIGHT = { days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as ('mon' | 'tue')[], from: 1320, to: 360 };

/** When it may send at all, and in which portions. */
export function Transmit({ definition, change }: PartProps) {
  const { t } = useWords();
  const limits = definition.transmit ?? NO_LIMITS;
  const set = (changes: Partial<typeof limits>): void => change({ transmit: { ...limits, ...changes } });
  const whole = (value: number | string): number | null => (typeof value === 'number' && value >= 1 ? value : null);
  const portion = (value: number | string): number | null =>
    typeof value === 'number' && value > 0 ? Math.max(65_536, fromMib(value)) : null;
  return (
    <>
      <Windows
        title={t('edit.transmitWindows')}
        windows={limits.windows}
        fresh={NIGHT}
        onChange={(windows) => set({ windows })}
      />
      <div className="us-three">
        <NumberInput
          label={t('edit.every')}
          placeholder={t('edit.noLimit')}
          min={1}
          max={10_080}
          allowDecimal={false}
          value={limits.everyMinutes ?? ''}
          onChange={(value) => set({ everyMinutes: whole(value) })}
        />
        <NumberInput
          label={t('edit.startAt')}
          placeholder={t('edit.noLimit')}
          min={0}
          value={limits.startAtBytes === null ? '' : toMib(limits.startAtBytes)}
          onChange={(value) => set({ startAtBytes: portion(value) })}
        />
        <NumberInput
          label={t('edit.stopAfter')}
          placeholder={t('edit.noLimit')}
          min={0}
          value={limits.stopAfterBytes === null ? '' : toMib(limits.stopAfterBytes)}
          onChange={(value) => set({ stopAfterBytes: portion(value) })}
        />
      </div>
    </>
  );
}

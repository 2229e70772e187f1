import { Checkbox, NumberInput, Select, TextInput } from '@mantine/core';
import { mirrorOptionsSchema } from '@understudy/wire';
import { type AgeUnit, ageOf, ageUnits, BLOCK_SIZES, msOf } from '../../store/job-edit.ts';
import { useWords } from '../../use-words.ts';
import { Choice } from './choice.tsx';
import type { PartProps } from './part-props.ts';

export function MirrorPart({ definition, change }: PartProps) {
  const { t } = useWords();
  const mirror = mirrorOptionsSchema.parse(definition.mirror ?? {});
  const set = (changes: Partial<typeof mirror>): void => change({ mirror: { ...mirror, ...changes } });
  return (
    <div className="us-panel-body us-form">
      <Choice
        name="orphans"
        values={['report', 'move', 'delete']}
        value={mirror.orphans}
        onChange={(orphans) => set({ orphans })}
      />
      {mirror.orphans === 'report' && mirror.orphansOlderThanMs === null ? null : (
        <Age ms={mirror.orphansOlderThanMs} onChange={(orphansOlderThanMs) => set({ orphansOlderThanMs })} />
      )}
      <Checkbox
        label={t('edit.calculate')}
        checked={mirror.calculate}
        onChange={(event) => set({ calculate: event.currentTarget.checked })}
      />
      <Select
        label={t('edit.blockSize')}
        data={[
          { value: '', label: t('edit.blockSizeOwn') },
          ...BLOCK_SIZES.map((bytes) => ({ value: String(bytes), label: `${bytes / 1024} KiB` })),
        ]}
        value={mirror.blockSize === null ? '' : String(mirror.blockSize)}
        onChange={(value) => set({ blockSize: BLOCK_SIZES.find((bytes) => String(bytes) === value) ?? null })}
      />
      <Schedule definition={definition} change={change} />
    </div>
  );
}

/** Younger ones are only told of. Empty: all are meant. */
function Age({ ms, onChange }: { readonly ms: number | null; readonly onChange: (ms: number | null) => void }) {
  const { t } = useWords();
  const { count, unit } = ageOf(ms);
  return (
    <div className="us-age">
      <NumberInput
        label={t('edit.orphansAge')}
        description={t('edit.orphansAgeHint')}
        placeholder={t('edit.noLimit')}
        min={1}
        max={100_000}
        allowDecimal={false}
        value={count ?? ''}
        onChange={(value) => onChange(typeof value === 'number' && value >= 1 ? msOf(value, unit) : null)}
      />
      <Select
        aria-label={t('edit.orphansAgeUnit')}
        data={ageUnits.map((value) => ({ value, label: t(`edit.units.${value}`) }))}
        value={unit}
        disabled={count === null}
        onChange={(value) => {
          const chosen: AgeUnit = ageUnits.find((one) => one === value) ?? unit;
          if (count !== null) onChange(msOf(count, chosen));
        }}
      />
    </div>
  );
}

function Schedule({ definition, change }: PartProps) {
  const { t } = useWords();
  const schedule = definition.verifySchedule ?? null;
  return (
    <>
      <TextInput
        label={t('edit.verifyAt')}
        description={t('edit.verifyAtHint')}
        value={schedule?.cron ?? ''}
        onChange={(event) => {
          const cron = event.currentTarget.value;
          change({ verifySchedule: cron === '' ? null : { cron, repair: schedule?.repair ?? false } });
        }}
      />
      {schedule === null ? null : (
        <Checkbox
          label={t('edit.verifyRepair')}
          checked={schedule.repair}
          onChange={(event) => change({ verifySchedule: { ...schedule, repair: event.currentTarget.checked } })}
        />
      )}
    </>
  );
}

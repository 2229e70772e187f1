import { ActionIcon, Button, Checkbox, NumberInput, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { DAYS, type Day, SLOWEST_RATE, type TimeWindow } from '@understudy/wire';
import { clockText, fromMib, minuteOf, toMib } from '../../store/job-edit.ts';
import { useWords } from '../../use-words.ts';

/** As a week begins for most who read this. */
const WEEK: readonly Day[] = [...DAYS.slice(1), DAYS[0]];

/** A window with or without a rate of its own. */
export interface AnyWindow extends TimeWindow {
  readonly rate?: number | null;
}

interface WindowsProps<T extends AnyWindow> {
  readonly title: string;
  readonly windows: readonly T[];
  readonly fresh: T;
  readonly onChange: (windows: T[]) => void;
}

/** Days and hours, by the source's clock. */
export function Windows<T extends AnyWindow>({ title, windows, fresh, onChange }: WindowsProps<T>) {
  const { t } = useWords();
  const set = (index: number, changes: Partial<AnyWindow>): void =>
    onChange(windows.map((each, i) => (i === index ? { ...each, ...changes } : each)));
  return (
    <fieldset className="us-windows">
      <legend>{title}</legend>
      {windows.map((each, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a window is nothing but its place in the list
        <div key={index} className="us-window">
          <WindowRow
            window={each}
            label={t('edit.window', { number: index + 1 })}
            onChange={(changes) => set(index, changes)}
          />
          <ActionIcon
            variant="default"
            aria-label={t('edit.removeWindow', { number: index + 1 })}
            onClick={() => onChange(windows.filter((_, i) => i !== index))}
          >
            <IconTrash size={15} aria-hidden />
          </ActionIcon>
        </div>
      ))}
      <Button
        variant="default"
        size="compact-xs"
        leftSection={<IconPlus size={13} aria-hidden />}
        onClick={() => onChange([...windows, fresh])}
      >
        {t('edit.addWindow')}
      </Button>
    </fieldset>
  );
}

interface RowProps {
  readonly window: AnyWindow;
  readonly label: string;
  readonly onChange: (changes: Partial<AnyWindow>) => void;
}

function WindowRow({ window, label, onChange }: RowProps) {
  const { t } = useWords();
  const { days, from, to, rate } = window;
  const isDay = (text: string): text is Day => DAYS.some((day) => day === text);
  const time = (text: string, take: (minute: number) => void): void => {
    const minute = minuteOf(text);
    if (minute !== null) take(minute);
  };
  return (
    <div className="us-form">
      <Checkbox.Group
        aria-label={label}
        value={[...days]}
        onChange={(chosen) => {
          if (chosen.length > 0) onChange({ days: chosen.filter(isDay) });
        }}
      >
        <div className="us-days">
          {WEEK.map((day) => (
            <Checkbox key={day} size="xs" value={day} label={t(`edit.days.${day}`)} />
          ))}
        </div>
      </Checkbox.Group>
      <div className="us-three">
        <TextInput
          type="time"
          label={t('edit.from')}
          value={clockText(from)}
          onChange={(event) => time(event.currentTarget.value, (minute) => onChange({ from: minute }))}
        />
        <TextInput
          type="time"
          label={t('edit.to')}
          value={clockText(to)}
          onChange={(event) => time(event.currentTarget.value, (minute) => onChange({ to: minute }))}
        />
        {rate === undefined ? null : (
          <NumberInput
            label={t('edit.rate')}
            placeholder={t('edit.noLimit')}
            min={toMib(SLOWEST_RATE)}
            max={100_000}
            value={rate === null ? '' : toMib(rate)}
            onChange={(value) => onChange({ rate: rateOf(value) })}
          />
        )}
      </div>
    </div>
  );
}

/** Empty: no limit. */
export const rateOf = (value: number | string): number | null =>
  typeof value === 'number' ? Math.max(SLOWEST_RATE, fromMib(value)) : null;

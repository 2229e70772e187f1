import { Select } from '@mantine/core';
import { useWords } from '../../use-words.ts';

type ChoiceName =
  | 'compression'
  | 'mode'
  | 'at'
  | 'until'
  | 'policy'
  | 'orphans'
  | 'intercept'
  | 'replica'
  | 'takeover'
  | 'takeoverData'
  | 'witness';

interface ChoiceProps<T extends string> {
  readonly name: ChoiceName;
  readonly values: readonly T[];
  readonly value: T;
  readonly onChange: (value: T) => void;
  readonly label?: string;
  readonly disabled?: boolean;
}

/** One of a few, by its word. */
export function Choice<T extends string>({ name, values, value, onChange, label, disabled = false }: ChoiceProps<T>) {
  const { t } = useWords();
  return (
    <Select
      label={label ?? t(`edit.${name}` as 'edit.mode')}
      data={values.map((each) => ({
        value: each,
        label: t(`edit.choices.${name}.${each}` as 'edit.choices.mode.sync'),
      }))}
      value={value}
      disabled={disabled}
      onChange={(chosen) => onChange(values.find((each) => each === chosen) ?? value)}
    />
  );
}

/** What a failover section comes to, in plain words. In: the form, as it is written so far. Out: effects, in the order in which they come. Pure. */
import type { FailoverForm } from './failover-edit.ts';

export const effects = [
  ...(['unwatched', 'watched', 'manual', 'automatic', 'alone', 'witnessed'] as const),
  ...(['applied', 'discarded', 'addresses', 'services', 'dns', 'dataOnly', 'tried', 'untried'] as const),
] as const;
export type Effect = (typeof effects)[number];

export interface Told {
  readonly effect: Effect;
  readonly values: Readonly<Record<string, string | number>>;
}

const linesIn = (text: string): number => text.split('\n').filter((line) => line.trim() !== '').length;

export function effectsOf(form: FailoverForm): readonly Told[] {
  const { monitored, automatic, witness, data, test, seconds } = form;
  const told = (effect: Effect, values: Told['values'] = {}): Told => ({ effect, values });
  const counted = (effect: Effect, text: string): Told[] => {
    const count = linesIn(text);
    return count === 0 ? [] : [told(effect, { count })];
  };
  const moved = [
    ...counted('addresses', form.addresses),
    ...(form.dns.on ? counted('dns', form.dns.records) : []),
    ...counted('services', form.services),
  ];
  return [
    monitored ? told('watched', { seconds }) : told('unwatched'),
    told(automatic ? 'automatic' : 'manual'),
    ...(automatic ? [told(data === 'apply' ? 'applied' : 'discarded')] : []),
    told(witness === 'none' ? 'alone' : 'witnessed'),
    ...(moved.length === 0 ? [told('dataOnly')] : moved),
    told(test.trim() === '' ? 'untried' : 'tried'),
  ];
}

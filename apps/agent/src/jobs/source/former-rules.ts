/**
 * The sets of rules that a job had before. In: an edit. Out: the list as it is kept with the job. Promise: what any of them took in is not
 * moved aside or deleted on the target because the rules are others now; beyond the limit the oldest is forgotten.
 */
import { type JobDefinition, jobDefinitionSchema } from '@understudy/wire';
import type { z } from 'zod';

export const formerRulesSchema = jobDefinitionSchema.pick({ include: true, exclude: true, ruleOrder: true });
export type FormerRules = z.output<typeof formerRulesSchema>;

export const MOST_FORMER_RULES = 16;

export function withFormer(former: readonly FormerRules[] | undefined, before: JobDefinition): FormerRules[] {
  const { include, exclude, ruleOrder } = before;
  const one: FormerRules = { include, exclude, ...(ruleOrder === undefined ? {} : { ruleOrder }) };
  const said = JSON.stringify(one);
  const others = (former ?? []).filter((rules) => JSON.stringify(rules) !== said);
  return [...others, one].slice(-MOST_FORMER_RULES);
}

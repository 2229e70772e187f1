/**
 * protect: the wizard that makes a job. In: what a person chooses, step by step. Out: a job as the main process takes it. Promised: what is
 * wrong by itself is said beside the field before any server is asked. This file is pure.
 */
import {
  type Compression,
  type FailoverOptions,
  type FoundPreset,
  failoverSchema,
  type InterceptChoice,
  jobNameSchema,
  type Mode,
  NO_FAILOVER_OPTIONS,
  type OrphanChoiceName,
  type RawPath,
  SLOWEST_RATE,
} from '@understudy/wire';
import type { PlannedJob } from '../../../shared/ipc-channels.ts';
import { rawPathFromText } from '../../raw-path.ts';
import { type FailoverForm, formOf, sectionOf } from '../../store/failover-edit.ts';

export const wizardSteps = ['source', 'what', 'target', 'options', 'check'] as const;
export type WizardStep = (typeof wizardSteps)[number];

export interface Draft {
  readonly source: string | null;
  readonly preset: FoundPreset | null;
  readonly include: readonly RawPath[];
  readonly exclude: readonly RawPath[];
  readonly target: string | null;
  /** Empty: at the same path. */
  readonly to: string;
  readonly name: string;
  readonly intercept: InterceptChoice;
  readonly compression: Compression;
  readonly mode: Mode;
  /** MiB a second; null: no limit. */
  readonly bandwidth: number | null;
  readonly orphans: OrphanChoiceName;
  readonly adopt: boolean;
  /** What the target does when the source is gone; null: nothing is said of it yet. */
  readonly failover: FailoverForm | null;
}

export const emptyDraft = (source: string | null): Draft => ({
  source,
  preset: null,
  include: [],
  exclude: [],
  target: null,
  to: '',
  name: '',
  intercept: 'auto',
  compression: 'none',
  mode: 'async',
  bandwidth: null,
  orphans: 'report',
  adopt: false,
  failover: null,
});

/** One choice beside what was chosen. The services of another application are not those that somebody has written down. */
export const withChoice = (draft: Draft, changes: Partial<Draft>): Draft => ({
  ...draft,
  ...('preset' in changes ? { failover: null } : {}),
  ...changes,
});

/** What an application's preset says of a failover. */
export function presetFailover({ preset }: Draft): FailoverOptions | null {
  const services = preset?.services ?? [];
  return services.length === 0 ? null : failoverSchema.parse({ ...NO_FAILOVER_OPTIONS, services });
}

/** It is watched, and a person decides. */
export const recommendedFailover = (draft: Draft): FailoverForm => ({
  ...formOf(presetFailover(draft)),
  monitored: true,
});

const readFailover = (draft: Draft) => {
  const before = presetFailover(draft);
  return sectionOf(draft.failover ?? formOf(before), before);
};

const MIB = 1024 * 1024;

/** Whether the step has what the next one needs. */
export function isComplete(step: WizardStep, draft: Draft): boolean {
  if (step === 'source') return draft.source !== null;
  if (step === 'what') return draft.include.length > 0 || draft.preset !== null;
  if (step === 'target')
    return draft.target !== null && toProblem(draft) === null && jobNameSchema.safeParse(draft.name).success;
  if (step === 'options')
    return (draft.bandwidth === null || draft.bandwidth * MIB >= SLOWEST_RATE) && readFailover(draft).problem === null;
  return true;
}

export type ToProblem = 'rule' | 'same';

/** A replica beside what it is a replica of needs a place of its own. */
export function toProblem({ to, source, target }: Draft): ToProblem | null {
  if (to.trim() !== '' && !to.trim().startsWith('/')) return 'rule';
  return to.trim() === '' && source !== null && source === target ? 'same' : null;
}

/** A name that can be a job's, from what is protected: `/srv/data` → `data`. */
export function suggestedName(draft: Draft, taken: ReadonlySet<string>): string {
  const last = draft.preset?.name ?? draft.include[0]?.text.split('/').findLast((part) => part !== '') ?? 'job';
  const plain = last
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 50);
  const base = plain === '' ? 'job' : plain;
  for (let n = 1; ; n += 1) {
    const name = n === 1 ? base : `${base}-${n}`;
    if (!taken.has(name)) return name;
  }
}

/** Throws where a step is not complete: nobody gets here before. */
export function planOf(draft: Draft): PlannedJob {
  const { source, target, preset } = draft;
  if (source === null || target === null) throw new Error('the wizard has not come to its end');
  const to = draft.to.trim();
  const failover = readFailover(draft);
  if (failover.problem !== null) throw new Error('the wizard has not come to its end');
  return {
    source,
    target,
    preset: preset?.name ?? null,
    definition: {
      name: draft.name,
      ...rulesOf(draft),
      to: to === '' ? null : rawPathFromText(to),
      intercept: draft.intercept,
      mode: draft.mode,
      compression: draft.compression,
      bandwidth: draft.bandwidth === null ? null : Math.round(draft.bandwidth * MIB),
      ...(draft.orphans === 'report' ? {} : { mirror: { orphans: draft.orphans } }),
      ...(failover.section == null ? {} : { failover: failover.section }),
    },
  };
}

/** A preset's rules come first, so that a folder that was chosen beside it takes back in what the preset leaves out. */
function rulesOf({
  preset,
  include,
  exclude,
}: Draft): Pick<PlannedJob['definition'], 'include' | 'exclude' | 'ruleOrder'> {
  const [firstIn, firstOut] = [preset?.include ?? [], preset?.exclude ?? []];
  const isPlain = firstOut.length === 0 || include.length === 0;
  const order = [
    ...firstIn.map(() => 'include' as const),
    ...firstOut.map(() => 'exclude' as const),
    ...include.map(() => 'include' as const),
    ...exclude.map(() => 'exclude' as const),
  ];
  return {
    include: [...firstIn, ...include],
    exclude: [...firstOut, ...exclude],
    ...(isPlain ? {} : { ruleOrder: order }),
  };
}

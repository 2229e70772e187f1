import { TextInput } from '@mantine/core';
import { jobNameSchema } from '@understudy/wire';
import { useEffect, useMemo } from 'react';
import { useConsole } from '../../store/app.ts';
import { useWords } from '../../use-words.ts';
import { suggestedName, toProblem } from './draft.ts';
import { ServerChoice } from './source-step.tsx';
import type { StepProps } from './step-props.ts';

export function TargetStep({ draft, change }: StepProps) {
  const { t } = useWords();
  const jobs = useConsole((state) => state.jobs);
  const taken = useMemo(() => new Set(jobs.map(({ name }) => name)), [jobs]);
  const problem = toProblem(draft);
  const toError = problem === null ? undefined : t(problem === 'rule' ? 'protect.ruleBad' : 'protect.toSame');
  // biome-ignore lint/correctness/useExhaustiveDependencies: a proposal for the empty field, once
  useEffect(() => {
    if (draft.name === '') change({ name: suggestedName(draft, taken) });
  }, []);
  const isName = jobNameSchema.safeParse(draft.name).success;
  const nameError = taken.has(draft.name)
    ? t('protect.nameTaken', { server: draft.source ?? '' })
    : isName
      ? undefined
      : t('protect.nameHint');
  return (
    <div className="us-form">
      <ServerChoice
        label={t('protect.target')}
        value={draft.target}
        same={draft.source}
        onChange={(target) => change({ target })}
      />
      <TextInput
        label={t('protect.to')}
        description={t('protect.toHint')}
        placeholder="/srv/replicas"
        value={draft.to}
        error={draft.target === null ? undefined : toError}
        onChange={(event) => change({ to: event.currentTarget.value })}
      />
      <TextInput
        label={t('protect.name')}
        description={t('protect.nameHint')}
        value={draft.name}
        error={nameError}
        onChange={(event) => change({ name: event.currentTarget.value })}
      />
    </div>
  );
}

import { Button, Loader } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconCircleMinus, IconOctagonMinus } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import type { CheckResult, CreatedJob } from '../../../shared/ipc-channels.ts';
import { invoke } from '../../bridge.ts';
import { sentence } from '../../format.ts';
import { Note } from '../../parts/panel.tsx';
import { StateBadge } from '../../parts/state-badge.tsx';
import { useTask } from '../../parts/use-task.ts';
import { go, useConsole } from '../../store/app.ts';
import { jobByKey } from '../../store/store.ts';
import { useWatched } from '../../store/watched.ts';
import { useWords } from '../../use-words.ts';
import { MirrorPanel } from '../job/mirror-panel.tsx';
import { planOf } from './draft.ts';
import type { StepProps } from './step-props.ts';

const SHAPES = {
  ok: IconCircleCheck,
  warning: IconAlertTriangle,
  error: IconOctagonMinus,
  skipped: IconCircleMinus,
} as const;
const COLOURS = { ok: 'us-good', warning: 'us-risk', error: 'us-halted', skipped: 'us-dim' } as const;

/** Everything is tried before anything is made; then the first copy is watched. */
export function CheckStep({ draft }: StepProps) {
  const { t } = useWords();
  const [results, setResults] = useState<readonly CheckResult[] | null>(null);
  const [created, setCreated] = useState<CreatedJob | null>(null);
  const checking = useTask();
  const creating = useTask();
  const check = (): void => checking.run(async () => setResults(await invoke('checkJob', planOf(draft))));
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the step is shown
  useEffect(check, []);
  const create = (): void =>
    creating.run(async () =>
      setCreated(await invoke('createJob', { ...planOf(draft), start: true, adopt: draft.adopt })),
    );
  if (created !== null) return <Created created={created} name={draft.name} />;
  const hasError = results?.some(({ state }) => state === 'error') ?? true;
  return (
    <div className="us-form">
      {results === null ? <Waiting /> : <CheckList results={results} />}
      {checking.failure === null ? null : <Note kind="halted">{checking.failure}</Note>}
      {results !== null && hasError ? <p className="us-halted">{t('protect.mendFirst')}</p> : null}
      {creating.failure === null ? null : <Note kind="halted">{creating.failure}</Note>}
      <div className="us-actions">
        <Button disabled={results === null || hasError} loading={creating.running} onClick={create}>
          {t('protect.create')}
        </Button>
        <Button variant="default" loading={checking.running} onClick={check}>
          {t('protect.checkAgain')}
        </Button>
      </div>
    </div>
  );
}

function Waiting() {
  const { t } = useWords();
  return (
    <p className="us-state-line">
      <Loader size={14} /> {t('protect.checking')}
    </p>
  );
}

function CheckList({ results }: { readonly results: readonly CheckResult[] }) {
  const { t } = useWords();
  return (
    <ol className="us-steps" aria-live="polite">
      {results.map(({ step, state, sentences }) => {
        const Shape = SHAPES[state];
        return (
          <li key={step} data-check={step} data-state={state}>
            <span className={COLOURS[state]}>
              <Shape size={15} aria-hidden />
            </span>
            <span>{t(`protect.checks.${step}`)}</span>
            <span className={COLOURS[state]}>{t(`protect.checkState.${state}`)}</span>
            {sentences.map((one) => (
              <span key={one} className="us-under us-break us-pre">
                {sentence(one)}
              </span>
            ))}
          </li>
        );
      })}
    </ol>
  );
}

function Created({ created, name }: { readonly created: CreatedJob; readonly name: string }) {
  const { t } = useWords();
  const job = useConsole((state) => jobByKey(state, created.key));
  useWatched(job === null ? [] : [job]);
  return (
    <div className="us-form">
      <Note kind="good">{t(job?.status.state === 'protected' ? 'protect.ready' : 'protect.created', { name })}</Note>
      {created.notes.map((note) => (
        <Note key={note} kind="risk">
          {sentence(note)}
        </Note>
      ))}
      {job === null ? null : (
        <>
          <StateBadge job={job} />
          <MirrorPanel job={job} />
        </>
      )}
      <div className="us-actions">
        <Button onClick={() => go({ screen: 'job', job: created.key })}>{t('protect.open')}</Button>
      </div>
    </div>
  );
}

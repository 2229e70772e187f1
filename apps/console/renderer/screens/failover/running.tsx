import { Button } from '@mantine/core';
import {
  IconArrowBackUp,
  IconCircleCheck,
  IconCircleDashed,
  IconCircleMinus,
  IconOctagonMinus,
  IconPlayerPlay,
} from '@tabler/icons-react';
import type { TakeoverStatus, TakeoverStepStatus } from '@understudy/wire';
import type { ComponentType } from 'react';
import type { JobEnd } from '../../../shared/view.ts';
import { ask } from '../../bridge.ts';
import { duration, sentence } from '../../format.ts';
import { Note, Panel } from '../../parts/panel.tsx';
import { useTask } from '../../parts/use-task.ts';
import { type JobView, takerOf } from '../../store/jobs.ts';
import { useNow, useWords } from '../../use-words.ts';
import type { WordKey } from '../../words/words.ts';

type StepState = TakeoverStepStatus['state'];

const SHAPES: Readonly<Record<StepState, ComponentType<{ size?: number }>>> = {
  waiting: IconCircleDashed,
  doing: IconPlayerPlay,
  done: IconCircleCheck,
  skipped: IconCircleMinus,
  failed: IconOctagonMinus,
  undoing: IconArrowBackUp,
  undone: IconArrowBackUp,
};
const COLOURS: Readonly<Record<StepState, string>> = {
  waiting: 'us-dim',
  doing: 'us-busy',
  done: 'us-good',
  skipped: 'us-dim',
  failed: 'us-halted',
  undoing: 'us-risk',
  undone: 'us-risk',
};
const TITLES: Readonly<Record<TakeoverStatus['phase'], WordKey>> = {
  'failing-over': 'failover.running',
  'failed-over': 'failover.over',
  'taking-back': 'failover.running',
  halted: 'failover.halted',
  'taken-back': 'failover.takenBack',
};

interface StepsProps {
  /** Of the target. */
  readonly end: JobEnd;
  readonly takeover: TakeoverStatus;
  /** Since when the target does not answer, ms; null: it does. */
  readonly staleSinceMs: number | null;
}

/** The steps as the target does them; its word of each, live. Where it is silent they are those of then, and that is said. */
export function TakeoverSteps({ end, takeover, staleSinceMs }: StepsProps) {
  const { t } = useWords();
  const now = useNow();
  const { phase, steps } = takeover;
  const { taker } = takerOf(end);
  const age = staleSinceMs === null ? '' : duration(now - staleSinceMs);
  return (
    <>
      <Panel title={t(TITLES[phase], { target: taker })} className={staleSinceMs === null ? '' : 'us-stale'}>
        <ol className="us-panel-body us-steps" aria-live="polite">
          {steps.map((step) => (
            <Step key={step.step} step={step} />
          ))}
        </ol>
      </Panel>
      {staleSinceMs === null ? null : <Note kind="halted">{t('failover.asOf', { target: taker, age })}</Note>}
    </>
  );
}

interface RunningProps extends StepsProps {
  readonly job: JobView;
}

export function RunningPart({ job, end, takeover, staleSinceMs }: RunningProps) {
  const { t } = useWords();
  const { phase, reason, advice } = takeover;
  const isHalted = phase === 'halted' && staleSinceMs === null;
  return (
    <>
      <TakeoverSteps end={end} takeover={takeover} staleSinceMs={staleSinceMs} />
      {isHalted ? (
        <Note kind="halted">
          {reason === null ? t('failover.halted') : sentence(reason.sentence)}
          {advice === '' ? null : `\n${sentence(advice.replaceAll('NAME', job.name))}`}
        </Note>
      ) : null}
      {isHalted ? <HaltedActions name={job.name} server={end.server} takeover={takeover} /> : null}
    </>
  );
}

function Step({ step: { step, state, sentence: said, outcome } }: { readonly step: TakeoverStepStatus }) {
  const { t } = useWords();
  const Shape = SHAPES[state];
  return (
    <li data-step={step} data-state={state}>
      <span className={COLOURS[state]}>
        <Shape size={15} aria-hidden />
      </span>
      <span className="us-break">{sentence(outcome ?? said)}</span>
      <span className={COLOURS[state]}>{t(`failover.stepState.${state}`)}</span>
    </li>
  );
}

interface HaltedProps {
  readonly name: string;
  readonly server: string;
  readonly takeover: TakeoverStatus;
}

/** Behind the point of no return it goes on from where it stands; before it, it can be taken back. */
function HaltedActions({ name, server, takeover }: HaltedProps) {
  const { t } = useWords();
  const task = useTask();
  const isPast = takeover.steps.some(({ step, state }) => step === 'intercept' && state !== 'waiting');
  const again = (skip: boolean) => () =>
    task.run(async () => {
      await ask(server, 'job.failover', { name, sourceIsDown: true, skip });
    });
  return (
    <div className="us-form">
      {task.failure === null ? null : <Note kind="halted">{task.failure}</Note>}
      <div className="us-actions">
        <Button loading={task.running} onClick={again(false)}>
          {t('common.retry')}
        </Button>
        {isPast ? (
          <Button variant="default" loading={task.running} onClick={again(true)}>
            {t('failover.skip')}
          </Button>
        ) : (
          <Button
            variant="default"
            loading={task.running}
            onClick={() => task.run(async () => void (await ask(server, 'job.failoverCancel', { name })))}
          >
            {t('failover.cancel')}
          </Button>
        )}
      </div>
    </div>
  );
}

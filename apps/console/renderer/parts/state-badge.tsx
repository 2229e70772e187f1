/** parts: pieces that several screens show. In: views and words. Out: elements. Promised: a state has a word and a shape, never a colour alone. */
import {
  IconAlertTriangle,
  IconArrowBackUp,
  IconArrowForwardUp,
  IconCircleCheck,
  IconCircleDashed,
  IconCircleHalf2,
  IconDiamond,
  IconOctagonMinus,
  IconPlayerPause,
  IconPlayerStop,
  IconPlugConnectedX,
  IconQuestionMark,
  IconTool,
} from '@tabler/icons-react';
import type { JobState } from '@understudy/wire';
import type { ComponentType } from 'react';
import { type Health, healthOfState, type JobView } from '../store/jobs.ts';
import { useWords } from '../use-words.ts';

const SHAPES: Readonly<Record<JobState, ComponentType<{ size?: number }>>> = {
  stopped: IconPlayerStop,
  calculating: IconCircleDashed,
  mirroring: IconCircleHalf2,
  repairing: IconTool,
  protected: IconCircleCheck,
  degraded: IconAlertTriangle,
  paused: IconPlayerPause,
  disconnected: IconPlugConnectedX,
  replaying: IconCircleDashed,
  'failing-over': IconArrowForwardUp,
  'failed-over': IconDiamond,
  'failing-back': IconArrowBackUp,
  halted: IconOctagonMinus,
};

export const HEALTH_SHAPES: Readonly<Record<Health, ComponentType<{ size?: number }>>> = {
  good: IconCircleCheck,
  busy: IconCircleHalf2,
  risk: IconAlertTriangle,
  halted: IconOctagonMinus,
  stopped: IconPlayerStop,
};

/** Of an agent that does not answer the word is that of then, and says so. */
export function StateBadge({ job }: { readonly job: JobView }) {
  const { t } = useWords();
  const { state } = job.status;
  const word = t(`states.job.${state}`);
  if (job.staleSinceMs !== null)
    return (
      <span className="us-state us-stale">
        <IconQuestionMark size={15} aria-hidden />
        {t('states.lastKnown', { state: word })}
      </span>
    );
  const Shape = SHAPES[state];
  const health = healthOfState(state) === 'good' ? job.health : healthOfState(state);
  return (
    <span className={`us-state us-${health}`}>
      <Shape size={15} aria-hidden />
      {word}
      {health === 'risk' && state === 'protected' ? <IconAlertTriangle size={14} aria-hidden /> : null}
    </span>
  );
}

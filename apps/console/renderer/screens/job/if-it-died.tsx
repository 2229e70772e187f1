import { IconAlertTriangle, IconCircleCheck, IconClockHour4, IconInbox } from '@tabler/icons-react';
import type { ComponentType } from 'react';
import { bytes, duration, moment } from '../../format.ts';
import { Panel } from '../../parts/panel.tsx';
import { counted, dirtyWords, lostWord } from '../../parts/words-of.ts';
import { atStake, type JobView, targetQueue } from '../../store/jobs.ts';
import { useWords, type Words } from '../../use-words.ts';

interface Line {
  readonly icon: ComponentType<{ size?: number }>;
  readonly colour: string;
  readonly text: string;
}

export function IfItDied({ job, nowMs }: { readonly job: JobView; readonly nowMs: number }) {
  const words = useWords();
  return (
    <Panel title={words.t('job.died.title')}>
      <ul className="us-panel-body us-form">
        {linesOf(words, job, nowMs).map(({ icon: Icon, colour, text }) => (
          <li key={text} className={`us-state-line ${colour}`}>
            <Icon size={15} aria-hidden />
            <span className="us-num">{text}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function linesOf(words: Words, job: JobView, nowMs: number): readonly Line[] {
  const { t, locale } = words;
  const stake = atStake(job, nowMs);
  const lines: Line[] = [];
  const add = (icon: Line['icon'], colour: string, text: string): void => void lines.push({ icon, colour, text });
  const silentMs = job.captor === null ? null : job.captorStaleSinceMs;
  if (silentMs !== null)
    add(
      IconAlertTriangle,
      'us-halted',
      t('job.died.stale', { time: moment(new Date(silentMs).toISOString(), locale) }),
    );
  const lost = lostWord(words, stake);
  if (lost !== null) add(IconAlertTriangle, 'us-risk', lost);
  for (const text of dirtyWords(words, stake)) add(IconAlertTriangle, 'us-risk', text);
  if (stake.oldestMs === null) add(IconAlertTriangle, 'us-halted', t('job.died.noPoint'));
  else add(IconClockHour4, '', t('job.died.oldest', { age: duration(stake.oldestMs) }));
  const queue = targetQueue(job);
  if (queue !== undefined && queue.operations > 0)
    add(
      IconInbox,
      'us-dim',
      t('job.died.received', {
        operations: counted(words, 'common.operations', queue.operations),
        bytes: bytes(queue.bytes, locale),
      }),
    );
  const isClean = lines.length === 1 && stake.oldestMs !== null;
  if (isClean && job.health === 'good')
    lines.unshift({ icon: IconCircleCheck, colour: 'us-good', text: t('job.died.nothing') });
  return lines;
}

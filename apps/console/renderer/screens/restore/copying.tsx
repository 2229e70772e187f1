import { Button } from '@mantine/core';
import type { RestoreStatus } from '@understudy/wire';
import { ask } from '../../bridge.ts';
import { bytes, moment, percent, sentence, shown } from '../../format.ts';
import { Facts, Note, Panel } from '../../parts/panel.tsx';
import { useTask } from '../../parts/use-task.ts';
import type { JobView } from '../../store/jobs.ts';
import { useWords } from '../../use-words.ts';

interface CopyingProps {
  readonly job: JobView;
  readonly keeper: string;
  readonly status: RestoreStatus;
}

/** The one under way, or the last. */
export function Copying({ job, keeper, status }: CopyingProps) {
  const { t, locale } = useWords();
  const task = useTask();
  const { phase, mirror, reason, places, server, by, startedAt } = status;
  const cancel = (): void => task.run(async () => void (await ask(keeper, 'job.restoreCancel', { name: job.name })));
  return (
    <Panel title={t(`restore.phase.${phase}`, { server })}>
      <div className="us-panel-body us-form">
        {mirror === null ? null : (
          <div
            className="us-meter"
            role="progressbar"
            aria-label={t('restore.progress')}
            aria-valuenow={Math.floor(mirror.percent)}
            aria-valuemin={0}
            aria-valuemax={100}
          >
            <div style={{ width: `${mirror.percent}%` }} />
          </div>
        )}
        <Facts
          facts={[
            [t('restore.to'), places.map(shown).join(', ')],
            [t('restore.begun'), t('restore.by', { time: moment(startedAt, locale), who: by })],
            ...(mirror === null
              ? []
              : [
                  [
                    t('restore.sent'),
                    `${percent(mirror.percent, locale)}, ${bytes(mirror.bytesSent, locale)}`,
                  ] as const,
                ]),
          ]}
        />
        {reason === null ? null : (
          <Note kind={phase === 'halted' ? 'halted' : 'busy'}>{sentence(reason.sentence)}</Note>
        )}
        {task.failure === null ? null : <Note kind="halted">{task.failure}</Note>}
        {phase === 'copying' || phase === 'halted' ? (
          <div className="us-actions">
            <Button variant="default" loading={task.running} onClick={cancel}>
              {t('restore.cancel')}
            </Button>
          </div>
        ) : null}
      </div>
    </Panel>
  );
}

import { Button } from '@mantine/core';
import type { TestFailover } from '@understudy/wire';
import { useState } from 'react';
import type { JobEnd } from '../../../shared/view.ts';
import { ask } from '../../bridge.ts';
import { duration, moment, sentence } from '../../format.ts';
import { Note, Panel } from '../../parts/panel.tsx';
import { useTask } from '../../parts/use-task.ts';
import type { JobView } from '../../store/jobs.ts';
import { useWords } from '../../use-words.ts';

/** A failover that is only tried, on a copy. */
export function TestPart({ job, end }: { readonly job: JobView; readonly end: JobEnd }) {
  const { t } = useWords();
  const task = useTask();
  const [result, setResult] = useState<TestFailover | null>(null);
  const running = task.running || end.status.failover?.test?.running === true;
  const last = result ?? end.status.failover?.test?.last ?? null;
  const begin = (): void =>
    task.run(async () => setResult(await ask(end.server, 'job.testFailover', { name: job.name })));
  return (
    <Panel
      title={t('failover.test')}
      end={
        <Button variant="default" size="compact-xs" loading={running} onClick={begin}>
          {t('failover.test')}
        </Button>
      }
    >
      <div className="us-panel-body us-form">
        <p className="us-dim">{t('failover.testHint')}</p>
        {running ? <p>{t('failover.testing', { target: end.server })}</p> : null}
        {task.failure === null ? null : <Note kind="halted">{task.failure}</Note>}
        {last === null ? null : <TestResult result={last} />}
      </div>
    </Panel>
  );
}

function TestResult({ result }: { readonly result: TestFailover }) {
  const { t, locale } = useWords();
  const took = result.recoveryMs === null ? '' : ` · ${t('failover.testTook', { age: duration(result.recoveryMs) })}`;
  return (
    <Note kind={result.ok ? 'good' : 'halted'}>
      {t(result.ok ? 'failover.testOk' : 'failover.testFailed')} ({moment(result.startedAt, locale)}
      {took}){'\n'}
      {sentence(result.sentence)}
    </Note>
  );
}

/**
 * restore: what a target keeps of a job is copied back to its source, or elsewhere. In: one job's view. Out: the plan of the agent that keeps
 * the replica, a person's word, how far the copy has come. Promised: nothing is ordered before it was shown.
 */
import { Button, Checkbox, Radio, Select, TextInput } from '@mantine/core';
import type { RestorePlan } from '@understudy/wire';
import { useState } from 'react';
import { ask, invoke } from '../../bridge.ts';
import { sentence } from '../../format.ts';
import { JobSheet } from '../../parts/job-sheet.tsx';
import { Note, Panel } from '../../parts/panel.tsx';
import { useAnswer } from '../../parts/use-answer.ts';
import { type Task, useTask } from '../../parts/use-task.ts';
import { rawPathFromText } from '../../raw-path.ts';
import { useConsole } from '../../store/app.ts';
import { type JobView, targetEnd } from '../../store/jobs.ts';
import { useNow, useWords } from '../../use-words.ts';
import { Obstacles } from '../failover/obstacles.tsx';
import { Copying } from './copying.tsx';

export function RestoreSheet({ jobKey }: { readonly jobKey: string }) {
  return (
    <JobSheet jobKey={jobKey} title="restore.title">
      {(job) => <Keeper job={job} />}
    </JobSheet>
  );
}

function Keeper({ job }: { readonly job: JobView }) {
  const { t } = useWords();
  const servers = useConsole((state) => state.servers);
  const keeper = targetEnd(job)?.server ?? null;
  if (keeper === null || servers[keeper]?.link.state !== 'live') return <Note kind="halted">{t('why.noTarget')}</Note>;
  return <Restore job={job} keeper={keeper} />;
}

interface RestoreProps {
  readonly job: JobView;
  readonly keeper: string;
}

function Restore({ job, keeper }: RestoreProps) {
  const now = useNow();
  const { answer } = useAnswer(keeper, 'job.restoreStatus', { name: job.name }, now);
  const status = answer?.restore ?? null;
  return (
    <div className="us-form">
      {status === null ? null : <Copying job={job} keeper={keeper} status={status} />}
      {status?.phase === 'copying' ? null : <Choice job={job} keeper={keeper} />}
    </div>
  );
}

/** Null: back to its source. */
interface Place {
  readonly server: string;
  readonly directory: string;
}

function useChoice(job: JobView, place: Place | null, overwrite: boolean, risks: readonly string[]) {
  const servers = useConsole((state) => state.servers);
  const server = place === null ? undefined : servers[place.server];
  const isWhole = place === null || (server !== undefined && place.directory.startsWith('/'));
  const to =
    place === null || server === undefined
      ? null
      : {
          server: { name: server.name, address: server.address, fingerprint: server.fingerprint },
          directory: rawPathFromText(place.directory),
        };
  return { isWhole, choice: { name: job.name, to, overwrite, risks: [...risks] } };
}

/** The plan is asked for when a person wants to see it: the other server is asked for it, too. */
function Choice({ job, keeper }: RestoreProps) {
  const { t } = useWords();
  const [place, setPlace] = useState<Place | null>(null);
  const [overwrite, setOverwrite] = useState(false);
  const [risks, setRisks] = useState<readonly string[]>([]);
  const [plan, setPlan] = useState<RestorePlan | null>(null);
  const task = useTask();
  const { isWhole, choice } = useChoice(job, place, overwrite, risks);
  /** Another choice, for which there is no plan yet. */
  const anew =
    <T,>(set: (value: T) => void) =>
    (value: T): void => {
      set(value);
      setPlan(null);
    };
  const look = (wanted: typeof choice): void =>
    task.run(async () => {
      setPlan(null);
      if (wanted.to !== null) await invoke('introduce', { source: keeper, target: wanted.to.server.name });
      setPlan(await ask(keeper, 'job.restorePlan', wanted));
    });
  const take = (taken: readonly string[]): void => {
    setRisks(taken);
    look({ ...choice, risks: [...taken] });
  };
  const order = (): void => task.run(async () => void (await ask(keeper, 'job.restore', choice)));
  return (
    <form
      className="us-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (isWhole) look(choice);
      }}
    >
      <Where job={job} place={place} onChange={anew(setPlace)} />
      <Checkbox
        label={t('restore.overwrite')}
        checked={overwrite}
        onChange={(event) => anew(setOverwrite)(event.currentTarget.checked)}
      />
      {task.failure === null ? null : <Note kind="halted">{task.failure}</Note>}
      <div className="us-actions">
        <Button type="submit" variant="default" loading={task.running && plan === null} disabled={!isWhole}>
          {t('restore.look')}
        </Button>
      </div>
      {plan === null ? null : <Planned plan={plan} risks={risks} task={task} onRisks={take} onOrder={order} />}
    </form>
  );
}

interface WhereProps {
  readonly job: JobView;
  readonly place: Place | null;
  readonly onChange: (place: Place | null) => void;
}

function Where({ job, place, onChange }: WhereProps) {
  const { t } = useWords();
  const servers = useConsole((state) => state.servers);
  const names = Object.keys(servers).sort();
  const { source } = job.status;
  return (
    <>
      <Radio.Group
        label={t('restore.where')}
        value={place === null ? 'back' : 'elsewhere'}
        onChange={(value) => onChange(value === 'back' ? null : { server: names[0] ?? '', directory: '' })}
      >
        <div className="us-form us-choices">
          <Radio size="xs" value="back" label={t('restore.back', { source })} description={t('restore.backHint')} />
          <Radio size="xs" value="elsewhere" label={t('restore.elsewhere')} description={t('restore.elsewhereHint')} />
        </div>
      </Radio.Group>
      {place === null ? null : (
        <>
          <Select
            label={t('restore.server')}
            data={names}
            value={place.server}
            onChange={(server) => onChange({ ...place, server: server ?? place.server })}
          />
          <TextInput
            label={t('restore.directory')}
            value={place.directory}
            onChange={(event) => onChange({ ...place, directory: event.currentTarget.value })}
          />
        </>
      )}
    </>
  );
}

interface PlannedProps {
  readonly plan: RestorePlan;
  readonly risks: readonly string[];
  readonly task: Task;
  readonly onRisks: (risks: readonly string[]) => void;
  readonly onOrder: () => void;
}

function Planned({ plan, risks, task, onRisks, onOrder }: PlannedProps) {
  const { t } = useWords();
  return (
    <>
      <Panel title={t('failover.steps')}>
        <ol className="us-panel-body us-form">
          {plan.steps.map((step) => (
            <li key={step} className="us-break">
              {sentence(step)}
            </li>
          ))}
          {plan.notes.map((note) => (
            <li key={note} className="us-dim us-break">
              {sentence(note)}
            </li>
          ))}
        </ol>
      </Panel>
      <Obstacles plan={plan} risks={risks} onChange={onRisks} />
      <div className="us-actions">
        <Button color="red" loading={task.running} disabled={plan.obstacles.length > 0} onClick={onOrder}>
          {t('restore.go', { server: plan.server })}
        </Button>
      </div>
    </>
  );
}

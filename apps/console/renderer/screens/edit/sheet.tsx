/**
 * edit: what of a job can be otherwise. In: one job's view. Out: a call that names the revision it was made from. Promised: nothing is sent
 * but what was changed here; where somebody else was faster that is shown, and a person decides.
 */
import { Button } from '@mantine/core';
import type { JobDefinition } from '@understudy/wire';
import { useCallback, useEffect, useState } from 'react';
import { ask, ConsoleError, sentenceOf } from '../../bridge.ts';
import { whyNot } from '../../parts/actions.ts';
import { JobSheet } from '../../parts/job-sheet.tsx';
import { Note } from '../../parts/panel.tsx';
import { useTask } from '../../parts/use-task.ts';
import { useConsole } from '../../store/app.ts';
import { changedFields, changesOf, type Merged, merged } from '../../store/job-edit.ts';
import { type JobView, offersOf } from '../../store/jobs.ts';
import { useWords } from '../../use-words.ts';
import { Conflict } from './conflict.tsx';
import { type CheckedPart, Fields } from './fields.tsx';

export function EditSheet({ jobKey }: { readonly jobKey: string }) {
  return (
    <JobSheet jobKey={jobKey} title="edit.title">
      {(job) => <Owner job={job} />}
    </JobSheet>
  );
}

function Owner({ job }: { readonly job: JobView }) {
  const words = useWords();
  const servers = useConsole((state) => state.servers);
  const server = offersOf(job, servers).find(({ action }) => action === 'edit')?.server ?? null;
  if (server === null) return <Note kind="halted">{whyNot(words, job, 'edit', servers)}</Note>;
  return <Loaded job={job} server={server} />;
}

interface Kept {
  readonly revision: number;
  readonly definition: JobDefinition;
}

/** The definition is asked for once, when the sheet opens: what a person has begun is not changed under his hands. */
function Loaded({ job, server }: { readonly job: JobView; readonly server: string }) {
  const { t } = useWords();
  const [kept, setKept] = useState<Kept | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const { name } = job;
  const load = useCallback(() => ask(server, 'job.get', { name }), [server, name]);
  useEffect(() => {
    load()
      .then(setKept)
      .catch((error: unknown) => setFailure(sentenceOf(error)));
  }, [load]);
  if (failure !== null) return <Note kind="halted">{failure}</Note>;
  if (kept === null) return <p className="us-dim">{t('common.loading')}</p>;
  return <Editor job={job} server={server} kept={kept} setKept={setKept} load={load} />;
}

interface EditorProps {
  readonly job: JobView;
  readonly server: string;
  readonly kept: Kept;
  readonly setKept: (kept: Kept) => void;
  readonly load: () => Promise<Kept>;
}

interface Clash extends Merged {
  readonly now: Kept;
}

/** What a person has changed so far, and how it is brought to the agent. */
function useEdit({ job, server, kept, setKept, load }: EditorProps) {
  const [mine, setMine] = useState(kept.definition);
  const [clash, setClash] = useState<Clash | null>(null);
  const [notes, setNotes] = useState<readonly string[] | null>(null);
  const task = useTask();
  const take = (now: Kept, definition: JobDefinition): void => {
    setKept(now);
    setMine(definition);
    setClash(null);
  };
  const save = async (base: Kept, wanted: JobDefinition): Promise<void> => {
    const changes = changesOf(base.definition, wanted);
    const answer = await ask(server, 'job.edit', { name: job.name, revision: base.revision, changes });
    take({ revision: answer.revision, definition: wanted }, wanted);
    setNotes(answer.notes);
  };
  const order = (): void =>
    task.run(async () => {
      setNotes(null);
      try {
        await save(kept, mine);
      } catch (error) {
        if (!(error instanceof ConsoleError) || error.agentCode !== 'refused') throw error;
        const now = await load();
        if (now.revision === kept.revision) throw error;
        const both = merged(kept.definition, mine, now.definition);
        // It was only paused or started meanwhile: nobody has written what would be lost.
        if (both.theirs.length === 0) await save(now, mine);
        else setClash({ ...both, now });
      }
    });
  return { mine, setMine, clash, notes, task, take, order };
}

/** Which parts are written wrongly now: nothing is saved so long. */
function useValid() {
  const [wrong, setWrong] = useState<readonly CheckedPart[]>([]);
  const onValid = (part: CheckedPart, isRight: boolean): void =>
    setWrong((before) => [...before.filter((one) => one !== part), ...(isRight ? [] : [part])]);
  return { valid: wrong.length === 0, onValid, forget: () => setWrong([]) };
}

function Editor(props: EditorProps) {
  const { t } = useWords();
  const { job, kept } = props;
  const { valid, onValid, forget } = useValid();
  const { mine, setMine, clash, notes, task, take, order } = useEdit(props);
  const changed = changedFields(kept.definition, mine);
  // The fields are made anew of a definition that is whole: what was written wrongly into the ones before is gone.
  const resume: typeof take = (now, definition) => {
    forget();
    take(now, definition);
  };
  return (
    <form
      className="us-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (changed.length > 0 && valid) order();
      }}
    >
      <Fields key={kept.revision} definition={mine} job={job} onChange={setMine} onValid={onValid} />
      <div className="us-sheet-end">
        {task.failure === null ? null : <Note kind="halted">{task.failure}</Note>}
        {clash === null ? null : (
          <Conflict
            clash={clash}
            onMine={() => resume(clash.now, clash.definition)}
            onTheirs={() => resume(clash.now, clash.now.definition)}
          />
        )}
        {notes === null ? null : <Note kind="good">{[t('edit.saved'), ...notes].join('\n')}</Note>}
        <div className="us-sheet-save">
          <span className="us-dim" aria-live="polite">
            {changed.length === 0
              ? t('edit.unchanged')
              : t('edit.changed', { fields: changed.map((field) => t(`edit.fields.${field}`)).join(', ') })}
          </span>
          <Button type="submit" loading={task.running} disabled={changed.length === 0 || !valid || clash !== null}>
            {t('edit.save')}
          </Button>
        </div>
      </div>
    </form>
  );
}

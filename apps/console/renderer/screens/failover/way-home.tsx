import { Button, Checkbox } from '@mantine/core';
import type { UnsentList } from '@understudy/wire';
import { useState } from 'react';
import type { JobEnd } from '../../../shared/view.ts';
import { ask } from '../../bridge.ts';
import { bytes, sentence, shown } from '../../format.ts';
import { Note, Panel } from '../../parts/panel.tsx';
import { useAnswer } from '../../parts/use-answer.ts';
import { useTask } from '../../parts/use-task.ts';
import { counted } from '../../parts/words-of.ts';
import { useConsole } from '../../store/app.ts';
import { type JobView, takerOf } from '../../store/jobs.ts';
import { useWords } from '../../use-words.ts';
import type { WordKey } from '../../words/words.ts';

type Way = 'failback' | 'reverse' | 'undo';
const WAYS: readonly { readonly way: Way; readonly title: WordKey; readonly hint: WordKey }[] = [
  { way: 'failback', title: 'failover.failback', hint: 'failover.failbackHint' },
  { way: 'reverse', title: 'failover.reverse', hint: 'failover.reverseHint' },
  { way: 'undo', title: 'failover.undoFailover', hint: 'failover.undoHint' },
];

/** `end`: of the server that has taken over. */
export function WayHome({ job, end }: { readonly job: JobView; readonly end: JobEnd }) {
  const { t } = useWords();
  const [chosen, setChosen] = useState<Way | null>(null);
  const [discard, setDiscard] = useState(false);
  const [told, setTold] = useState<string | null>(null);
  const task = useTask();
  const { server } = end;
  const { taker: source, giver: target } = takerOf(end);
  const names = { source, target };
  const go = (way: Way): void =>
    task.run(async () => {
      setTold(await take(way, { server, name: job.name, discard }));
      setChosen(null);
    });
  return (
    <Panel title={t('failover.home')}>
      <div className="us-panel-body us-form">
        <Unsent job={job} server={server} />
        {WAYS.map(({ way, title, hint }) => (
          <div key={way} className="us-way">
            <Button variant={chosen === way ? 'filled' : 'default'} onClick={() => setChosen(way)}>
              {t(title)}
            </Button>
            <span className="us-dim">{t(hint, names)}</span>
          </div>
        ))}
        {chosen === 'undo' ? (
          <Checkbox
            label={t('failover.discardChanges')}
            checked={discard}
            onChange={(event) => setDiscard(event.currentTarget.checked)}
          />
        ) : null}
        {task.failure === null ? null : <Note kind="halted">{task.failure}</Note>}
        {told === null ? null : <Note kind="good">{told}</Note>}
        {chosen === null ? null : (
          <div className="us-actions">
            <Button color="red" loading={task.running} onClick={() => go(chosen)}>
              {t('failover.confirm')}
            </Button>
            <Button variant="default" onClick={() => setChosen(null)}>
              {t('common.cancel')}
            </Button>
          </div>
        )}
      </div>
    </Panel>
  );
}

interface Taken {
  readonly server: string;
  readonly name: string;
  readonly discard: boolean;
}

async function take(way: Way, { server, name, discard }: Taken): Promise<string | null> {
  if (way === 'undo') return sentence((await ask(server, 'job.undoFailover', { name, discard })).sentence);
  await ask(server, way === 'failback' ? 'job.failback' : 'job.reverse', { name });
  return null;
}

const LISTED = 20;

/** What the former primary had not got across: it is put aside before anything is overwritten. */
function Unsent({ job, server }: { readonly job: JobView; readonly server: string }) {
  const { t } = useWords();
  const servers = useConsole((state) => state.servers);
  const other = job.ends.find((end) => end.server !== server && servers[end.server]?.link.state === 'live');
  const { answer } = useAnswer(other?.server ?? null, 'job.unsent', { name: job.name }, job.status.state);
  const list = answer?.unsent ?? null;
  if (list === null || other === undefined) return <p className="us-dim">{t('failover.unsentNone')}</p>;
  return <UnsentText list={list} server={other.server} />;
}

function UnsentText({ list, server }: { readonly list: UnsentList; readonly server: string }) {
  const words = useWords();
  const { t, locale } = words;
  const all = list.entries.length + list.more;
  return (
    <div>
      <p>
        {t('failover.unsent', { server })}: {counted(words, 'common.places', all)}, {bytes(list.size, locale)}
      </p>
      <ul>
        {list.entries.slice(0, LISTED).map(({ path, kind }) => (
          <li key={`${kind} ${path}`} className="us-break">
            <code>{shown(path)}</code>
          </li>
        ))}
      </ul>
      {all > LISTED ? <p className="us-dim">{t('failover.unsentMore', { count: all - LISTED })}</p> : null}
    </div>
  );
}

import { Button, Menu, Modal } from '@mantine/core';
import { IconChevronDown, IconUrgent } from '@tabler/icons-react';
import type { JobAction } from '@understudy/wire';
import { useState } from 'react';
import { ask } from '../../bridge.ts';
import { grouped } from '../../format.ts';
import { here, whyNot } from '../../parts/actions.ts';
import { Note } from '../../parts/panel.tsx';
import { useTask } from '../../parts/use-task.ts';
import { counted } from '../../parts/words-of.ts';
import { go, openSheet, useConsole } from '../../store/app.ts';
import { type JobView, type Offer, offersOf } from '../../store/jobs.ts';
import { useWords, type Words } from '../../use-words.ts';

type Question = 'delete' | 'brake' | null;
const SHEET: readonly JobAction[] = ['failover', 'undo-failover', 'failback', 'reverse'];

/** Everything that can be done with a job. What its state forbids stays to be seen, with the reason. */
export function ActionBar({ job }: { readonly job: JobView }) {
  const words = useWords();
  const { t } = words;
  const servers = useConsole((state) => state.servers);
  const offers = offersOf(job, servers);
  const task = useTask();
  const [question, setQuestion] = useState<Question>(null);
  const [told, setTold] = useState<string | null>(null);
  const takeUp = ({ action, server }: Offer): void => {
    if (SHEET.includes(action)) openSheet({ kind: 'failover', job: job.key });
    else if (action === 'edit' || action === 'restore') openSheet({ kind: action, job: job.key });
    else if (action === 'delete' || action === 'brake') setQuestion(action);
    else if (server !== null) task.run(async () => setTold(await carryOut(words, { job, action, server })));
  };
  const forget = (): void => {
    task.reset();
    setTold(null);
  };
  const failover = offers.find(({ action }) => action === 'failover');
  const { state } = job.status;
  const over = state === 'failed-over' || state === 'failing-over';
  return (
    <div className="us-actions">
      <Menu position="bottom-end" width={330} withinPortal={false} withInitialFocusPlaceholder={false}>
        <Menu.Target>
          <Button variant="default" loading={task.running} rightSection={<IconChevronDown size={14} aria-hidden />}>
            {t('job.actions.title')}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {offers.map((offer) => (
            <ActionItem key={offer.action} offer={offer} why={whyOf(words, job, offer, servers)} onTake={takeUp} />
          ))}
        </Menu.Dropdown>
      </Menu>
      <Button
        color="red"
        leftSection={<IconUrgent size={15} aria-hidden />}
        disabled={failover?.server === null && !over}
        title={failover?.server === null && !over ? whyNot(words, job, 'failover', servers) : undefined}
        onClick={() => openSheet({ kind: 'failover', job: job.key })}
      >
        {t(state === 'failing-over' ? 'job.underWay' : over ? 'job.wayBack' : 'job.actions.failover')}
      </Button>
      <Told failure={task.failure} told={told} onClose={forget} />
      <Questions job={job} question={question} offers={offers} onClose={() => setQuestion(null)} />
    </div>
  );
}

function whyOf(
  words: Words,
  job: JobView,
  { action, server }: Offer,
  servers: Parameters<typeof whyNot>[3],
): string | null {
  if (!here.includes(action)) return words.t('why.here');
  return server === null ? whyNot(words, job, action, servers) : null;
}

interface ActionItemProps {
  readonly offer: Offer;
  /** Null: it can be done. */
  readonly why: string | null;
  readonly onTake: (offer: Offer) => void;
}

/** One that is greyed can still be reached by the keyboard: its reason is to be read. */
function ActionItem({ offer, why, onTake }: ActionItemProps) {
  const { t } = useWords();
  return (
    <Menu.Item
      aria-disabled={why !== null}
      className={why === null ? '' : 'us-item-off'}
      closeMenuOnClick={why === null}
      onClick={() => {
        if (why === null) onTake(offer);
      }}
    >
      {t(`job.actions.${offer.action}`)}
      {why === null ? null : <span className="us-item-why">{why}</span>}
    </Menu.Item>
  );
}

interface Wish {
  readonly job: JobView;
  readonly action: JobAction;
  readonly server: string;
}

/** The answer is what a person is told of it; null: the state says it. */
async function carryOut(words: Words, { job, action, server }: Wish): Promise<string | null> {
  const { name } = job;
  if (action === 'start') await ask(server, 'job.start', { name });
  else if (action === 'stop') await ask(server, 'job.stop', { name });
  else if (action === 'pause') await ask(server, 'job.pause', { name });
  else if (action === 'resume') await ask(server, 'job.resume', { name });
  else if (action === 'mirror') await ask(server, 'job.mirror', { name });
  else if (action === 'flush') {
    const { position } = await ask(server, 'job.flush', { name });
    return words.t('job.flushed', { position: grouped(Number(position), words.locale) });
  } else if (action === 'verify') {
    const { count, filesChecked } = await ask(server, 'job.verify', { name, limit: 0 });
    const files = counted(words, 'common.files', filesChecked);
    return words.t('job.verified', { count, shown: count, files });
  }
  return null;
}

interface ToldProps {
  readonly failure: string | null;
  readonly told: string | null;
  readonly onClose: () => void;
}

function Told({ failure, told, onClose }: ToldProps) {
  const { t } = useWords();
  const text = failure ?? told;
  return (
    <Modal opened={text !== null} onClose={onClose} title={t(failure === null ? 'common.done' : 'common.failed')}>
      <Note kind={failure === null ? 'busy' : 'halted'}>{text}</Note>
    </Modal>
  );
}

interface QuestionsProps {
  readonly job: JobView;
  readonly question: Question;
  readonly offers: readonly Offer[];
  readonly onClose: () => void;
}

function Questions({ job, question, offers, onClose }: QuestionsProps) {
  const { t } = useWords();
  const task = useTask();
  const { name } = job;
  const server = offers.find(({ action }) => action === question)?.server ?? null;
  const decide = (work: (at: string) => Promise<unknown>): void =>
    task.run(async () => {
      if (server !== null) await work(server);
      onClose();
      if (question === 'delete') go({ screen: 'dashboard' });
    });
  const brake = (decision: 'go-on' | 'halt-here') => () => decide((at) => ask(at, 'job.brake', { name, decision }));
  return (
    <Modal
      opened={question !== null}
      onClose={onClose}
      title={t(question === 'brake' ? 'job.actions.brake' : 'job.actions.delete')}
    >
      <div className="us-form">
        <p>{question === 'brake' ? t('job.brakeQuestion') : t('job.deleteQuestion', { name })}</p>
        {task.failure === null ? null : <Note kind="halted">{task.failure}</Note>}
        {question === 'brake' ? (
          <div className="us-actions">
            <Button loading={task.running} onClick={brake('go-on')}>
              {t('job.goOn')}
            </Button>
            <Button loading={task.running} color="red" onClick={brake('halt-here')}>
              {t('job.haltHere')}
            </Button>
          </div>
        ) : (
          <div className="us-actions">
            <Button color="red" loading={task.running} onClick={() => decide((at) => ask(at, 'job.delete', { name }))}>
              {t('common.confirmDelete')}
            </Button>
            <Button variant="default" onClick={onClose}>
              {t('common.cancel')}
            </Button>
          </div>
        )}
      </div>
    </Modal>
  );
}

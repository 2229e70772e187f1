import { Button, Radio, TextInput } from '@mantine/core';
import { IconCircleDashed } from '@tabler/icons-react';
import type { Point, TakeoverPlan } from '@understudy/wire';
import { useState } from 'react';
import { ask } from '../../bridge.ts';
import { bytes, duration, moment, sentence, shown } from '../../format.ts';
import { Note, Panel } from '../../parts/panel.tsx';
import { useAnswer } from '../../parts/use-answer.ts';
import { useTask } from '../../parts/use-task.ts';
import { counted, lostWord } from '../../parts/words-of.ts';
import { atStake, type JobView, targetEnd } from '../../store/jobs.ts';
import { givenUp } from '../../store/timeline.ts';
import { useNow, useWords } from '../../use-words.ts';
import { Obstacles } from './obstacles.tsx';
import { TimelinePart } from './timeline.tsx';

type Data = 'apply' | 'discard' | 'rewind';

/** What will happen, from the target's own plan; asked for again while the sheet is open, for the queue moves on. */
export function PlanPart({ job, server }: { readonly job: JobView; readonly server: string }) {
  const { t } = useWords();
  const now = useNow(2000);
  const [data, setData] = useState<Data>('apply');
  const [risks, setRisks] = useState<readonly string[]>([]);
  const [point, setPoint] = useState<string | null>(null);
  const choice = { name: job.name, data, point, risks: [...risks] };
  const { answer: plan, failure } = useAnswer(server, 'job.failoverPlan', choice, now);
  const { answer: points } = useAnswer(server, 'job.points', { name: job.name }, now);
  const choose = (time: string | null): void => {
    setPoint(time);
    setData((before) => (time !== null ? 'rewind' : before === 'rewind' ? 'apply' : before));
  };
  if (plan === null)
    return failure === null ? (
      <p className="us-dim">{t('failover.asking', { target: shown(job.status.target) })}</p>
    ) : (
      <Note kind="halted">{failure}</Note>
    );
  return (
    <>
      <Steps plan={plan} />
      {points === null ? null : <TimelinePart job={job} points={points} chosen={point} nowMs={now} onChoose={choose} />}
      <Lost job={job} plan={plan} back={points?.points.find(({ time }) => time === point) ?? null} nowMs={now} />
      <DataChoice
        data={data}
        newest={points?.points.at(-1)?.time ?? null}
        onChoose={(value, newest) => {
          setData(value);
          setPoint(value === 'rewind' ? newest : null);
        }}
      />
      <Obstacles plan={plan} risks={risks} onChange={setRisks} />
      <Order job={job} server={server} choice={choice} blocked={plan.obstacles.length > 0} />
    </>
  );
}

interface DataChoiceProps {
  readonly data: Data;
  /** Of the moments there are; null: there is none. */
  readonly newest: string | null;
  readonly onChoose: (data: Data, newest: string | null) => void;
}

function DataChoice({ data, newest, onChoose }: DataChoiceProps) {
  const { t } = useWords();
  return (
    <Radio.Group
      label={t('failover.data')}
      value={data}
      onChange={(value) => onChoose(value === 'discard' || value === 'rewind' ? value : 'apply', newest)}
    >
      <div className="us-form us-choices">
        <Radio size="xs" value="apply" label={t('failover.apply')} description={t('failover.applyHint')} />
        <Radio size="xs" value="discard" label={t('failover.discard')} description={t('failover.discardHint')} />
        <Radio
          size="xs"
          value="rewind"
          disabled={newest === null}
          label={t('failover.rewind')}
          description={t(newest === null ? 'failover.line.none' : 'failover.rewindHint')}
        />
      </div>
    </Radio.Group>
  );
}

function Steps({ plan }: { readonly plan: TakeoverPlan }) {
  const { t } = useWords();
  return (
    <Panel title={t('failover.steps')}>
      <ol className="us-panel-body us-steps">
        {plan.steps.map(({ step, sentence: said, undo, pointOfNoReturn }) => (
          <li key={step}>
            <IconCircleDashed size={15} aria-hidden />
            <span className="us-break">{sentence(said)}</span>
            <span className={pointOfNoReturn ? 'us-risk' : 'us-dim'}>
              {pointOfNoReturn ? t('failover.noReturn') : t(`failover.step.${step}`)}
            </span>
            {undo === null ? null : (
              <span className="us-under us-dim">{t('failover.undo', { undo: sentence(undo) })}</span>
            )}
          </li>
        ))}
      </ol>
    </Panel>
  );
}

interface LostProps {
  readonly job: JobView;
  readonly plan: TakeoverPlan;
  /** Where the replica is taken back to; null: nowhere. */
  readonly back: Point | null;
  readonly nowMs: number;
}

/** With a moment that is gone back to more is given up than what has not arrived. */
function GivenUp({ job, back, nowMs }: { readonly job: JobView; readonly back: Point; readonly nowMs: number }) {
  const words = useWords();
  const { t, locale } = words;
  const position = targetEnd(job)?.status.recoveryPoint.position ?? '0';
  const { ms, operations } = givenUp(back, position, Date.parse(back.time), nowMs + job.clockOffsetMs);
  return (
    <>
      <p className="us-risk">
        {t('failover.givenUp', {
          time: moment(back.time, locale),
          age: duration(ms),
          operations: counted(words, 'common.operations', operations),
        })}
      </p>
      {back.uncertain === 0 ? null : (
        <p className="us-risk">
          {t('failover.uncertain', { places: counted(words, 'common.places', back.uncertain) })}
        </p>
      )}
    </>
  );
}

function Lost({ job, plan, back, nowMs }: LostProps) {
  const words = useWords();
  const { t, locale } = words;
  const lost = lostWord(words, atStake(job, nowMs));
  const isKnown = job.captor !== null && job.captorStaleSinceMs === null;
  const since = job.status.recoveryPoint.time;
  return (
    <Panel title={t('failover.lost')}>
      <div className="us-panel-body us-form">
        {back === null ? null : <GivenUp job={job} back={back} nowMs={nowMs} />}
        {isKnown ? (
          <p className={lost === null ? '' : 'us-risk'}>{lost ?? t('failover.lostNothing')}</p>
        ) : (
          <p className="us-risk">
            {since === null
              ? t('failover.lostUnknownEver')
              : t('failover.lostUnknown', { time: moment(since, locale) })}
          </p>
        )}
        <p>
          {t('failover.waiting', {
            operations: counted(words, 'common.operations', plan.queue.operations),
            bytes: bytes(plan.queue.bytes, locale),
          })}
        </p>
        <p>
          {plan.reaches === null
            ? t('failover.reachesUnknown')
            : t('failover.reaches', { time: moment(plan.reaches, locale) })}
        </p>
        {plan.notes.map((note) => (
          <p key={note} className="us-dim us-break">
            {sentence(note)}
          </p>
        ))}
      </div>
    </Panel>
  );
}

interface OrderProps {
  readonly job: JobView;
  readonly server: string;
  readonly choice: {
    readonly name: string;
    readonly data: Data;
    readonly point: string | null;
    readonly risks: string[];
  };
  readonly blocked: boolean;
}

/** That the source is down is a person's word, and it is given by the job's name. */
function Order({ job, server, choice, blocked }: OrderProps) {
  const { t } = useWords();
  const [typed, setTyped] = useState('');
  const task = useTask();
  const isSure = typed.trim() === job.name;
  const order = (): void =>
    task.run(async () => {
      await ask(server, 'job.failover', { ...choice, sourceIsDown: true });
    });
  return (
    <form
      className="us-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (isSure && !blocked) order();
      }}
    >
      <TextInput
        label={t('failover.typeName', { job: job.name })}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        autoComplete="off"
      />
      {task.failure === null ? null : <Note kind="halted">{task.failure}</Note>}
      <div className="us-actions">
        <Button type="submit" color="red" loading={task.running} disabled={!isSure || blocked}>
          {t('failover.go')}
        </Button>
      </div>
    </form>
  );
}

import { Checkbox, NumberInput, Textarea } from '@mantine/core';
import { DEFAULT_SYNCHRONOUS, type JobDefinition } from '@understudy/wire';
import { useState } from 'react';
import { Panel } from '../../parts/panel.tsx';
import { rulesOf, rulesText } from '../../store/job-edit.ts';
import type { JobView } from '../../store/jobs.ts';
import { useWords } from '../../use-words.ts';
import { Bandwidth } from './bandwidth.tsx';
import { Choice } from './choice.tsx';
import { Failover } from './failover.tsx';
import { MirrorPart } from './mirror.tsx';
import type { PartProps } from './part-props.ts';
import { Transmit } from './transmit.tsx';

export type CheckedPart = 'rules' | 'failover';

export interface FieldsProps {
  readonly definition: JobDefinition;
  readonly job: JobView;
  readonly onChange: (definition: JobDefinition) => void;
  /** Each part that can be written wrongly says so by its name. */
  readonly onValid: (part: CheckedPart, valid: boolean) => void;
}

export function Fields({ definition, job, onChange, onValid }: FieldsProps) {
  const { t } = useWords();
  const change = (changes: Partial<JobDefinition>): void => onChange({ ...definition, ...changes });
  return (
    <>
      <Panel title={t('edit.parts.transmission')}>
        <div className="us-panel-body us-form">
          <Bandwidth definition={definition} change={change} />
          <Choice
            name="compression"
            values={['none', 'low', 'medium', 'high']}
            value={definition.compression}
            onChange={(compression) => change({ compression })}
          />
          <Transmit definition={definition} change={change} />
        </div>
      </Panel>
      <Panel title={t('edit.parts.synchronous')}>
        <Synchronous definition={definition} change={change} />
      </Panel>
      <Panel title={t('edit.parts.rules')}>
        <Rules definition={definition} change={change} onValid={(valid) => onValid('rules', valid)} />
      </Panel>
      <Panel title={t('edit.parts.mirror')}>
        <MirrorPart definition={definition} change={change} />
      </Panel>
      <Panel title={t('edit.parts.brake')}>
        <Brake definition={definition} change={change} />
      </Panel>
      <Panel title={t('edit.parts.failover')}>
        <Failover
          definition={definition}
          change={change}
          servers={[job.status.source, job.status.target]}
          onValid={(valid) => onValid('failover', valid)}
        />
      </Panel>
      <Panel title={t('edit.parts.stopped')}>
        <Stopped definition={definition} change={change} isStopped={job.status.state === 'stopped'} />
      </Panel>
    </>
  );
}

function Synchronous({ definition, change }: PartProps) {
  const { t } = useWords();
  const options = definition.synchronous ?? DEFAULT_SYNCHRONOUS;
  const set = (changes: Partial<typeof options>): void => change({ synchronous: { ...options, ...changes } });
  return (
    <div className="us-panel-body us-form">
      <Choice name="mode" values={['async', 'sync']} value={definition.mode} onChange={(mode) => change({ mode })} />
      {definition.mode === 'async' ? null : (
        <>
          <Choice name="at" values={['every-call', 'fsync']} value={options.at} onChange={(at) => set({ at })} />
          <Choice
            name="until"
            values={['received', 'applied']}
            value={options.until}
            onChange={(until) => set({ until })}
          />
          <Choice
            name="policy"
            values={['suspend', 'degrade', 'abort']}
            value={options.policy}
            onChange={(policy) => set({ policy })}
          />
          <NumberInput
            label={t('edit.timeout')}
            min={0.1}
            max={86_400}
            value={options.timeoutMs / 1000}
            onChange={(value) => {
              if (typeof value === 'number' && value >= 0.1) set({ timeoutMs: Math.round(value * 1000) });
            }}
          />
        </>
      )}
    </div>
  );
}

function Rules({ definition, change, onValid }: PartProps & { readonly onValid: (valid: boolean) => void }) {
  const { t } = useWords();
  const [text, setText] = useState(rulesText(definition));
  const isWrong = rulesOf(text, definition) === null;
  return (
    <div className="us-panel-body us-form">
      <Textarea
        label={t('edit.rules')}
        description={t('edit.rulesHint')}
        autosize
        minRows={2}
        maxRows={10}
        spellCheck={false}
        classNames={{ input: 'us-mono' }}
        value={text}
        error={isWrong ? t('edit.rulesWrong') : null}
        onChange={(event) => {
          const written = event.currentTarget.value;
          setText(written);
          const rules = rulesOf(written, definition);
          onValid(rules !== null);
          if (rules !== null) change(rules);
        }}
      />
    </div>
  );
}

/** As an agent takes it where nothing is said. */
const FIRST_BRAKE = { files: 100, percent: 20, windowMs: 60_000 };

function Brake({ definition, change }: PartProps) {
  const { t } = useWords();
  const { brake } = definition;
  const shown = brake === undefined ? FIRST_BRAKE : brake;
  const set = (changes: Partial<typeof FIRST_BRAKE>): void =>
    change({ brake: { ...(shown ?? FIRST_BRAKE), ...changes } });
  return (
    <div className="us-panel-body us-form">
      <Checkbox
        label={t('edit.brake')}
        checked={shown !== null}
        onChange={(event) => change({ brake: event.currentTarget.checked ? FIRST_BRAKE : null })}
      />
      {shown === null ? null : (
        <div className="us-three">
          <Whole label={t('edit.brakeFiles')} value={shown.files} onChange={(files) => set({ files })} />
          <Whole
            label={t('edit.brakePercent')}
            value={shown.percent}
            max={100}
            onChange={(percent) => set({ percent })}
          />
          <Whole
            label={t('edit.brakeSeconds')}
            value={shown.windowMs / 1000}
            onChange={(seconds) => set({ windowMs: seconds * 1000 })}
          />
        </div>
      )}
    </div>
  );
}

interface WholeProps {
  readonly label: string;
  readonly value: number;
  readonly max?: number;
  readonly onChange: (value: number) => void;
}

function Whole({ label, value, max = 86_400, onChange }: WholeProps) {
  return (
    <NumberInput
      label={label}
      min={1}
      max={max}
      allowDecimal={false}
      value={value}
      onChange={(written) => {
        if (typeof written === 'number' && written >= 1) onChange(written);
      }}
    />
  );
}

function Stopped({ definition, change, isStopped }: PartProps & { readonly isStopped: boolean }) {
  const { t } = useWords();
  return (
    <div className="us-panel-body us-form">
      {isStopped ? null : <p className="us-dim">{t('why.stopFirst')}</p>}
      <Choice
        name="intercept"
        values={['auto', 'fuse', 'watch']}
        value={definition.intercept}
        disabled={!isStopped}
        onChange={(intercept) => change({ intercept })}
      />
      {(['targetWrites', 'devices', 'setuid'] as const).map((field) => (
        <Choice
          key={field}
          name="replica"
          label={t(`edit.fields.${field}`)}
          values={['refuse', 'allow']}
          value={definition[field] ?? (field === 'targetWrites' ? 'refuse' : 'allow')}
          disabled={!isStopped}
          onChange={(value) => change({ [field]: value })}
        />
      ))}
    </div>
  );
}

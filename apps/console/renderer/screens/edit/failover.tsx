import { Checkbox, NumberInput, Textarea, TextInput } from '@mantine/core';
import type { FailoverOptions } from '@understudy/wire';
import { useState } from 'react';
import { sentence } from '../../format.ts';
import { Note } from '../../parts/panel.tsx';
import {
  type FailoverForm,
  type FormField,
  formOf,
  type Problem,
  scriptNames,
  sectionOf,
} from '../../store/failover-edit.ts';
import { useWords, type Words } from '../../use-words.ts';
import { Choice } from './choice.tsx';
import type { PartProps } from './part-props.ts';
import { DnsPart, UndoPart } from './places.tsx';
import { WitnessPart } from './witness.tsx';

interface FailoverProps extends PartProps {
  /** The job's two servers: neither can be its witness. */
  readonly servers: readonly string[];
  readonly onValid: (valid: boolean) => void;
}

export interface FormProps {
  readonly form: FailoverForm;
  readonly write: (changes: Partial<FailoverForm>) => void;
  /** What is wrong with that field; null: nothing is. */
  readonly wrong: (field: FormField) => string | null;
}

/** What the target does when the source is gone. What is written wrongly is kept as it is written, and not sent. */
export function Failover({ definition, change, servers, onValid }: FailoverProps) {
  // Of what was loaded: while a person writes, the section is made of the form and not the form of the section.
  const [before] = useState(definition.failover);
  const [form, setForm] = useState(formOf(before));
  const write = (changes: Partial<FailoverForm>): void => {
    const after = { ...form, ...changes };
    setForm(after);
    const read = sectionOf(after, before);
    onValid(read.problem === null);
    if (read.problem === null) change({ failover: read.section });
  };
  return (
    <div className="us-panel-body us-form">
      <FailoverFields form={form} write={write} before={before} servers={servers} />
    </div>
  );
}

interface FailoverFieldsProps extends Pick<FormProps, 'form' | 'write'> {
  /** The section that the form was made of. */
  readonly before: FailoverOptions | null | undefined;
  readonly servers: readonly string[];
}

export function FailoverFields({ form, write, before, servers }: FailoverFieldsProps) {
  const words = useWords();
  const { t } = words;
  const { problem } = sectionOf(form, before);
  const parts: FormProps = {
    form,
    write,
    wrong: (field) => (problem?.field === field ? wordOn(words, problem) : null),
  };
  return (
    <>
      <p className="us-dim">{t('edit.failover.hint')}</p>
      <MonitorPart {...parts} />
      <WitnessPart {...parts} servers={servers} />
      <TakeoverChoice {...parts} />
      <OnTarget {...parts} />
      <Scripts {...parts} />
      <DnsPart {...parts} />
      <UndoPart {...parts} />
      <TextInput
        label={t('edit.failover.test')}
        description={t('edit.failover.testHint')}
        value={form.test}
        error={parts.wrong('test')}
        onChange={(event) => write({ test: event.currentTarget.value })}
      />
      <Others section={before} />
    </>
  );
}

function wordOn({ t }: Words, { own, sentence: said }: Problem): string {
  return own === null ? sentence(said) : t(`edit.failover.wrong.${own}`, { text: sentence(said) });
}

function MonitorPart({ form, write, wrong }: FormProps) {
  const { t } = useWords();
  const problem = wrong('monitor');
  return (
    <>
      <Checkbox
        label={t('edit.failover.monitored')}
        checked={form.monitored}
        onChange={(event) => write({ monitored: event.currentTarget.checked })}
      />
      {form.monitored ? (
        <fieldset className="us-windows us-wide">
          <legend>{t('edit.failover.monitor')}</legend>
          <div className="us-days">
            <Checkbox
              label={t('edit.failover.agent')}
              checked={form.agent}
              onChange={(event) => write({ agent: event.currentTarget.checked })}
            />
            <Checkbox
              label={t('edit.failover.icmp')}
              checked={form.icmp}
              onChange={(event) => write({ icmp: event.currentTarget.checked })}
            />
          </div>
          <Where form={form} write={write} />
        </fieldset>
      ) : null}
      {problem === null ? null : <Note kind="halted">{problem}</Note>}
    </>
  );
}

function Where({ form, write }: Pick<FormProps, 'form' | 'write'>) {
  const { t } = useWords();
  return (
    <div className="us-three us-wide">
      <TextInput
        label={t('edit.failover.tcp')}
        placeholder="5432"
        value={form.tcp}
        onChange={(event) => write({ tcp: event.currentTarget.value })}
      />
      <TextInput
        label={t('edit.failover.sources')}
        placeholder={t('edit.failover.sourcesNone')}
        value={form.sources}
        onChange={(event) => write({ sources: event.currentTarget.value })}
      />
      <NumberInput
        label={t('edit.failover.seconds')}
        min={0.5}
        max={86_400}
        value={form.seconds}
        onChange={(value) => {
          if (typeof value === 'number' && value > 0) write({ seconds: value });
        }}
      />
    </div>
  );
}

function TakeoverChoice({ form, write, wrong }: FormProps) {
  const problem = wrong('automatic');
  return (
    <>
      <Choice
        name="takeover"
        values={['manual', 'automatic']}
        value={form.automatic ? 'automatic' : 'manual'}
        onChange={(value) => write({ automatic: value === 'automatic' })}
      />
      {form.automatic ? (
        <Choice
          name="takeoverData"
          values={['apply', 'discard']}
          value={form.data}
          onChange={(data) => write({ data })}
        />
      ) : null}
      {problem === null ? null : <Note kind="halted">{problem}</Note>}
    </>
  );
}

function OnTarget({ form, write, wrong }: FormProps) {
  const { t } = useWords();
  return (
    <>
      {(['addresses', 'services'] as const).map((field) => (
        <Textarea
          key={field}
          label={t(`edit.failover.${field}`)}
          description={t(`edit.failover.${field}Hint`)}
          autosize
          minRows={1}
          maxRows={8}
          spellCheck={false}
          classNames={{ input: 'us-mono' }}
          value={form[field]}
          error={wrong(field)}
          onChange={(event) => write({ [field]: event.currentTarget.value })}
        />
      ))}
    </>
  );
}

function Scripts({ form, write, wrong }: FormProps) {
  const { t } = useWords();
  const problem = wrong('scripts');
  return (
    <fieldset className="us-windows us-wide">
      <legend>{t('edit.failover.scripts')}</legend>
      <p className="us-dim">{t('edit.failover.scriptsHint')}</p>
      {scriptNames.map((name) => (
        <TextInput
          key={name}
          className="us-wide"
          label={t(`edit.failover.script.${name}`)}
          spellCheck={false}
          classNames={{ input: 'us-mono' }}
          value={form.scripts[name]}
          onChange={(event) => write({ scripts: { ...form.scripts, [name]: event.currentTarget.value } })}
        />
      ))}
      {problem === null ? null : <Note kind="halted">{problem}</Note>}
    </fieldset>
  );
}

/** What is there and cannot be changed here is named: a form that hides it would look as if there were nothing. */
function Others({ section }: { readonly section: FailoverOptions | null | undefined }) {
  const { t } = useWords();
  const found = [...(section?.monitor?.script === undefined ? [] : [t('edit.failover.others.script')])];
  if (found.length === 0) return null;
  return <p className="us-dim">{t('edit.failover.kept', { what: found.join(', ') })}</p>;
}

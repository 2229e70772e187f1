import { ActionIcon, Button, Radio, TextInput } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import type { FoundPreset, RawPath } from '@understudy/wire';
import { useState } from 'react';
import { sentence } from '../../format.ts';
import { useAnswer } from '../../parts/use-answer.ts';
import { rawPathFromText, shownPath } from '../../raw-path.ts';
import { useConsole } from '../../store/app.ts';
import { useWords } from '../../use-words.ts';
import { FolderTree } from './folder-tree.tsx';
import type { StepProps } from './step-props.ts';

export function WhatStep({ draft, change }: StepProps) {
  const { t } = useWords();
  const add = (path: RawPath): void => {
    if (!draft.include.some(({ bytes }) => bytes === path.bytes)) change({ include: [...draft.include, path] });
  };
  return (
    <div className="us-form">
      <p>{t('protect.what')}</p>
      <Presets draft={draft} change={change} />
      <div className="us-columns">
        <FolderTree server={draft.source ?? ''} onChoose={add} />
        <Chosen draft={draft} change={change} onAdd={add} />
      </div>
    </div>
  );
}

function Presets({ draft, change }: StepProps) {
  const { t } = useWords();
  const server = draft.source ?? '';
  const since = useConsole(({ servers }) => servers[server]?.link.sinceMs);
  const { answer } = useAnswer(draft.source, 'presets.list', {}, since);
  const presets = answer?.presets ?? [];
  if (answer !== null && presets.length === 0) return <p className="us-dim">{t('protect.presetsNone', { server })}</p>;
  const choose = (name: string): void => change({ preset: presets.find((one) => one.name === name) ?? null });
  return (
    <Radio.Group label={t('protect.presets', { server })} value={draft.preset?.name ?? ''} onChange={choose}>
      <div className="us-form us-choices">
        <Radio size="xs" value="" label={t('common.none')} />
        {presets.map((preset) => (
          <Radio
            key={preset.name}
            size="xs"
            value={preset.name}
            label={sentence(preset.title)}
            description={describe(preset, t('server.runs'))}
          />
        ))}
      </div>
    </Radio.Group>
  );
}

const describe = ({ include, running }: FoundPreset, runs: string): string =>
  [...include.map(shownPath), ...(running ? [runs] : [])].join(' · ');

interface ChosenProps extends StepProps {
  readonly onAdd: (path: RawPath) => void;
}

function Chosen({ draft, change, onAdd }: ChosenProps) {
  const { t } = useWords();
  const [text, setText] = useState('');
  const isRule = text.trim().startsWith('/');
  const take = (kind: 'include' | 'exclude') => () => {
    const path = rawPathFromText(text.trim());
    if (kind === 'include') onAdd(path);
    else change({ exclude: [...draft.exclude, path] });
    setText('');
  };
  const without = (kind: 'include' | 'exclude', path: RawPath) => (): void =>
    change({ [kind]: draft[kind].filter(({ bytes }) => bytes !== path.bytes) });
  return (
    <div className="us-form">
      <TextInput
        label={t('protect.rule')}
        placeholder="/srv/data"
        value={text}
        error={text.trim() !== '' && !isRule ? t('protect.ruleBad') : undefined}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <div className="us-actions">
        <Button variant="default" disabled={!isRule} onClick={take('include')}>
          {t('protect.addRule')}
        </Button>
        <Button variant="default" disabled={!isRule} onClick={take('exclude')}>
          {t('protect.exclude')}
        </Button>
      </div>
      {draft.include.length === 0 && draft.preset === null ? (
        <p className="us-dim">{t('protect.nothingChosen')}</p>
      ) : null}
      <PathList title={t('protect.chosen')} paths={draft.include} onRemove={(path) => without('include', path)()} />
      <PathList title={t('protect.excluded')} paths={draft.exclude} onRemove={(path) => without('exclude', path)()} />
    </div>
  );
}

interface PathListProps {
  readonly title: string;
  readonly paths: readonly RawPath[];
  readonly onRemove: (path: RawPath) => void;
}

function PathList({ title, paths, onRemove }: PathListProps) {
  const { t } = useWords();
  if (paths.length === 0) return null;
  return (
    <div>
      <h3>{title}</h3>
      <ul className="us-chosen">
        {paths.map((path) => (
          <li key={path.bytes}>
            <ActionIcon
              variant="subtle"
              size="sm"
              color="gray"
              aria-label={t('protect.remove', { path: shownPath(path) })}
              onClick={() => onRemove(path)}
            >
              <IconX size={14} aria-hidden />
            </ActionIcon>
            <code className="us-break">{shownPath(path)}</code>
          </li>
        ))}
      </ul>
    </div>
  );
}

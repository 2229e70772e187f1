import { Modal, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { type KeyboardEvent, useMemo, useState } from 'react';
import { themes } from '../../shared/preferences.ts';
import { closeSheet, go, openSheet, remember, store } from '../store/app.ts';
import type { ConsoleState } from '../store/store.ts';
import { useWords } from '../use-words.ts';
import type { Translate } from '../words/words.ts';

interface Command {
  readonly id: string;
  readonly title: string;
  readonly run: () => void;
}

const MOST = 12;

/** Words of what is looked for may stand in any order. */
export function fitting<T extends { readonly title: string }>(commands: readonly T[], text: string): readonly T[] {
  const words = text.trim().toLowerCase().split(/\s+/);
  return commands.filter(({ title }) => words.every((word) => title.toLowerCase().includes(word))).slice(0, MOST);
}

export function Palette() {
  const { t } = useWords();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const commands = useMemo(() => commandsOf(store.getState(), t), [t]);
  const found = fitting(commands, text);
  const chosen = Math.min(at, Math.max(0, found.length - 1));
  const run = (command: Command | undefined): void => {
    if (command === undefined) return;
    closeSheet();
    command.run();
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown') setAt(Math.min(found.length - 1, chosen + 1));
    else if (event.key === 'ArrowUp') setAt(Math.max(0, chosen - 1));
    else if (event.key === 'Enter') run(found[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <Modal opened onClose={closeSheet} size={560} yOffset="12vh" title={<strong>{t('palette.title')}</strong>}>
      <TextInput
        size="sm"
        leftSection={<IconSearch size={16} aria-hidden />}
        placeholder={t('palette.placeholder')}
        aria-label={t('palette.placeholder')}
        role="combobox"
        aria-expanded
        aria-controls="us-palette"
        aria-activedescendant={found[chosen] === undefined ? undefined : `us-command-${chosen}`}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKey}
        data-autofocus
      />
      <CommandList commands={found} chosen={chosen} onRun={run} />
    </Modal>
  );
}

interface CommandListProps {
  readonly commands: readonly Command[];
  readonly chosen: number;
  readonly onRun: (command: Command) => void;
}

function CommandList({ commands, chosen, onRun }: CommandListProps) {
  const { t } = useWords();
  if (commands.length === 0) return <p className="us-dim us-panel-body">{t('palette.nothing')}</p>;
  return (
    <div id="us-palette" role="listbox" aria-label={t('palette.title')} className="us-palette">
      {commands.map((command, index) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys
        <div
          key={command.id}
          id={`us-command-${index}`}
          role="option"
          aria-selected={index === chosen}
          className="us-command-line"
          onClick={() => onRun(command)}
        >
          {command.title}
        </div>
      ))}
    </div>
  );
}

const SCREENS = ['dashboard', 'servers', 'map', 'events', 'settings'] as const;

function commandsOf(state: ConsoleState, t: Translate): readonly Command[] {
  const screens = SCREENS.map(
    (screen): Command => ({
      id: `go ${screen}`,
      title: t('palette.go', { name: t(`common.${screen}`) }),
      run: () => go({ screen }),
    }),
  );
  const jobs = state.jobs.flatMap(({ key, name }): Command[] => [
    { id: `job ${key}`, title: t('palette.openJob', { name }), run: () => go({ screen: 'job', job: key }) },
    {
      id: `failover ${key}`,
      title: t('palette.failover', { name }),
      run: () => openSheet({ kind: 'failover', job: key }),
    },
  ]);
  const servers = Object.keys(state.servers).map(
    (name): Command => ({
      id: `server ${name}`,
      title: t('palette.openServer', { name }),
      run: () => go({ screen: 'server', server: name }),
    }),
  );
  const looks = themes.map(
    (theme): Command => ({
      id: `theme ${theme}`,
      title: t('palette.theme', { name: t(`settings.themes.${theme}`) }),
      run: () => remember({ theme }),
    }),
  );
  return [
    ...screens,
    { id: 'protect', title: t('common.protect'), run: () => openSheet({ kind: 'protect', source: null }) },
    { id: 'pair', title: t('common.pair'), run: () => openSheet({ kind: 'pair' }) },
    ...jobs,
    ...servers,
    ...looks,
  ];
}

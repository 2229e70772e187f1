import { Button, TextInput } from '@mantine/core';
import type { AgentSettings, Setting } from '@understudy/wire';
import { useState } from 'react';
import type { ServerView } from '../../shared/view.ts';
import { ask } from '../bridge.ts';
import { sentence, shown } from '../format.ts';
import { Note, Panel } from '../parts/panel.tsx';
import { useAnswer } from '../parts/use-answer.ts';
import { useTask } from '../parts/use-task.ts';
import { useWords } from '../use-words.ts';

/** Every setting of an agent: what it means, what is usual, what holds now and from the next start on. An admin changes the file from here. */
export function ServerSettings({ server }: { readonly server: ServerView }) {
  const { t } = useWords();
  const isLive = server.link.state === 'live';
  const { answer, failure } = useAnswer(isLive ? server.name : null, 'agent.settings', {}, server.link.sinceMs);
  const [changed, setChanged] = useState<AgentSettings | null>(null);
  const told = changed ?? answer;
  return (
    <Panel title={t('server.settings')}>
      <div className="us-panel-body us-form">
        {told === null ? (
          <p className="us-dim">{failure ?? t(isLive ? 'common.loading' : 'server.settingsSilent')}</p>
        ) : (
          <>
            <p className="us-dim us-break">{t('server.settingsHint', { file: shown(told.file) })}</p>
            {told.problem === null ? null : (
              <Note kind="halted">
                <strong>{t('server.settingsProblem')}</strong>
                {`\n${sentence(told.problem)}`}
              </Note>
            )}
            <ul className="us-settings">
              {told.settings.map((setting) => (
                <Line
                  key={setting.key}
                  setting={setting}
                  server={isLive && server.role === 'admin' ? server.name : null}
                  onChanged={setChanged}
                />
              ))}
            </ul>
          </>
        )}
      </div>
    </Panel>
  );
}

interface LineProps {
  readonly setting: Setting;
  /** Whom to ask for a change; null: nobody, only an admin may, and only while the agent answers. */
  readonly server: string | null;
  readonly onChanged: (settings: AgentSettings) => void;
}

function Line({ setting, server, onChanged }: LineProps) {
  const { t } = useWords();
  const [isOpen, setIsOpen] = useState(false);
  const { key, doc, unit, usual, now, from, next } = setting;
  return (
    <li data-setting={key}>
      <div className="us-setting">
        <code>{shown(key)}</code>
        <span className="us-break">
          {sentence(doc)} <span className="us-dim">({sentence(unit)})</span>
        </span>
        <span className="us-break us-num">
          <strong>{shown(now)}</strong>
          <span className="us-dim">
            {' '}
            {now === usual ? t('server.usual') : t('server.usually', { value: shown(usual) })}
          </span>
          {from === 'option' ? <span className="us-dim"> · {t('server.fromOption')}</span> : null}
          {next === null || next === now ? null : (
            <span className="us-risk us-block">{t('server.fromNextStart', { value: shown(next) })}</span>
          )}
        </span>
        <Button
          variant="default"
          size="compact-xs"
          disabled={server === null}
          aria-expanded={isOpen}
          aria-label={t('server.changeSetting', { key: shown(key) })}
          onClick={() => setIsOpen(!isOpen)}
        >
          {t('server.change')}
        </Button>
      </div>
      {isOpen && server !== null ? (
        <Change
          setting={setting}
          server={server}
          onChanged={(settings) => {
            setIsOpen(false);
            onChanged(settings);
          }}
        />
      ) : null}
    </li>
  );
}

interface ChangeProps extends LineProps {
  readonly server: string;
}

/** The agent says whether it would start with it; nothing is written otherwise. */
function Change({ setting: { key, now, next, usual }, server, onChanged }: ChangeProps) {
  const { t } = useWords();
  const [value, setValue] = useState(next ?? now);
  const task = useTask();
  const write = (wanted: string | null): void =>
    task.run(async () => onChanged(await ask(server, 'agent.changeSetting', { key, value: wanted })));
  return (
    <form
      className="us-form us-change"
      onSubmit={(event) => {
        event.preventDefault();
        if (value.trim() !== '') write(value.trim());
      }}
    >
      <TextInput
        label={shown(key)}
        description={t('server.changeHint')}
        value={value}
        data-autofocus
        onChange={(event) => setValue(event.currentTarget.value)}
      />
      {task.failure === null ? null : <Note kind="halted">{task.failure}</Note>}
      <div className="us-actions">
        <Button type="submit" loading={task.running} disabled={value.trim() === ''}>
          {t('server.write')}
        </Button>
        <Button variant="default" loading={task.running} onClick={() => write(null)}>
          {t('server.toUsual', { value: shown(usual) })}
        </Button>
      </div>
    </form>
  );
}

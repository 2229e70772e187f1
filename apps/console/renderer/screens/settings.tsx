import { Button, Checkbox, SegmentedControl } from '@mantine/core';
import { languages, type Preferences, themes } from '../../shared/preferences.ts';
import { shown } from '../format.ts';
import { Note, Panel } from '../parts/panel.tsx';
import { ScreenBody } from '../parts/screen-body.tsx';
import { useTask } from '../parts/use-task.ts';
import { forgetMemory, remember, useConsole } from '../store/app.ts';
import { useWords } from '../use-words.ts';

export function SettingsScreen() {
  const { t } = useWords();
  const preferences = useConsole((state) => state.preferences);
  return (
    <>
      <header className="us-bar">
        <h1>{t('settings.title')}</h1>
      </header>
      <ScreenBody label={t('settings.title')} className="us-narrow">
        <Panel title={t('settings.theme')}>
          <div className="us-panel-body">
            <SegmentedControl
              aria-label={t('settings.theme')}
              data={themes.map((theme) => ({ value: theme, label: t(`settings.themes.${theme}`) }))}
              value={preferences.theme}
              onChange={(value) => remember({ theme: value as Preferences['theme'] })}
            />
          </div>
        </Panel>
        <Panel title={t('settings.language')}>
          <div className="us-panel-body">
            <SegmentedControl
              aria-label={t('settings.language')}
              data={languages.map((language) => ({ value: language, label: t(`settings.languages.${language}`) }))}
              value={preferences.language}
              onChange={(value) => remember({ language: value as Preferences['language'] })}
            />
          </div>
        </Panel>
        <Panel title={t('settings.notify')}>
          <div className="us-panel-body">
            <Checkbox
              label={t('settings.notifications')}
              description={t('settings.notificationsHint')}
              checked={preferences.notifications}
              onChange={(event) => remember({ notifications: event.currentTarget.checked })}
            />
          </div>
        </Panel>
        <Remembered />
        <About />
      </ScreenBody>
    </>
  );
}

const REMEMBERED = ['theme', 'place', 'grouped', 'window'] as const;

/** Nothing that is only of this console is needed by anything else. */
function Remembered() {
  const { t } = useWords();
  const folder = useConsole((state) => state.memory);
  const task = useTask();
  return (
    <Panel title={t('settings.remembered')}>
      <div className="us-panel-body us-form">
        <ul className="us-list">
          {REMEMBERED.map((what) => (
            <li key={what}>{t(`settings.remembers.${what}`)}</li>
          ))}
        </ul>
        <p className="us-break us-dim">{t('settings.memory', { folder: shown(folder) })}</p>
        {task.failure === null ? null : <Note kind="halted">{task.failure}</Note>}
        <div className="us-actions">
          <Button variant="default" loading={task.running} onClick={() => task.run(forgetMemory)}>
            {t('settings.forget')}
          </Button>
        </div>
      </div>
    </Panel>
  );
}

function About() {
  const { t } = useWords();
  const version = useConsole((state) => state.version);
  const folder = useConsole((state) => state.profile);
  return (
    <Panel title={t('settings.about')}>
      <div className="us-panel-body us-form">
        <p>{t('settings.version', { version })}</p>
        <p className="us-break us-dim">{t('settings.profile', { folder: shown(folder) })}</p>
      </div>
    </Panel>
  );
}

import { Checkbox, SegmentedControl } from '@mantine/core';
import { languages, type Preferences, themes } from '../../shared/preferences.ts';
import { Panel } from '../parts/panel.tsx';
import { ScreenBody } from '../parts/screen-body.tsx';
import { remember, useConsole } from '../store/app.ts';
import { useWords } from '../use-words.ts';

export function SettingsScreen() {
  const { t } = useWords();
  const preferences = useConsole((state) => state.preferences);
  const version = useConsole((state) => state.version);
  const folder = useConsole((state) => state.profile);
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
              checked={preferences.notifications}
              onChange={(event) => remember({ notifications: event.currentTarget.checked })}
            />
          </div>
        </Panel>
        <Panel title={t('settings.about')}>
          <div className="us-panel-body us-form">
            <p>{t('settings.version', { version })}</p>
            <p className="us-break us-dim">{t('settings.profile', { folder })}</p>
          </div>
        </Panel>
      </ScreenBody>
    </>
  );
}

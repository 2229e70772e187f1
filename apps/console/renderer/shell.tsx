import { Button, Kbd, Tooltip } from '@mantine/core';
import {
  IconLayoutDashboard,
  IconListDetails,
  IconPlus,
  IconSearch,
  IconServer2,
  IconSettings,
  IconShieldHalf,
  IconTopologyStar3,
} from '@tabler/icons-react';
import { type ComponentType, type ReactNode, useEffect } from 'react';
import type { Place } from '../shared/preferences.ts';
import { DashboardScreen } from './screens/dashboard.tsx';
import { EditSheet } from './screens/edit/sheet.tsx';
import { EventsScreen } from './screens/events.tsx';
import { FailoverSheet } from './screens/failover/sheet.tsx';
import { FirstRun } from './screens/first-run.tsx';
import { JobScreen } from './screens/job.tsx';
import { MapScreen } from './screens/map.tsx';
import { Notices } from './screens/notices.tsx';
import { PairDialog } from './screens/pair-dialog.tsx';
import { Palette } from './screens/palette.tsx';
import { ProtectWizard } from './screens/protect/wizard.tsx';
import { RestoreSheet } from './screens/restore/sheet.tsx';
import { ServerScreen } from './screens/server.tsx';
import { ServersScreen } from './screens/servers.tsx';
import { SettingsScreen } from './screens/settings.tsx';
import { go, openSheet, store, useConsole } from './store/app.ts';
import { useTitle } from './use-title.ts';
import { useWords } from './use-words.ts';

/** The frame around every screen: where one can go, and what lies over it. */
export function Shell() {
  const ready = useConsole((state) => state.ready);
  useShortcuts();
  useTitle();
  if (!ready) return <Waiting />;
  return (
    <div className="us-shell">
      <Rail />
      <main className="us-main">
        <Notices />
        <Screen />
      </main>
      <Sheets />
    </div>
  );
}

function Waiting() {
  const { t } = useWords();
  return <p className="us-empty">{t('common.loading')}</p>;
}

function Screen() {
  const place = useConsole((state) => state.place);
  const hasServers = useConsole((state) => Object.keys(state.servers).length > 0);
  if (place.screen === 'settings') return <SettingsScreen />;
  if (!hasServers) return <FirstRun />;
  if (place.screen === 'job') return <JobScreen key={place.job} jobKey={place.job} />;
  if (place.screen === 'servers') return <ServersScreen />;
  if (place.screen === 'server') return <ServerScreen key={place.server} name={place.server} />;
  if (place.screen === 'map') return <MapScreen />;
  if (place.screen === 'events') return <EventsScreen />;
  return <DashboardScreen />;
}

function Rail() {
  const { t } = useWords();
  const serverCount = useConsole((state) => Object.keys(state.servers).length);
  const jobCount = useConsole((state) => state.jobs.length);
  const canProtect = useConsole((state) => Object.values(state.servers).some(({ link }) => link.state === 'live'));
  return (
    <nav className="us-rail" aria-label={t('common.navigation')}>
      <div className="us-brand">
        <IconShieldHalf size={20} aria-hidden />
        {t('common.product')}
      </div>
      <NavItem to={{ screen: 'dashboard' }} icon={IconLayoutDashboard} count={jobCount}>
        {t('common.dashboard')}
      </NavItem>
      <NavItem to={{ screen: 'servers' }} icon={IconServer2} count={serverCount}>
        {t('common.servers')}
      </NavItem>
      <NavItem to={{ screen: 'map' }} icon={IconTopologyStar3}>
        {t('common.map')}
      </NavItem>
      <NavItem to={{ screen: 'events' }} icon={IconListDetails}>
        {t('common.events')}
      </NavItem>
      <NavItem to={{ screen: 'settings' }} icon={IconSettings}>
        {t('common.settings')}
      </NavItem>
      <div className="us-rail-end">
        <Button
          leftSection={<IconPlus size={14} aria-hidden />}
          disabled={!canProtect}
          onClick={() => openSheet({ kind: 'protect', source: null })}
        >
          {t('common.protect')}
        </Button>
        <Button variant="default" onClick={() => openSheet({ kind: 'pair' })}>
          {t('common.pair')}
        </Button>
        <Tooltip label={t('common.openPalette')}>
          <button type="button" className="us-nav" onClick={() => openSheet({ kind: 'palette' })}>
            <IconSearch size={16} aria-hidden />
            <span className="us-hidden">{t('common.openPalette')}</span>
            <Kbd size="xs">Ctrl K</Kbd>
          </button>
        </Tooltip>
      </div>
    </nav>
  );
}

interface NavItemProps {
  readonly to: Place;
  readonly icon: ComponentType<{ size?: number }>;
  readonly count?: number;
  readonly children: ReactNode;
}

/** A job belongs to the dashboard, a server to the servers. */
const HOME: Partial<Readonly<Record<Place['screen'], Place['screen']>>> = { job: 'dashboard', server: 'servers' };

function NavItem({ to, icon: Icon, count, children }: NavItemProps) {
  const screen = useConsole((state) => state.place.screen);
  const isHere = (HOME[screen] ?? screen) === to.screen;
  return (
    <button type="button" className="us-nav" aria-current={isHere ? 'page' : undefined} onClick={() => go(to)}>
      <Icon size={16} aria-hidden />
      {children}
      {count === undefined ? null : <span className="us-nav-count us-num us-dim">{count}</span>}
    </button>
  );
}

function Sheets() {
  const sheet = useConsole((state) => state.sheet);
  if (sheet === null) return null;
  if (sheet.kind === 'pair') return <PairDialog />;
  if (sheet.kind === 'palette') return <Palette />;
  if (sheet.kind === 'protect') return <ProtectWizard source={sheet.source} />;
  if (sheet.kind === 'edit') return <EditSheet jobKey={sheet.job} />;
  if (sheet.kind === 'restore') return <RestoreSheet jobKey={sheet.job} />;
  return <FailoverSheet jobKey={sheet.job} />;
}

const PLACES: readonly Place[] = [
  { screen: 'dashboard' },
  { screen: 'servers' },
  { screen: 'map' },
  { screen: 'events' },
  { screen: 'settings' },
];

/** Ctrl K: the palette. Ctrl 1 to 5: the screens. */
function useShortcuts(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (!event.ctrlKey && !event.metaKey) return;
      const place = PLACES[Number(event.key) - 1];
      if (event.key.toLowerCase() === 'k') openSheet({ kind: 'palette' });
      else if (place !== undefined && store.getState().sheet === null) go(place);
      else return;
      event.preventDefault();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}

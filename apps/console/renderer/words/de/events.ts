import type { en } from '../en/index.ts';
import type { SameKeys } from '../same-keys.ts';

export const events: SameKeys<(typeof en)['events']> = {
  title: 'Ereignisse',
  one: 'Ereignis',
  severity: 'Mindestens',
  server: 'Server',
  job: 'Job',
  text: 'In Ereignissen suchen',
  anyServer: 'alle Server',
  anyJob: 'alle Jobs',
  count_one: '{{shown}} Ereignis',
  count_other: '{{shown}} Ereignisse',
  columns: { time: 'Zeit', severity: 'Schwere', where: 'Wo', id: 'Kennung', sentence: 'Was geschah' },
  empty: 'Kein Ereignis passt zu dieser Auswahl.',
  advice: 'Rat: {{text}}',
  following: 'Neue Ereignisse erscheinen oben.',
};

export const settings: SameKeys<(typeof en)['settings']> = {
  title: 'Einstellungen',
  theme: 'Erscheinung',
  themes: { system: 'wie das System', light: 'hell', dark: 'dunkel' },
  language: 'Sprache',
  languages: { system: 'wie das System', en: 'English', de: 'Deutsch' },
  notify: 'Meldungen',
  notifications: 'Meldungen auf dem Schreibtisch, wenn jemand gebraucht wird',
  notificationsHint:
    'wenn ein Job steht, seine Verbindung verliert, beeinträchtigt ist oder umgeschwenkt hat und dieses Fenster nicht vorn ist',
  remembered: 'Was diese Konsole sich merkt',
  remembers: {
    theme: 'was oben gewählt ist',
    place: 'die Ansicht, in der sie geschlossen wurde',
    grouped: 'ob die Übersicht nach Servern gruppiert ist',
    window: 'Größe und Ort des Fensters',
  },
  memory: 'Es steht in {{folder}}. Nichts davon ist geheim, und Server, Jobs und Zahlen sind nicht dabei.',
  forget: 'All das vergessen',
  about: 'Über',
  version: 'Version {{version}}',
  profile: 'Server und Identität: {{folder}} (gemeinsam mit der Befehlszeile)',
};

export const palette: SameKeys<(typeof en)['palette']> = {
  title: 'Suche und Befehle',
  placeholder: 'Ein Job, ein Server, oder was zu tun ist',
  nothing: 'Nichts passt.',
  openJob: 'Job {{name}} öffnen',
  openServer: 'Server {{name}} öffnen',
  failover: '{{name}} umschwenken…',
  go: 'Zu {{name}} gehen',
  theme: 'Erscheinung: {{name}}',
};

export const events = {
  title: 'Events',
  one: 'Event',
  severity: 'At least',
  server: 'Server',
  job: 'Job',
  text: 'Find in events',
  anyServer: 'all servers',
  anyJob: 'all jobs',
  count_one: '{{shown}} event',
  count_other: '{{shown}} events',
  columns: { time: 'Time', severity: 'Severity', where: 'Where', id: 'ID', sentence: 'What happened' },
  empty: 'No event passes this filter.',
  advice: 'Advice: {{text}}',
  following: 'New events appear at the top.',
};

export const settings = {
  title: 'Settings',
  theme: 'Appearance',
  themes: { system: 'as the system', light: 'light', dark: 'dark' },
  language: 'Language',
  languages: { system: 'as the system', en: 'English', de: 'Deutsch' },
  notify: 'Notifications',
  notifications: 'Desktop notifications of what needs a person',
  notificationsHint:
    'when a job is halted, loses its connection, is degraded or has failed over, and this window is not in front',
  remembered: 'What this console remembers',
  remembers: {
    theme: 'what is chosen above',
    place: 'the screen on which it was closed',
    grouped: 'whether the dashboard is grouped by server',
    window: 'size and place of the window',
  },
  memory: 'It stands in {{folder}}. Nothing of it is secret, and servers, jobs and figures are not among it.',
  forget: 'Forget all of that',
  about: 'About',
  version: 'Version {{version}}',
  profile: 'Servers and identity: {{folder}} (shared with the command line)',
};

export const palette = {
  title: 'Search and commands',
  placeholder: 'A job, a server, or what to do',
  nothing: 'Nothing fits.',
  openJob: 'Open job {{name}}',
  openServer: 'Open server {{name}}',
  failover: 'Fail over {{name}}…',
  go: 'Go to {{name}}',
  theme: 'Appearance: {{name}}',
};

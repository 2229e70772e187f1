import type { en } from '../en/index.ts';
import type { SameKeys } from '../same-keys.ts';

export const restore: SameKeys<(typeof en)['restore']> = {
  title: '{{job}} zurückholen',
  where: 'Wohin',
  back: 'Zurück nach {{source}}',
  backHint: 'jeder Pfad dorthin, wo er war; der Job muss angehalten sein',
  elsewhere: 'An einen anderen Ort',
  elsewhereHint: 'jeder Pfad, wie er ist, unter einen Ordner irgendeines Servers; der Job läuft weiter',
  server: 'Server',
  directory: 'Ordner',
  overwrite: 'Was dort liegt und abweicht, darf beiseitegelegt werden',
  look: 'Zeigen, was geschähe',
  go: 'Nach {{server}} zurückholen',
  cancel: 'Abbrechen',
  progress: 'Fortschritt',
  to: 'Nach',
  begun: 'Begonnen',
  by: '{{time}}, von {{who}}',
  sent: 'Kopiert',
  phase: {
    copying: 'Es wird nach {{server}} kopiert',
    done: 'Das letzte Zurückholen, nach {{server}}: fertig',
    halted: 'Das Zurückholen nach {{server}} steht still',
    cancelled: 'Das letzte Zurückholen, nach {{server}}, wurde abgebrochen',
  },
};

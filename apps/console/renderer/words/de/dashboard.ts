import type { en } from '../en/index.ts';
import type { SameKeys } from '../same-keys.ts';

export const dashboard: SameKeys<(typeof en)['dashboard']> = {
  title: 'Übersicht',
  strip: {
    label: 'Zusammenfassung',
    good: 'geschützt',
    busy: 'spiegeln',
    risk: 'gefährdet',
    halted: 'angehalten oder getrennt',
    stopped: 'gestoppt',
    worst: 'ältester Wiederherstellungspunkt',
    worstNone: 'keiner der laufenden Jobs hat einen Wiederherstellungspunkt',
    someWithout: 'und Jobs ohne einen',
    silent_one: '{{shown}} Server antwortet nicht',
    silent_other: '{{shown}} Server antworten nicht',
  },
  columns: {
    name: 'Job',
    path: 'Von → nach',
    state: 'Zustand',
    mirror: 'Spiegelung',
    queue: 'Warteschlange',
    point: 'Wiederherstellungspunkt',
    note: 'Wissenswertes',
  },
  filter: 'Einen Job oder Server finden',
  group: 'Nach Quellserver gruppieren',
  noMatch: 'Kein Job passt zu „{{text}}“.',
  empty: 'Noch ist nichts geschützt.',
  emptyHint: 'Wählen Sie einen Ordner auf einem Server und halten Sie auf einem anderen ein lebendes Replikat davon.',
  lastEvents: 'Letzte Ereignisse',
  noEvents: 'Noch wurde nichts gemeldet.',
  behind: '{{age}} zurück',
  old: '{{age}} alt',
  noPoint: 'noch keiner',
  queueEmpty: 'leer',
  mirrorDone: 'fertig',
  mirrorNone: 'noch keine',
  groupOf: '{{server}}: {{jobs}}',
};

export const first: SameKeys<(typeof en)['first']> = {
  title: 'Zwei Server, einer steht für den anderen bereit',
  text: 'Understudy erfasst jede Änderung an den Ordnern, die Sie auf einem Server schützen, und wendet sie in derselben Reihenfolge auf einem anderen an. Sagen Sie dieser Konsole zuerst, welche Server es gibt.',
  step1: 'Koppeln Sie den Server, dessen Daten zu schützen sind, und den, der bereitstehen soll.',
  step2: 'Wählen Sie einen Ordner oder eine Anwendung, und wohin das Replikat kommt.',
  step3: 'Sehen Sie der ersten Kopie zu. Von da an folgt jede Änderung binnen Augenblicken.',
  code: 'Lassen Sie sich auf jedem Server, als root, vom Agenten einen Code geben:',
  profile: 'Die Server werden in {{folder}} gemerkt, gemeinsam mit der Befehlszeile.',
};

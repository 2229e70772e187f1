import type { en } from '../en/index.ts';
import type { SameKeys } from '../same-keys.ts';

export const states: SameKeys<(typeof en)['states']> = {
  job: {
    stopped: 'gestoppt',
    calculating: 'zählt',
    mirroring: 'spiegelt',
    repairing: 'repariert',
    protected: 'geschützt',
    degraded: 'eingeschränkt',
    paused: 'pausiert',
    disconnected: 'getrennt',
    replaying: 'spielt nach',
    'failing-over': 'schwenkt um',
    'failed-over': 'umgeschwenkt',
    'failing-back': 'schwenkt zurück',
    halted: 'angehalten',
  },
  means: {
    stopped: 'Nichts wird erfasst. Änderungen an der Quelle werden erst repliziert, wenn der Job gestartet ist.',
    calculating: 'Es wird gezählt, was die Spiegelung zu senden hat.',
    mirroring:
      'Die erste Kopie läuft; Änderungen werden währenddessen erfasst. Das Replikat ist noch nicht zu gebrauchen.',
    repairing: 'Genau das, was abweichen kann, wird noch einmal gesendet.',
    protected:
      'Jede Änderung ist auf dem Weg zum Replikat, in ihrer Reihenfolge; das Replikat ist ein wirklicher Zustand der Quelle.',
    degraded: 'Er läuft, aber nicht mit allem, was er verspricht; der Grund steht darunter.',
    paused: 'Änderungen werden erfasst und gehalten; gesendet wird nichts.',
    disconnected: 'Die beiden Server erreichen einander nicht. Änderungen werden auf der Quelle gehalten.',
    replaying: 'Das Ziel wendet an, was es vorher empfangen hatte.',
    'failing-over': 'Das Ziel übernimmt, Schritt für Schritt.',
    'failed-over': 'Das Ziel hat übernommen und ist der Primäre. Nichts schützt es, bis der Weg zurück gegangen wird.',
    'failing-back': 'Die Rollen sind auf dem Weg zurück.',
    halted:
      'Er hat von selbst angehalten, damit das Replikat heil bleibt. Jemand muss entscheiden; der Grund steht darunter.',
  },
  doubtful: 'Er nennt sich geschützt, und dies spricht dagegen, sich jetzt auf das Replikat zu verlassen:',
  doubt: {
    data: 'die Daten des Replikats: {{state}}',
    unrepairable: 'Dateien misslang jede Reparatur',
    audit: 'eine Marke der Selbstprüfung kam nicht durch',
    point: 'kein Wiederherstellungspunkt ist bekannt',
    uncovered: 'etwas innerhalb des Geschützten wird nicht erfasst',
  },
  data: {
    ok: 'in Ordnung',
    mirroring: 'wird gespiegelt',
    'mirror-required': 'Spiegelung nötig',
    'restore-required': 'Rückspielen nötig',
    'snapshot-reverted': 'auf einen Zeitpunkt zurückgesetzt',
    retrying: 'wird wiederholt',
    unknown: 'unbekannt',
  },
  mirror: {
    idle: 'ruht',
    calculating: 'zählt',
    mirroring: 'spiegelt',
    waiting: 'wartet',
    paused: 'pausiert',
  },
  replication: {
    ready: 'bereit',
    replicating: 'repliziert',
    queuing: 'staut',
    paused: 'pausiert',
    stopped: 'gestoppt',
  },
  lastKnown: 'zuletzt bekannt: {{state}}',
  noAnswer: 'keine Antwort seit {{time}}',
  noAnswerFor: 'keine Antwort seit {{age}}',
  link: { connecting: 'verbindet', live: 'verbunden', lost: 'nicht erreicht', refused: 'abgelehnt' },
};

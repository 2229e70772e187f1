import type { en } from '../en/index.ts';
import type { SameKeys } from '../same-keys.ts';

export const map: SameKeys<(typeof en)['map']> = {
  title: 'Karte',
  picture: 'Wer wen schützt',
  list: 'Dasselbe als Liste',
  described:
    'Links stehen die geschützten Server, rechts die, die ihre Replikate bewahren; die Liste darunter sagt dasselbe.',
  sources: 'Geschützt',
  targets: 'Bewahren die Replikate',
  strand: '{{source}} wird von {{target}} geschützt',
  notPaired: 'nicht mit dieser Konsole gekoppelt',
  silent: 'antwortet nicht',
};

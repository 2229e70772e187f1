/** The printed table. In: figures of one run. Out: lines, a measure each, the contenders beside each other, with ratios. */
import { type ContenderFigure, reached } from '../measure/figure.ts';

const OWN = 'understudy';
const LABEL = 52;
const CELL = 19;

export function tableOf(figures: readonly ContenderFigure[], contenders: readonly string[]): string[] {
  const lines = [`${''.padEnd(LABEL)}${contenders.map((name) => name.padStart(CELL)).join('')}  must reach`];
  const notes: string[] = [];
  for (const [row, measure] of pairs(figures)) {
    const same = figures.filter((one) => one.row === row && one.measure === measure);
    const first = same[0];
    if (first === undefined) continue;
    const cells = contenders.map((name) => cellOf(same, name).padStart(CELL)).join('');
    lines.push(`${`${row}: ${measure} (${first.unit})`.padEnd(LABEL)}${cells}  ${verdictOf(same)}`);
    for (const one of same)
      if (one.note !== undefined) notes.push(`  ${row}, ${measure}, ${one.contender}: ${one.note}`);
  }
  return notes.length === 0 ? lines : [...lines, '', 'Notes', ...notes];
}

function pairs(figures: readonly ContenderFigure[]): [string, string][] {
  const seen = new Map(
    figures.map((one) => [`${one.row}\0${one.measure}`, [one.row, one.measure] as [string, string]]),
  );
  return [...seen.values()];
}

/** The value, and how it relates to the product's: 12x means twelve times the product's figure. */
function cellOf(same: readonly ContenderFigure[], name: string): string {
  const figure = same.find((one) => one.contender === name);
  if (figure === undefined) return '–';
  if (figure.value === null) return 'none';
  const own = same.find((one) => one.contender === OWN)?.value ?? null;
  const ratio = name === OWN || own === null || own === 0 ? '' : ` ${ratioText(figure.value / own)}`;
  return `${numberText(figure.value)}${ratio}`;
}

export function ratioText(ratio: number): string {
  return `x${ratio >= 100 ? ratio.toFixed(0) : ratio >= 1 ? ratio.toFixed(1) : ratio.toFixed(2)}`;
}

export function numberText(value: number): string {
  if (value !== 0 && Math.abs(value) < 10 && !Number.isInteger(value)) return value.toFixed(2);
  return Math.round(value).toLocaleString('en-US');
}

function verdictOf(same: readonly ContenderFigure[]): string {
  const own = same.find((one) => one.contender === OWN);
  if (own?.reach === undefined) return '';
  const bar = 'atMost' in own.reach ? `≤ ${own.reach.atMost}` : `≥ ${own.reach.atLeast}`;
  return `${bar} ${reached(own) === true ? 'reached' : 'MISSED'}`;
}

/**
 * rows: one file for each piece of work that is measured. In: a contender's session on an empty stage, sizes. Out: figures.
 * Promised: every wait has a limit, and what did not come to pass is a figure without a value and with its reason.
 */
import type { Bootstrap } from '@understudy/e2e';
import type { Contender, Session } from '../contenders/contender.ts';
import type { Figure, Unit } from '../measure/figure.ts';
import type { Sizes } from '../sizes.ts';

export interface Scene {
  readonly contender: Contender;
  readonly stage: Bootstrap;
  readonly session: Session;
  readonly sizes: Sizes;
  /** Rounds that the person asked for, or what the row thinks right. */
  rounds(usual: number): number;
}

export interface Row {
  /** As `--only` takes it. */
  readonly id: string;
  readonly title: string;
  /** The others are not measured here: the row is about the product's own cost. */
  readonly ownOnly?: boolean;
  run(scene: Scene): Promise<Figure[]>;
}

/** A figure of the row without the words that repeat. */
export function figure(
  row: string,
  measure: string,
  unit: Unit,
  value: number | null,
  more: Partial<Figure> = {},
): Figure {
  return { row, measure, unit, value: value === null || Number.isNaN(value) ? null : value, samples: 1, ...more };
}

export const isOwn = (scene: Scene): boolean => scene.contender.name === 'understudy';

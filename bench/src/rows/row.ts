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

interface AnyRow {
  /** As `--only` takes it. */
  readonly id: string;
  readonly title: string;
  /** The others are not measured here: the row is about the product's own cost. */
  readonly ownOnly?: boolean;
  /** Only these others. */
  readonly beside?: readonly string[];
}

export interface SessionRow extends AnyRow {
  run(scene: Scene): Promise<Figure[]>;
}

export type StageScene = Omit<Scene, 'session'>;

/** Sets up both ends by itself: what the wire carries is counted between two network namespaces. */
export interface StageRow extends AnyRow {
  onStage(scene: StageScene): Promise<Figure[]>;
}

export type Row = SessionRow | StageRow;

/** Whether the row says anything about this tool. */
export const concerns = (row: Row, contender: Contender): boolean =>
  contender.name === 'understudy' || (row.ownOnly !== true && row.beside?.includes(contender.name) !== false);

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

export const isOwn = (scene: StageScene): boolean => scene.contender.name === 'understudy';

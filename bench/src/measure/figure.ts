/** What a row hands over. Nothing here is formatted: the same figures go into the JSON and into the table. */

export type Unit =
  | 'ms'
  | 'files/s'
  | 'MB/s'
  | 'bytes'
  | 'operations'
  | 's'
  | 'count'
  | 'µs'
  | 'MiB'
  | 'of bare'
  | '%'
  | 'transactions/s';

export interface Figure {
  readonly row: string;
  /** What was measured, without the contender's name. */
  readonly measure: string;
  readonly unit: Unit;
  /** Null: it did not come to pass within the limit, or the tool does not say. */
  readonly value: number | null;
  /** How many samples `value` is the median (or the count) of. */
  readonly samples: number;
  /** Why there is no value, or what has to be known to read it. */
  readonly note?: string;
  /** What the product must reach: an upper limit, or a lower one where more is better. */
  readonly reach?: { readonly atMost: number } | { readonly atLeast: number };
}

export interface ContenderFigure extends Figure {
  readonly contender: string;
}

export function reached(figure: Figure): boolean | null {
  if (figure.reach === undefined) return null;
  if (figure.value === null) return false;
  return 'atMost' in figure.reach ? figure.value <= figure.reach.atMost : figure.value >= figure.reach.atLeast;
}

import { allRows } from './rows/index.ts';
import type { Row } from './rows/row.ts';
import { full, quick, type Sizes } from './sizes.ts';

export interface Options {
  readonly rows: readonly Row[];
  readonly contenders: readonly string[] | null;
  readonly sizes: Sizes;
  readonly rounds: number | null;
}

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const usage =
  (): string => `usage: npm run bench -- [--only ROW[,ROW]] [--with TOOL[,TOOL]] [--quick] [--rounds N]
  rows:  ${allRows.map((row) => `${row.id.padEnd(11)}${row.title}`).join('\n         ')}
  tools: understudy, lsyncd+rsync, syncthing, unison`;

export function parseOptions(args: readonly string[], tools: readonly string[]): Options {
  let rows: readonly Row[] = allRows;
  let contenders: readonly string[] | null = null;
  let sizes = full;
  let rounds: number | null = null;
  const rest = [...args];
  for (let one = rest.shift(); one !== undefined; one = rest.shift()) {
    if (one === '--quick') sizes = quick;
    else if (one === '--only') {
      const known = allRows.map((row) => row.id);
      const wanted = listed(one, rest.shift(), known);
      rows = allRows.filter((row) => wanted.includes(row.id));
    } else if (one === '--with') contenders = listed(one, rest.shift(), tools);
    else if (one === '--rounds') rounds = count(one, rest.shift());
    else throw new UsageError(`the option "${one}" is unknown\n${usage()}`);
  }
  return { rows, contenders, sizes, rounds };
}

function listed(option: string, value: string | undefined, known: readonly string[]): string[] {
  const names = (value ?? '').split(',').filter((name) => name !== '');
  if (names.length === 0) throw new UsageError(`${option} needs one or more of: ${known.join(', ')}`);
  for (const name of names)
    if (!known.includes(name)) throw new UsageError(`${option}: "${name}" is not one of: ${known.join(', ')}`);
  return names;
}

function count(option: string, value: string | undefined): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new UsageError(`${option} needs a whole number from 1 on`);
  return number;
}

import { printable, rawFromText } from '@understudy/base';

/** A path or any text from outside for a person's terminal: nothing in it can move the cursor. */
export function shown(text: string): string {
  return printable(rawFromText(text));
}

/** JSON for scripts: two spaces where a person may look, one line where lines are records. */
export function json(value: unknown, indent = 2): string {
  // A lone surrogate (a byte that is no UTF-8) is no text for most JSON readers; the base64 field beside it has the bytes.
  const safe = (_key: string, one: unknown) => (typeof one === 'string' && isIllFormed(one) ? shown(one) : one);
  return `${JSON.stringify(value, safe, indent)}\n`;
}

function isIllFormed(text: string): boolean {
  return /[\uD800-\uDFFF]/u.test(text);
}

/** `1` → `1 file`, `12034` → `12,034 files`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

export function grouped(count: number): string {
  return count.toString().replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `3 ms`, `4.2 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds < 9.95 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (seconds < 3570) {
    const whole = Math.floor(seconds / 60);
    return `${whole} min ${Math.round(seconds - whole * 60)} s`.replace(/ 60 s$/, ' 59 s').replace(/ 0 s$/, '');
  }
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`.replace(/ 0 min$/, '');
  const hours = Math.round(minutes / 60);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`.replace(/ 0 h$/, '');
}

/** Columns as wide as their widest cell, two spaces between; the last is not padded. */
export function table(
  rows: readonly (readonly string[])[],
  paint: (cell: string, column: number, row: number) => string,
): string {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  const lines = rows.map((row, r) => {
    const last = row.length - 1;
    return row
      .map((cell, i) => paint(cell, i, r) + (i === last ? '' : ' '.repeat((widths[i] ?? 0) - cell.length)))
      .join('  ');
  });
  return `${lines.join('\n')}\n`;
}

/** A sentence that came from outside: control characters are written out, so that nothing in it can move the cursor. */
export function sentence(text: string): string {
  return Array.from(text, (char) => {
    const code = char.codePointAt(0) ?? 0;
    const isControl =
      (code < 0x20 && char !== '\n') || (code >= 0x7f && code < 0xa0) || (code >= 0xd800 && code <= 0xdfff);
    return isControl ? shown(char) : char;
  }).join('');
}

/** An event's sentence and its advice as one line. */
export function eventText(event: { readonly sentence: string; readonly advice: string }): string {
  const end = event.advice === '' ? '' : /[.!?…]$/.test(event.sentence) ? ' ' : '. ';
  return sentence(event.sentence + end + event.advice).replaceAll('\n', ' ');
}

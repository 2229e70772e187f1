/** A program and its arguments on one line. In: words, or what a person typed. Out: the other. No shell reads it: quotes hold together, a backslash takes what follows as it is. Pure. */

const PLAIN = /^[^\s"'\\]+$/;

export const lineOf = (words: readonly string[]): string =>
  words.map((word) => (PLAIN.test(word) ? word : `"${word.replace(/["\\]/g, '\\$&')}"`)).join(' ');

/** Null: a quote is open. */
export function wordsOf(line: string): readonly string[] | null {
  const words: string[] = [];
  let [word, begun, quote, taken] = ['', false, '', false];
  for (const sign of line) {
    if (taken) [word, taken] = [word + sign, false];
    else if (sign === '\\' && quote !== "'") [begun, taken] = [true, true];
    else if (quote !== '') {
      if (sign === quote) quote = '';
      else word += sign;
    } else if (sign === '"' || sign === "'") [begun, quote] = [true, sign];
    else if (/\s/.test(sign)) {
      if (begun) words.push(word);
      [word, begun] = ['', false];
    } else [word, begun] = [word + sign, true];
  }
  if (quote !== '' || taken) return null;
  return begun ? [...words, word] : words;
}

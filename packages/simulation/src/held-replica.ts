/**
 * A brake that holds, and moments that a replica is taken back to. In: the replica whenever a moment began that it can be taken back to.
 * Out: whether the way back led there. Checked: [SAFE4] taken back the replica is, to the last attribute, what it was at that moment; of files
 * whose old content was more than is kept aside nothing but their content may be missing.
 */
import type { UndoPoint } from '@understudy/engine';

/** Numbers are given anew behind a moment that was gone back to. */
const keyOf = ({ number, wallMs }: UndoPoint): string => `${number} of ${wallMs}`;

/** What the replica was when each moment began. */
export class Images {
  readonly #at = new Map<string, readonly string[]>();

  /** `image` is called where the moment is new. */
  note(moment: UndoPoint | undefined, image: () => readonly string[]): void {
    if (moment !== undefined && !this.#at.has(keyOf(moment))) this.#at.set(keyOf(moment), image());
  }

  /** Null: the replica is what it was. `lost`: some content could not be kept. */
  wrong(moment: UndoPoint, image: readonly string[], lost: boolean): string | null {
    const expected = this.#at.get(keyOf(moment));
    if (expected === undefined) return `nobody has seen the moment ${keyOf(moment)} begin`;
    const shown = (line: string) => (lost ? line.replace(/ \S* \S*$/, '') : line);
    const here = new Set(image.map(shown));
    const there = new Set(expected.map(shown));
    const differs = [
      ...[...there].filter((line) => !here.has(line)).map((line) => `was: ${line}`),
      ...[...here].filter((line) => !there.has(line)).map((line) => `is:  ${line}`),
    ];
    if (differs.length === 0) return null;
    return `taken back the replica is not what it was: ${differs.slice(0, 10).join('; ')}`;
  }
}

/**
 * A brake that holds, and moments that a replica is taken back to. In: the replica whenever a moment began that it can be taken back to.
 * Out: whether the way back led there. Checked: [SAFE4] taken back the replica is, to the last attribute, what it was at that moment; of files
 * whose old content was more than is kept aside nothing but their content may be missing. Whatever was under way when the target lost its
 * power is excused where it is named, and nowhere else.
 */
import type { BrakeState, Handle, LostPast, UndoPoint } from '@understudy/engine';
import type { DiskKind } from './bad-disk.ts';

/** Numbers are given anew behind a moment that was gone back to. */
const keyOf = ({ number, wallMs }: UndoPoint): string => `${number} of ${wallMs}`;

/** A line of the replica's image, and whose it is. */
export interface HeldLine {
  readonly line: string;
  readonly root: number;
  /** What the lines of that root begin with. */
  readonly top: string;
  readonly handle: Handle;
}

export type LostOfRoot = LostPast & { readonly root: number };

export function linesOf(image: (shows: (line: HeldLine) => void) => unknown): HeldLine[] {
  const lines: HeldLine[] = [];
  image((line) => lines.push(line));
  return lines;
}

interface Told {
  readonly noted: BrakeState | null;
  readonly disk: { readonly kind: DiskKind };
}

/** Whether the replica claims to be at that moment, but for what it names. */
export function saysItIsAt(moment: UndoPoint, lost: readonly LostOfRoot[], { noted, disk }: Told): boolean {
  // It stayed where it stood, or said that it is at no moment of the source's: what was kept is damaged or gone.
  if (noted === null || noted.at !== moment.position || noted.sentence.includes('was being taken back')) return false;
  // An operation that was given up may have been done by half, and what the disk has refused to put back is named.
  const namesNone = lost.length === 0 && !noted.sentence.includes(' Except ');
  return namesNone || disk.kind === 'good';
}

/** What the replica was when each moment began. */
export class Images {
  readonly #at = new Map<string, readonly HeldLine[]>();

  /** `lines` is called where the moment is new. */
  note(moment: UndoPoint | undefined, lines: () => readonly HeldLine[]): void {
    if (moment !== undefined && !this.#at.has(keyOf(moment))) this.#at.set(keyOf(moment), lines());
  }

  /** Null: the replica is what it was but for what is `lost`. */
  wrong(moment: UndoPoint, now: readonly HeldLine[], lost: readonly LostOfRoot[]): string | null {
    const then = this.#at.get(keyOf(moment));
    if (then === undefined) return `nobody has seen the moment ${keyOf(moment)} begin`;
    const excuses = new Excuses(lost, then, now);
    const differs = [
      ...excuses.missing(then, now).map((line) => `was: ${line}`),
      ...excuses.missing(now, then).map((line) => `is:  ${line}`),
    ];
    if (differs.length === 0) return null;
    return `taken back the replica is not what it was: ${differs.slice(0, 10).join('; ')}`;
  }
}

const fileOf = ({ root, handle }: Pick<LostOfRoot, 'root' | 'handle'>): string => `${root}:${handle}`;
const pathOf = ({ line }: HeldLine): string => line.slice(0, line.indexOf(' '));

/** Of each file all that it is called. */
function placesOf(lines: readonly HeldLine[]): Map<string, Set<string>> {
  const places = new Map<string, Set<string>>();
  for (const one of lines) places.set(fileOf(one), (places.get(fileOf(one)) ?? new Set()).add(pathOf(one)));
  return places;
}

class Excuses {
  /** Whose content is not kept, and of which files nothing is known. */
  readonly #contents = new Set<string>();
  readonly #files = new Set<string>();
  readonly #paths = new Set<string>();
  /** Directories of which it is not known what was in them. */
  readonly #within: string[] = [];
  /** Of directories among these that came to another place: what is beneath them went with them. */
  readonly #moved: readonly string[];

  constructor(lost: readonly LostOfRoot[], then: readonly HeldLine[], now: readonly HeldLine[]) {
    const tops = new Map([...then, ...now].map(({ root, top }) => [root, top]));
    const folders = placesOf([...then, ...now]);
    for (const one of lost) {
      if (one.handle !== '') (one.uncertain ? this.#files : this.#contents).add(fileOf(one));
      const path = one.path === '' ? tops.get(one.root) : `${tops.get(one.root)}/${one.path}`;
      if (one.uncertain && one.path !== '') this.#paths.add(`${path}`);
      if (one.within) this.#within.push(`${path}/`);
      // A directory that was taken back to where it was took the name with it.
      if (one.place === null) continue;
      const folder = fileOf({ root: one.root, handle: one.place.parent });
      for (const place of folders.get(folder) ?? []) this.#paths.add(`${place}/${one.place.name}`);
    }
    const places = (lines: readonly HeldLine[]) => new Set(lines.map((one) => `${pathOf(one)} ${fileOf(one)}`));
    const [before, after] = [places(then), places(now)];
    const isMoved = (one: HeldLine) => {
      const place = `${pathOf(one)} ${fileOf(one)}`;
      return this.#isUncertain(one) && before.has(place) !== after.has(place);
    };
    this.#moved = [...then, ...now].filter(isMoved).map((one) => `${pathOf(one)}/`);
  }

  /** Lines that the others have not, though they should. */
  missing(lines: readonly HeldLine[], others: readonly HeldLine[]): string[] {
    const there = new Set(others.map((one) => this.#shown(one)));
    return lines.filter((one) => !there.has(this.#shown(one)) && !this.#isExcused(one)).map(({ line }) => line);
  }

  #shown(one: HeldLine): string {
    return this.#contents.has(fileOf(one)) ? one.line.replace(/ \S* \S*$/, '') : one.line;
  }

  #isUncertain(one: HeldLine): boolean {
    return this.#files.has(fileOf(one)) || this.#paths.has(pathOf(one));
  }

  #isExcused(one: HeldLine): boolean {
    const beneath = [...this.#within, ...this.#moved];
    return this.#isUncertain(one) || beneath.some((directory) => one.line.startsWith(directory));
  }
}

/** Remembers in which order --include and --exclude were given: a later include may take back what an exclude before it has put out. */
type Kind = 'include' | 'exclude';

export class RuleOrder {
  readonly given: Kind[] = [];

  /** The parser of one of the two options, whose every value is noted. */
  noting<T>(kind: Kind, parse: (text: string, before: readonly string[] | undefined) => T) {
    return (text: string, before: readonly string[] | undefined): T => {
      const parsed = parse(text, before);
      if (text !== 'none') this.given.push(kind);
      return parsed;
    };
  }
}

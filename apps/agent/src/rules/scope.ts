/**
 * Which paths a replication set protects.
 *
 * A rule speaks of what it matches and of everything beneath that. Rules are read in the order given:
 *   - an include takes a path in, unless an earlier exclude has put it out;
 *   - an exclude puts a path out, whatever earlier rules said;
 *   - an include takes a path back in after an exclude only where it is more specific than that exclude: more components
 *     (`**` not counted), or as many and more of them without wildcards, or as many and more characters that are no wildcards.
 * So an exclude wins over an include unless a later, more specific include takes the path in again, and where the command line
 * gives all includes before all excludes, every exclude wins.
 *
 *   include /srv                                          /srv/a inside
 *   include /srv, exclude /srv/cache                      /srv/cache/x outside
 *   exclude /srv/cache, include /srv                      /srv/cache/x outside: the include is less specific
 *   include /srv, exclude /srv/cache, include /srv/cache/keep      /srv/cache/keep/x inside, /srv/cache/x outside
 *   include /srv, include /srv/cache/keep, exclude /srv/cache      /srv/cache/keep/x outside: no include follows
 *   include /srv, exclude /srv/*.tmp, include /srv/a.tmp          /srv/a.tmp inside: as long, but literal
 */
import { type RawName, rawToText } from '@understudy/base';
import type { Scope } from '@understudy/engine';
import { compareSpecificity, matchRule, mayMatchBeneath, type Rule } from './rule.ts';

export const componentsOf = (path: string): string[] => path.split('/').filter((part) => part !== '');

interface Verdict {
  readonly inside: boolean;
  /** The exclude that put the path out, and its place among the rules. */
  readonly excluder: { readonly rule: Rule; readonly at: number } | null;
}

function judge(rules: readonly Rule[], path: readonly string[], isDirectory: boolean): Verdict {
  let inside = false;
  let excluder: Verdict['excluder'] = null;
  for (const [at, rule] of rules.entries()) {
    if (matchRule(rule, path, isDirectory) === 'none') continue;
    if (!rule.include) {
      inside = false;
      excluder = { rule, at };
    } else if (excluder === null || compareSpecificity(rule, excluder.rule) > 0) {
      inside = true;
      excluder = null;
    }
  }
  return { inside, excluder };
}

/** An include that could still take in something beneath a directory that is not inside itself. */
function mayHoldSomething(rules: readonly Rule[], path: readonly string[], { excluder }: Verdict): boolean {
  return rules.some(
    (rule, at) =>
      rule.include &&
      mayMatchBeneath(rule, path) &&
      (excluder === null || (at > excluder.at && compareSpecificity(rule, excluder.rule) > 0)),
  );
}

/** The engine's Scope of one protected directory under the job's rules. */
export function scopeOf(directory: RawName, rules: readonly Rule[]): Scope {
  const root = componentsOf(rawToText(directory));
  const touches = (rule: Rule) => matchRule(rule, root, true) !== 'none' || mayMatchBeneath(rule, root);
  return {
    whole: judge(rules, root, true).inside && !rules.some((rule) => !rule.include && touches(rule)),
    decide(path, isDirectory) {
      const components = componentsOf(path);
      const verdict = judge(rules, components, isDirectory);
      if (verdict.inside) return 'inside';
      return isDirectory && mayHoldSomething(rules, components, verdict) ? 'on-the-way' : 'outside';
    },
  };
}

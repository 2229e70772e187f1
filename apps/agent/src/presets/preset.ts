/**
 * The words in which a preset is written: data, no code. A template is text with `{fact}` in it; it is filled once for each value that
 * the fact has, and comes to nothing where the fact has none. `{1}`, `{2}` … are what the wildcards of `found` stood for, `{file}` is the
 * file that was found. All paths are absolute.
 */

export type Template = string;

/** How a configuration file is written. Each comes to settings: section, key, value. */
export type Syntax = 'postgresql' | 'ini' | 'directives' | 'apache' | 'exports' | 'json' | 'xml';

export type Fact = { readonly fact: string } & (
  | {
      /** All values of these keys; `otherwise` where there is none. */
      readonly from: 'settings';
      readonly file: Template;
      readonly syntax: Syntax;
      readonly keys: readonly string[];
      /** Only of sections called so. */
      readonly sections?: RegExp;
      /** Not of sections that have such a setting. */
      readonly sectionsWithout?: { readonly key: string; readonly value: RegExp };
      /** What is kept of a value: the first group. Where it does not match the value counts for nothing. */
      readonly pattern?: RegExp;
      /** Only the last one counts. */
      readonly last?: boolean;
      readonly otherwise?: Template;
    }
  /** Where symbolic links lead that lie at these places. */
  | { readonly from: 'links'; readonly at: Template }
  /** Of these paths those that exist. */
  | { readonly from: 'existing'; readonly paths: readonly Template[] }
);

export interface ServiceTemplate {
  readonly name: Template;
  readonly unit: Template;
  /** Program first. `start` returns when the service has been started, not when it serves. */
  readonly start: readonly Template[];
  readonly stop: readonly Template[];
  readonly check: readonly Template[];
  readonly timeoutMs: number;
}

export interface Preset {
  readonly name: string;
  readonly title: Template;
  /** Places, with `*` for any name. With `instance` each match is one, otherwise the first one counts. */
  readonly found: readonly string[];
  /** What distinguishes one from another on a server; null: there is one. */
  readonly instance: Template | null;
  /** In order: a fact may use those before it. */
  readonly facts: readonly Fact[];
  /** Each must have a value, or there is nothing to protect. */
  readonly requires: readonly Template[];
  readonly include: readonly Template[];
  readonly exclude: readonly Template[];
  /** Files and directories that belong to it and lie where no replica may. */
  readonly configuration: readonly Template[];
  /** It runs when such a process does: its name, and what its command line must hold. */
  readonly process: { readonly name: RegExp; readonly argument?: Template };
  readonly users: readonly string[];
  readonly ports: readonly { readonly protocol: 'tcp' | 'udp'; readonly port: Template }[];
  /** The groups of the pattern, put together, must be the same on both sides. */
  readonly version: { readonly command: readonly Template[]; readonly pattern: RegExp; readonly package: Template };
  readonly services: readonly ServiceTemplate[];
  readonly notes: readonly Template[];
}

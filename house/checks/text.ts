import { posix } from 'node:path';
import { type Finding, isTest, type Sources } from './source.ts';

const isSource = (file: string): boolean =>
  /\.([mc]?[tj]sx?|c)$/.test(file) && !isTest(file) && !file.endsWith('.canary.ts');

/** A comment with words in it before any code; a line that names the interpreter may come first. */
const OPENING = /^(#!.*\n)?\s*\/\*[\s*]*\w/;

/** A folder of several files says at its head what comes in, what goes out and what is promised. */
export function checkOpenings(sources: Sources): Finding[] {
  const folders = new Map<string, string[]>();
  for (const file of sources.keys()) {
    if (!isSource(file) || posix.basename(file).includes('.config.')) continue;
    const folder = posix.dirname(file);
    folders.set(folder, [...(folders.get(folder) ?? []), file]);
  }
  const findings: Finding[] = [];
  for (const [folder, files] of folders) {
    if (files.length < 2) continue;
    const main = mainOf(folder, files);
    const candidates = main === undefined ? files : [main];
    if (candidates.some((file) => OPENING.test(sources.get(file) ?? ''))) continue;
    findings.push({ file: main ?? folder, line: 1, sentence: `${folder} has no opening comment in its main file` });
  }
  return findings;
}

function mainOf(folder: string, files: readonly string[]): string | undefined {
  const name = posix.basename(folder);
  const main = ['index.ts', `${name}.ts`, 'main.ts', `${name}.c`, 'main.c'].map((one) => `${folder}/${one}`);
  return main.find((one) => files.includes(one));
}

/** Written in two halves so that this file does not hold what it looks for. */
const FOREIGN: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`(^|[^\\w.-])/${'work'}/`), 'a path of one machine'],
  [new RegExp(`(^|[^\\w.-])/${'root'}/`), 'a path of one machine'],
  [/(^|[^\w.-])\/home\/(?!user\b|alice\b|NAME\b)\w/, 'a path of one machine'],
  [new RegExp(`\\.\\./${'shared'}/(design|reference)`), 'a path outside the project'],
  [new RegExp(`\\b(${'language'} model|chat ?${'bot'}|AI[- ]${'generated'}|co-${'authored'}-by)\\b`, 'i'), 'tooling'],
];

/** Nothing here tells of a machine or of tools that a clone does not have. */
export function checkForeign(sources: Sources): Finding[] {
  const findings: Finding[] = [];
  for (const [file, text] of sources) {
    for (const [index, line] of text.split('\n').entries()) {
      const found = FOREIGN.find(([pattern]) => pattern.test(line));
      if (found !== undefined)
        findings.push({ file, line: index + 1, sentence: `${found[1]} that means nothing elsewhere: ${line.trim()}` });
    }
  }
  return findings;
}

/** Exact versions everywhere, and no package's script is ever run by an installation. */
export function checkManifests(sources: Sources): Finding[] {
  const findings: Finding[] = [];
  const versions = new Map<string, string>();
  const manifests = [...sources].filter(([file]) => posix.basename(file) === 'package.json');
  for (const [file, text] of manifests) {
    const manifest = JSON.parse(text) as Record<string, unknown>;
    for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies']) {
      for (const [name, version] of Object.entries((manifest[kind] ?? {}) as Record<string, string>)) {
        if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
          findings.push({ file, line: 0, sentence: `${name} is "${version}": write one exact version` });
        else if ((versions.get(name) ?? version) !== version)
          findings.push({ file, line: 0, sentence: `${name} is ${version} here and ${versions.get(name)} elsewhere` });
        else versions.set(name, version);
      }
    }
  }
  if (!/^ignore-scripts\s*=\s*true\s*$/m.test(sources.get('.npmrc') ?? ''))
    findings.push({
      file: '.npmrc',
      line: 0,
      sentence: 'ignore-scripts=true is missing: installing would run foreign scripts',
    });
  return findings;
}

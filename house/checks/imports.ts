import { builtinModules } from 'node:module';
import { dataPath, layers } from '../layers.ts';
import {
  exportsOf,
  type Finding,
  type Import,
  importsOf,
  isTest,
  isTypeScript,
  layerOf,
  resolveRelative,
  type Sources,
} from './source.ts';

const SCOPE = '@understudy/';
const builtins = new Set(builtinModules);

/** Imports run one way between layers, by the package's front door only. */
export function checkLayers(sources: Sources): Finding[] {
  const findings: Finding[] = [];
  for (const [file, text] of sources) {
    if (!isTypeScript(file) || layerOf(file) === null) continue;
    for (const one of importsOf(file, text)) {
      const sentence = whyNot(file, one, sources);
      if (sentence !== null) findings.push({ file, line: one.line, sentence });
    }
  }
  return findings;
}

function whyNot(file: string, one: Import, sources: Sources): string | null {
  if (one.specifier === '') return 'a computed import cannot be checked: write its name out';
  if (one.specifier.startsWith('.')) return whyNotRelative(file, one.specifier);
  if (one.specifier.startsWith(SCOPE)) return whyNotLayer(file, one, sources);
  return whyNotOutside(file, one.specifier);
}

function whyNotRelative(file: string, specifier: string): string | null {
  const here = layerOf(file);
  const there = layerOf(resolveRelative(file, specifier));
  if (here === null || here.name === there?.name) return null;
  return `${specifier} leaves ${here.layer.folder}: import ${SCOPE}${there?.name ?? '…'} if the order allows it`;
}

function whyNotLayer(file: string, one: Import, sources: Sources): string | null {
  const here = layerOf(file);
  const [name = '', ...door] = one.specifier.slice(SCOPE.length).split('/');
  if (here === null || name === here.name) return null;
  const { layer } = here;
  const there = layers[name];
  if (there === undefined) return `${one.specifier} is no layer`;
  if (door.length > 0 && !isDoor(sources.get(`${there.folder}/package.json`), door.join('/')))
    return `${one.specifier} is no door of ${there.folder}: its package.json does not export it`;
  if (door[0] === 'testing' && !isForTests(file)) return `${one.specifier} is for tests only`;
  if (layer.lazily?.includes(name)) {
    if (one.lazy || one.typeOnly) return null;
    return `${here.name} may load ${name} only by import(), when it is needed`;
  }
  const allowed = isTest(file) ? [...layer.mayImport, ...(layer.testsMayImport ?? [])] : layer.mayImport;
  if (!allowed.includes(name)) return `${here.name} must not import ${name}`;
  return whyNotName(name, layer.only?.[name], one, sources);
}

function isDoor(manifest: string | undefined, door: string): boolean {
  const { exports } = JSON.parse(manifest ?? '{}') as { exports?: Record<string, unknown> };
  return exports?.[`./${door}`] !== undefined;
}

function whyNotName(layer: string, only: string | undefined, one: Import, sources: Sources): string | null {
  if (only === undefined) return null;
  if (one.names === null) return `of ${layer} only what ${only} exports may be imported: name it`;
  const offered = exportsOf(only, sources.get(only) ?? '');
  const foreign = one.names.filter((name) => !offered.has(name));
  return foreign.length === 0 ? null : `${foreign.join(', ')} of ${layer} is not exported by ${only}`;
}

function whyNotOutside(file: string, specifier: string): string | null {
  const here = layerOf(file);
  const builtin = specifier.startsWith('node:') || builtins.has(specifier);
  const name = specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : specifier.split('/')[0];
  const pure = here?.layer.pure;
  if (pure === undefined || isTest(file) || file.endsWith('.canary.ts')) return null;
  if (builtin) return `${here?.name} is pure: ${specifier} comes in through a port`;
  return pure.packages.includes(name ?? '') ? null : `${here?.name} is pure: it must not import ${specifier}`;
}

/** A stage never imports another; both halves of the path are known to data-path.ts alone; the path never imports its rulers. */
export function checkDataPath(sources: Sources): Finding[] {
  const findings: Finding[] = [];
  for (const [file, text] of sources) {
    if (!isTypeScript(file) || !file.startsWith('packages/engine/')) continue;
    const halves = new Set<string>();
    for (const { specifier, line } of importsOf(file, text)) {
      if (!specifier.startsWith('.')) continue;
      const target = resolveRelative(file, specifier);
      const half = halfOf(target);
      if (half !== null) halves.add(half);
      const sentence = whyNotOnPath(file, target) ?? (halves.size > 1 && !mayKnowAll(file) ? BOTH_HALVES : null);
      if (sentence !== null) findings.push({ file, line, sentence });
    }
  }
  return findings;
}

const BOTH_HALVES = 'only data-path.ts may know both halves of the path';

function whyNotOnPath(file: string, target: string): string | null {
  const own = stageOf(file);
  const stage = stageOf(target);
  if (own !== null && stage !== null && stage !== own) return `the stage ${own} must not import the stage ${stage}`;
  const onPath = file.startsWith(`${dataPath.folder}/`) || file === `${dataPath.folder}.ts`;
  if (onPath && target.startsWith(`${dataPath.rulers}/`)) return `the data path must not import ${dataPath.rulers}`;
  return null;
}

const mayKnowAll = (file: string): boolean => (dataPath.knowAll as readonly string[]).includes(file) || isTest(file);

function stageOf(file: string): string | null {
  return dataPath.stages.find((stage) => file.startsWith(`${dataPath.folder}/${stage}/`)) ?? null;
}

/** `source` or `target`: a stage, or the file beside the stages that joins them (`data-path/source-path.ts`). */
function halfOf(file: string): string | null {
  return /^(source|target)[/-]/.exec(file.slice(dataPath.folder.length + 1))?.[1] ?? null;
}

/** Modules that need each other before either is ready; imports of types alone do not count. */
export function checkCycles(sources: Sources): Finding[] {
  const findings: Finding[] = [];
  const done = new Set<string>();
  const visit = (file: string, trail: readonly string[]): void => {
    const at = trail.indexOf(file);
    if (at >= 0) findings.push({ file, line: 0, sentence: `imports run in a circle: ${circle(trail, at, file)}` });
    if (at >= 0 || done.has(file)) return;
    done.add(file);
    for (const one of importsOf(file, sources.get(file) ?? '')) {
      const target = resolveRelative(file, one.specifier);
      if (one.specifier.startsWith('.') && !one.typeOnly && !one.lazy && sources.has(target))
        visit(target, [...trail, file]);
    }
  };
  for (const file of sources.keys()) if (isTypeScript(file)) visit(file, []);
  return findings;
}

const circle = (trail: readonly string[], at: number, file: string): string =>
  [...trail.slice(at), file].map((one) => one.split('/').at(-1)).join(' → ');

/** Every package that is imported is declared where it is imported: `npm ci` in a package's own folder must be enough. */
export function checkDeclared(sources: Sources): Finding[] {
  const findings: Finding[] = [];
  for (const [file, text] of sources) {
    const here = layerOf(file);
    if (!isTypeScript(file) || here === null || isTest(file)) continue;
    const declared = declaredBy(sources.get(`${here.layer.folder}/package.json`) ?? '{}');
    const developed = isForTests(file) ? declaredBy(sources.get('package.json') ?? '{}') : declared;
    for (const { specifier, line } of importsOf(file, text)) {
      if (specifier === '' || specifier.startsWith('.') || specifier.startsWith('node:') || builtins.has(specifier))
        continue;
      const name = specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/');
      if (name === `${SCOPE}${here.name}` || declared.has(name) || developed.has(name)) continue;
      findings.push({ file, line, sentence: `${name} is not a dependency of ${here.layer.folder}/package.json` });
    }
  }
  return findings;
}

/** What only ever runs under vitest takes it from the project's own manifest. */
const isForTests = (file: string): boolean =>
  isTest(file) || /^(house|e2e|bench|packages\/simulation)\/|\/(testing|conformance)\/|\/testing\.ts$/.test(file);

function declaredBy(text: string): Set<string> {
  const manifest = JSON.parse(text) as Record<string, Record<string, string> | undefined>;
  const kinds = ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies'];
  return new Set(kinds.flatMap((kind) => Object.keys(manifest[kind] ?? {})));
}

import { builtinModules } from 'node:module';
import { type Room, rooms } from '../layers.ts';
import { type Finding, importsOf, isTest, isTypeScript, resolveRelative, type Sources } from './source.ts';

const builtins = new Set(builtinModules);

/** What one process of the console must not know of the others, or of the machine. Tests may know all of it. */
export function checkRooms(sources: Sources): Finding[] {
  const findings: Finding[] = [];
  for (const [file, text] of sources) {
    const [name, room] = roomOf(file);
    if (!isTypeScript(file) || isTest(file) || room === null) continue;
    for (const { specifier, line } of importsOf(file, text)) {
      const sentence = specifier.startsWith('.')
        ? whyNotFile(file, specifier, [name, room])
        : whyNotPackage(specifier, [name, room]);
      if (sentence !== null) findings.push({ file, line, sentence });
    }
  }
  return findings;
}

function roomOf(file: string): readonly [string, Room | null] {
  for (const [name, room] of Object.entries(rooms)) if (file.startsWith(`${name}/`)) return [name, room];
  return ['', null];
}

function whyNotFile(file: string, specifier: string, [name, room]: readonly [string, Room]): string | null {
  const [there] = roomOf(resolveRelative(file, specifier));
  if (there === name || room.mayImport.includes(there)) return null;
  return `${name} must not import ${there === '' ? specifier : there}`;
}

function whyNotPackage(specifier: string, [name, room]: readonly [string, Room]): string | null {
  if (!room.node && (specifier.startsWith('node:') || builtins.has(specifier)))
    return `${name} knows no Node: ${specifier} belongs in the main process`;
  const barred = room.barred.find((one) => specifier === one || specifier.startsWith(`${one}/`));
  return barred === undefined ? null : `${name} must not import ${barred}`;
}

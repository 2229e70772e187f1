/**
 * The shape of what goes over the wire, as text: one line for each part, so that a changed part shows as a changed line.
 * In: schemas, closed lists of numbers, encoded bytes. Out: lines. For the tests beside it; nothing else imports it.
 */
import { z } from 'zod';

const PRIME = 0x100000001b3n;

/** FNV-1a, 64 bits: it is to notice a slip of the hand, not an enemy. */
function hash(text: string): string {
  let value = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i += 1) value = BigInt.asUintN(64, (value ^ BigInt(text.charCodeAt(i))) * PRIME);
  return value.toString(16).padStart(16, '0');
}

/** Of what a writer may say; descriptions for people do not count. */
export function schemaLine(name: string, schema: z.ZodType): string {
  return `${name} ${hash(JSON.stringify(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })))}`;
}

export function numberLines(name: string, numbers: Readonly<Record<string, number>>): string[] {
  return Object.entries(numbers).map(([key, value]) => `${name}.${key} = ${value}`);
}

export function sampleLine(name: string, bytes: Uint8Array): string {
  return `sample ${name} ${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** `understudy-replication/2` → `replication-2`: each version keeps its own file. */
export const fileOf = (protocol: string): string => `./${protocol.replace('understudy-', '').replace('/', '-')}.txt`;

export const whatToDo = (constant: string, protocol: string): string =>
  `What goes over the wire is not what the golden file of ${protocol} says. If ${protocol} has been released, raise ${constant} ` +
  '(agents of both versions must then be told apart; SAFE7) and keep the old file; if it has not, the file may change. Then write it with ' +
  '`npx vitest run packages/wire/src/golden -u`, and look at the difference: numbers are never reused.';

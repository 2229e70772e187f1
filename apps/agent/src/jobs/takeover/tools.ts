/** Programs of the system that the agent calls by name. In: a name. Out: where it lies, or null. */
import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Service } from '@understudy/wire';

const PLACES = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/sbin', '/usr/local/bin'];

export function findTool(name: string): string | null {
  const path = (process.env.PATH ?? '').split(':').filter((place) => place.startsWith('/'));
  for (const place of new Set([...path, ...PLACES])) if (isRunnable(join(place, name))) return join(place, name);
  return null;
}

/** Where it is missing: where it would lie, so that the error says so. */
export const toolAt = (name: string): string => findTool(name) ?? `/usr/bin/${name}`;

export function isRunnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The directory by which programs know that systemd runs. */
export const hasSystemd = (): boolean => existsSync('/run/systemd/system');

/** The unit by which a service is served here; null: by commands. */
export function unitOf({ unit, start }: Pick<Service, 'unit' | 'start'>): string | null {
  return unit !== undefined && (hasSystemd() || start === undefined) ? unit : null;
}

/** Options that the definition knows and this version does not do yet: refused by name, never ignored. */
import { type JobDefinition, ManagementError } from '@understudy/wire';

export function refuseUnsupported(definition: JobDefinition): void {
  const unsupported: [boolean, string][] = [[definition.mode !== 'async', '--mode sync']];
  for (const [given, option] of unsupported)
    if (given)
      throw new ManagementError('unsupported-option', `${option} is not implemented in this version; leave it out.`);
}

/** What the replica is to be while the job runs. */
import { Option } from '@commander-js/extra-typings';

const CHOICES = ['refuse', 'allow'] as const;

export const targetWritesOption = () =>
  new Option(
    '--target-writes <what>',
    'whether others may write into the replica while the job runs (default: refuse, by a read-only mount over it)',
  ).choices(CHOICES);

export const devicesOption = () =>
  new Option(
    '--devices <what>',
    'whether the replica gets device nodes (default: allow; the target may refuse them anyway)',
  ).choices(CHOICES);

export const setuidOption = () =>
  new Option(
    '--setuid <what>',
    'whether files of the replica get setuid, setgid and capabilities (default: allow; the target may refuse them anyway)',
  ).choices(CHOICES);

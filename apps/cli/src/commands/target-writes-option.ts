import { Option } from '@commander-js/extra-typings';

export const targetWritesOption = () =>
  new Option(
    '--target-writes <what>',
    'whether others may write into the replica while the job runs (default: refuse, by a read-only mount over it)',
  ).choices(['refuse', 'allow'] as const);

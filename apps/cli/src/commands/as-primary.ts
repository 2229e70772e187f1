import { Option } from '@commander-js/extra-typings';

/** A person's word, about a source that another server has taken over from. */
export const asPrimaryOption = () =>
  new Option(
    '--as-primary',
    'of a superseded job: this server is the one that writes from now on, and you have made sure that the other does not',
  );

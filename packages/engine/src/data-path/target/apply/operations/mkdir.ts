/** mkdir: a directory at (parent, name). */
export { establish as mkdir } from '../establish.ts';

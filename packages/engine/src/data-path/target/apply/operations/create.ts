/** create: a regular file at (parent, name). */
export { establish as create } from '../establish.ts';

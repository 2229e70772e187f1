/** symlink: a symbolic link at (parent, name); data is its target. */
export { establish as symlink } from '../establish.ts';

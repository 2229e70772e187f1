/** mknod: a FIFO, socket or device at (parent, name). */
export { establish as mknod } from '../establish.ts';

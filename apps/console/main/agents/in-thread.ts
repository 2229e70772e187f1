/** The thread's own first file: a desk, and the port to who started it. */
import { parentPort, workerData } from 'node:worker_threads';
import { Desk } from './desk.ts';
import type { DeskOrder } from './words.ts';

const desk = new Desk(String(workerData), (word) => parentPort?.postMessage(word));
parentPort?.on('message', (order: DeskOrder) => void desk.obey(order));

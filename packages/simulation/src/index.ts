/**
 * simulation: the real engines of two agents in one process, with file systems in memory and a wire and processes that fail.
 * In: seeds. Out: what went wrong, with the steps that led there. Promise: one seed is one run.
 */
export { runSeed, type SeedOutcome } from './run-seed.ts';

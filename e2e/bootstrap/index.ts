/**
 * The stage on which every end-to-end test plays. Comes in: names of agents. Goes out: real agents in temp folders, paired, a client
 * that speaks only the public command line, workloads, a comparer of trees. Promised: nothing is left behind, however a test ends,
 * and the logs of one that failed are in test-output/e2e.
 */
export { AcknowledgedWriter, holds } from './acknowledged-writer.ts';
export { AgentProcess } from './agent-process.ts';
export { Bootstrap } from './bootstrap.ts';
export { Cable } from './cable.ts';
export { Client, type JobOptions, type JobStatus, replicaOf } from './client.ts';
export { described, ExitCode, type Outcome, projectRoot, run, succeeded, understudyCommand } from './command.ts';
export { type ConsoleCost, costOf } from './console-cost.ts';
export { type Scrolled, turnWheel } from './console-scroll.ts';
export { firstPaintMs } from './console-start.ts';
export { ConsoleWindow, type Fault, whyNoConsole, withConsole } from './console-window.ts';
export { fillUp, imagesInMemory, mountDiskImage, unmountDiskImage, whyNoDiskImage } from './disk-image.ts';
export { startEtcd, whyNoEtcd } from './etcd.ts';
export { Fleet, type FleetSize } from './fleet.ts';
export { goesOn, type Killing, killAgent, killInterceptor } from './kills.ts';
export { Lan } from './lan.ts';
export { Line, whyNoLine } from './line.ts';
export { type Account, accountOf, type NeverSent } from './never-sent.ts';
export { copyData, type Ledger, Postgres, postgresPrograms } from './postgres.ts';
export { afterReboot, booted, cutPower, type Lengths, lengthsAtRest, untilServed } from './power-cut.ts';
export {
  isAlive,
  killTogether,
  mountsBelow,
  type ProcessFound,
  processesNaming,
  readBytes,
  residentMiB,
} from './processes.ts';
export { type ProtectedFolder, protectedFolder } from './protected-folder.ts';
export { refused } from './refused.ts';
export { SampleDatabase, type SampleSize, type Verdict, type Written } from './sample-database.ts';
export { type Recovery, SERVED_DATA, SERVED_JOB, ServedDatabase, whyNoServedDatabase } from './served-database.ts';
export { Server, type ServerOptions } from './server.ts';
export { ServiceClient } from './service-client.ts';
export { describeWithFuse, fullSize, sharedStage, sized, staged, whyNoFuse, withStage } from './staged.ts';
export { clusterVersion, type FoundApplication, type Rooms, type Two } from './two-servers.ts';
export { elapse, until } from './until.ts';
export { Load, startLoad, treeDifferences, type WorkloadName, workloadProgram } from './workload.ts';
export { allowedBytes, JOB as WORLD, megabytes, openWorld, protectWorld, Town, type World } from './world.ts';

import { rawFromText } from '@understudy/base';
import { directoryActor } from '../conformance/directory-actor.ts';
import { interceptorConformance } from '../conformance/suite.ts';
import { scratch, turn, until, whySkipped } from './testing.ts';

interceptorConformance(
  'fuse',
  async () => {
    const world = await scratch();
    const { interceptor } = world;
    const ended = (pid: number) => {
      try {
        process.kill(pid, 0);
        return false;
      } catch {
        return true;
      }
    };
    return {
      interceptor,
      directory: world.raw('one'),
      second: world.raw('two'),
      file: world.raw('file'),
      missing: rawFromText(world.path('nothing')),
      actor: directoryActor,
      turn,
      crash: async () => {
        const { server } = await interceptor.servers();
        process.kill(server, 'SIGKILL');
        await until(() => ended(server));
      },
      quietAtime: false,
      close: () => world.close(),
    };
  },
  {
    promises: { order: true, everyCall: true, mappedWrites: true, hold: false, survivesCrash: true },
    cannotRun: whySkipped(),
  },
);

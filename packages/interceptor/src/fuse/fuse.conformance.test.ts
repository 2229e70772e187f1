import { tmpdir } from 'node:os';
import { rawFromText } from '@understudy/base';
import { directoryActor } from '../conformance/directory-actor.ts';
import { type ConformanceFactory, interceptorConformance } from '../conformance/suite.ts';
import { scratch, turn, until, whySkipped } from './testing.ts';
import { type Mounted, mountImage, OTHER_TYPES, whyNoImage } from './testing-images.ts';

const ended = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
};

/** `type`: null for the file system of the temporary folder. */
function worlds(type: string | null): ConformanceFactory {
  return async () => {
    const image: Mounted | null = type === null ? null : mountImage(type);
    const world = await scratch({}, image?.point ?? tmpdir());
    const { interceptor } = world;
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
      close: async () => {
        await world.close();
        await image?.remove();
      },
    };
  };
}

const promises = { order: true, everyCall: true, mappedWrites: true, hold: true, survivesCrash: true };

interceptorConformance('fuse', worlds(null), { promises, cannotRun: whySkipped() });

for (const type of OTHER_TYPES)
  interceptorConformance(`fuse on ${type}`, worlds(type), {
    promises,
    cannotRun: whySkipped() ?? (await whyNoImage(type)),
  });

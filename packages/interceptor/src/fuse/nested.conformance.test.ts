import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { type RawName, rawFromText } from '@understudy/base';
import { directoryActor } from '../conformance/directory-actor.ts';
import { interceptorConformance } from '../conformance/suite.ts';
import type { FuseInterceptor } from './index.ts';
import { scratch, turn, until, whySkipped } from './testing.ts';

const ended = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
};

/** As a job that excludes what is mounted in its directory. */
const excluding = (interceptor: FuseInterceptor): FuseInterceptor =>
  new Proxy(interceptor, {
    get: (target, name: keyof FuseInterceptor) => {
      if (name === 'protect') return (directory: RawName) => target.protect(directory, () => false);
      const value = target[name];
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });

/** Another file system is mounted in the directory and stays in its place: the directory keeps every promise around it. */
interceptorConformance(
  'fuse around a nested file system',
  async () => {
    const world = await scratch();
    const { interceptor } = world;
    mkdirSync(world.path('one/mounted'), { recursive: true });
    writeFileSync(world.path('image'), '');
    truncateSync(world.path('image'), 512 << 20);
    execFileSync('mkfs.ext4', ['-q', '-F', world.path('image')]);
    execFileSync('mount', ['-o', 'loop', world.path('image'), world.path('one/mounted')]);
    rmSync(world.path('one/mounted/lost+found'), { recursive: true });
    return {
      interceptor: excluding(interceptor),
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
    promises: { order: true, everyCall: true, mappedWrites: true, hold: true, survivesCrash: true },
    cannotRun: whySkipped(),
  },
);

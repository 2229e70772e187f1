import { rawFromText } from '@understudy/base';
import { MemoryFileSystem } from '../memory/memory-file-system.ts';
import { MemoryInterceptor } from '../memory/memory-interceptor.ts';
import { memoryActor } from './memory-actor.ts';
import { interceptorConformance } from './suite.ts';

interceptorConformance(
  'memory',
  () => {
    let ms = 5_000_000;
    const clock = {
      wallMs: () => {
        ms += 1.5;
        return ms;
      },
    };
    const tasks: (() => void)[] = [];
    const fs = new MemoryFileSystem(clock);
    fs.mkdir(fs.root, rawFromText('one'));
    fs.mkdir(fs.root, rawFromText('two'));
    fs.create(fs.root, rawFromText('file'));
    const interceptor = new MemoryInterceptor({ fs, clock, defer: (task) => tasks.push(task) });
    return Promise.resolve({
      interceptor,
      directory: rawFromText('/one'),
      second: rawFromText('/two'),
      file: rawFromText('/file'),
      missing: rawFromText('/nothing'),
      actor: (directory) => memoryActor(fs, directory),
      turn: () => {
        for (const task of tasks.splice(0)) task();
        return Promise.resolve();
      },
      quietAtime: true,
      close: () => interceptor.close(false),
    });
  },
  { promises: { order: true, everyCall: true, mappedWrites: true, hold: false, survivesCrash: false } },
);

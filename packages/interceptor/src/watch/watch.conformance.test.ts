import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rawFromText } from '@understudy/base';
import { openSourceTree } from '@understudy/filesystem';
import { directoryActor } from '../conformance/directory-actor.ts';
import { interceptorConformance } from '../conformance/suite.ts';
import { WatchInterceptor } from './watch-interceptor.ts';

const isRoot = process.getuid?.() === 0;

interceptorConformance(
  'watch',
  () => {
    const top = mkdtempSync(join(tmpdir(), 'understudy-watch-'));
    for (const name of ['one', 'two']) mkdirSync(join(top, name));
    writeFileSync(join(top, 'file'), '');
    const interceptor = new WatchInterceptor({ openFiles: (rootPath) => openSourceTree({ rootPath }) });
    return Promise.resolve({
      interceptor,
      directory: rawFromText(join(top, 'one')),
      second: rawFromText(join(top, 'two')),
      file: rawFromText(join(top, 'file')),
      missing: rawFromText(join(top, 'nothing')),
      actor: directoryActor,
      turn: () => new Promise((resolve) => setImmediate(resolve)),
      quietAtime: false,
      close: async () => {
        await interceptor.close(false);
        rmSync(top, { recursive: true, force: true });
      },
    });
  },
  {
    promises: { order: false, everyCall: false, mappedWrites: false, hold: false, survivesCrash: false },
    cannotRun: isRoot ? null : 'file handles and changing owners need root',
  },
);

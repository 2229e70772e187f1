/** A file's number is given to a new one at once where the file system has no other: who asks for the old one meanwhile hears that it is gone. */
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { expect, it, vi } from 'vitest';
import { openReplicaTree } from '../index.ts';
import { attributes, cannotRun, raw, scratchFolder } from '../testing/scratch.ts';

const CHURN = `const fs = require('node:fs'); for (;;) { fs.writeFileSync('x', ''); fs.unlinkSync('x'); }`;

it.skipIf(cannotRun() !== null)(
  'a file whose number is being given to a new one is gone, and no memory is short',
  async () => {
    const folder = scratchFolder();
    const rootPath = raw(`${folder.path}/replica`);
    const replica = openReplicaTree({ rootPath, limboPath: raw(`${folder.path}/limbo`), create: true });
    const other = `${folder.path}/other`;
    fs.mkdirSync(other);
    const churn = spawn(process.execPath, ['-e', CHURN], { cwd: other, stdio: 'ignore' });
    try {
      await vi.waitUntil(() => fs.readdirSync(other).length > 0, { interval: 1, timeout: 30_000 });
      for (let i = 0; i < 6000; i += 1) {
        const handle = replica.createFile(replica.root, raw('short-lived'), attributes(0o100644));
        replica.unlink(replica.root, raw('short-lived'));
        for (let look = 0; look < 3; look += 1) expect(replica.attributes(handle)).toBe(null);
      }
    } finally {
      churn.kill('SIGKILL');
      replica.close();
      folder.remove();
    }
  },
);

/**
 * Calls that come just behind the end of the name by which they found their file: they hear what a bare file system would have said,
 * and nothing of the way they take here.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { drainAll, type Scratch, scratch, startUser, turn, whySkipped } from './testing.ts';

const skip = whySkipped();
if (skip !== null) console.warn(`calls that come behind the end of a name are not tested: ${skip}`);

const BEGIN = `const fs = require('node:fs'); fs.writeFileSync('x', 'words'); console.log('begun');`;
const CHURN: Readonly<
  Record<string, { readonly looks: number; readonly may: readonly string[]; readonly script: string }>
> = {
  'is removed and made anew': {
    looks: 3000,
    may: ['ENOENT'],
    script: `${BEGIN} for (;;) { fs.unlinkSync('x'); fs.writeFileSync('x', 'words'); }`,
  },
  'is replaced by a rename': {
    looks: 600,
    may: [],
    script: `${BEGIN} for (;;) { fs.writeFileSync('y', 'words'); fs.renameSync('y', 'x'); }`,
  },
};
/** Tells what it heard. */
const lookAt = (times: number) => `const fs = require('node:fs'); const heard = new Set();
for (let i = 0; i < ${times}; i += 1)
  for (const look of [() => fs.statSync('x'), () => fs.closeSync(fs.openSync('x', 'r+')), () => fs.utimesSync('x', 1, 1)])
    try { look(); } catch (error) { heard.add(error.code); }
console.log(JSON.stringify([...heard]));`;

describe.skipIf(skip !== null)('a name that ends again and again', () => {
  let world: Scratch | null = null;
  afterEach(async () => {
    await world?.close();
    world = null;
  });

  for (const [how, { looks, may, script }] of Object.entries(CHURN))
    it(`[FSI5] ${how}: nobody hears more than that it is not there`, async () => {
      world = await scratch();
      const { interceptor } = world;
      await interceptor.protect(world.raw('one'));
      const run = (code: string) =>
        startUser(`cd ${world?.path('one')} && exec ${process.execPath} -e '${code.replaceAll("'", `'"'"'`)}'`);
      const churn = run(script);
      try {
        await churn.line();
        let heard: string | null = null;
        void run(lookAt(looks))
          .line()
          .then((line) => {
            heard = line;
          });
        while (heard === null) {
          drainAll(interceptor);
          await turn();
        }
        expect(JSON.parse(heard).filter((code: string) => !may.includes(code))).toEqual([]);
      } finally {
        churn.process.kill('SIGKILL');
      }
    });
});

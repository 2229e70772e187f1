/** `npm run bench`: builds, makes the other tools available where that is allowed, and measures all of them in one run. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from './build.mjs';
import { asCommand, ensurePackages, run, top } from './ensure.mjs';
import { buildSampleWriter } from './sample-writer/build.mjs';

await asCommand(async () => {
  await build();
  buildSampleWriter();
  await ensurePackages(JSON.parse(readFileSync(join(top, 'bench', 'packages.json'), 'utf8')));
  // The agents run as built; the benchmark and the stage it plays on run from their source, as the tests do.
  const loader = pathToFileURL(join(top, 'node_modules', 'tsx', 'dist', 'loader.mjs')).href;
  const main = join(top, 'bench', 'src', 'main.ts');
  const { code } = await run(process.execPath, [
    '--import',
    loader,
    '--conditions=source',
    main,
    ...process.argv.slice(2),
  ]);
  return code;
});

/** `npm run bench`: builds, makes the other tools available where that is allowed, and measures all of them in one run. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './build.mjs';
import { asCommand, ensurePackages, Refusal, run, top } from './ensure.mjs';
import { buildSampleWriter } from './sample-writer/build.mjs';

await asCommand(async () => {
  await build();
  buildSampleWriter();
  const packages = join(top, 'bench', 'packages.json');
  if (existsSync(packages)) await ensurePackages(JSON.parse(readFileSync(packages, 'utf8')));
  const main = ['bench/dist/main.js', 'bench/dist/src/main.js', 'bench/dist/src/index.js'].find((one) =>
    existsSync(join(top, one)),
  );
  if (main === undefined) throw new Refusal('the benchmark is not built: run "npm run build"');
  const { code } = await run(process.execPath, [join(top, main), ...process.argv.slice(2)]);
  return code;
});

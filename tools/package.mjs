/**
 * `npm run package [-- KIND…]`: the packages of the console. In: a checkout; kinds (`deb`, `tar.gz`, …), or none for all. Out: build/packages
 * with the packages, their checksums and `packages.json`; on the terminal each with its size, or why it is not there.
 * Promised: what was made was looked at (fuses, contents, licenses) before it is told; what holds the runtime for tests says so everywhere;
 * the exit code is 0 when everything was made that can be made here.
 */
import { ensureElectron, preferOwnElectron } from './electron.mjs';
import { asCommand, ensureDependencies, Refusal, requireNode } from './ensure.mjs';

await asCommand(async () => {
  requireNode();
  await ensureDependencies();
  await preferOwnElectron();
  const why = await ensureElectron();
  if (why !== null) throw new Refusal(why);
  const { makePackages } = await import('./package/make.mjs');
  return await makePackages(process.argv.slice(2));
});

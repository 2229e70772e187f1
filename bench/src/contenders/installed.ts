import { spawnSync } from 'node:child_process';

/** First line of what a command says about its version, or what to install. */
export function installed(
  command: string,
  args: readonly string[],
  debianPackage: string,
): { readonly version: string } | { readonly missing: string } {
  const result = spawnSync(command, [...args], { encoding: 'utf8', timeout: 10_000 });
  if (result.error !== undefined)
    return { missing: `${command} is not installed (Debian: apt-get install ${debianPackage})` };
  const version = /\d+(\.\d+)+/.exec(`${result.stdout}${result.stderr}`)?.[0];
  return { version: version ?? 'unknown' };
}

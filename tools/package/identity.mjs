/**
 * package: the room behind `npm run package`. This file says what the packages are called. In: the version of the product, the Electron that
 * is in them. Out: versions and file names as each kind of package has them. Pure. Promised: what holds the runtime for tests says so in
 * its version and so in its name, and whatever is released of that version is newer to every package manager.
 */

/** @typedef {{ forTests: boolean, version: string }} Runtime of Electron */

/**
 * @param {string} version as package.json has it
 * @param {Runtime} runtime
 */
export function versionOf(version, runtime) {
  if (!runtime.forTests) return version;
  return `${version}${version.includes('-') ? '.' : '-'}for-tests.electron-${runtime.version}`;
}

/** As dpkg and rpm compare: a tilde sorts before the end, so that 0.1.0~beta is older than 0.1.0; a hyphen would begin a revision. */
export function packageVersion(version) {
  const [release, ...before] = version.split('-');
  return before.length === 0 ? release : `${release}~${before.join('.')}`;
}

/** What each kind of package calls the processor. */
const ARCHITECTURES = {
  x64: { deb: 'amd64', rpm: 'x86_64' },
  arm64: { deb: 'arm64', rpm: 'aarch64' },
};

/** @param {string} arch as Node has it; null: no packages are made for it */
export const architecturesOf = (arch) => ARCHITECTURES[arch] ?? null;

export const debName = (name, version, arch) => `${name}_${packageVersion(version)}_${architecturesOf(arch).deb}.deb`;

export const rpmName = (name, version, arch) => `${name}-${packageVersion(version)}-1.${architecturesOf(arch).rpm}.rpm`;

/** Without its ending this is also the folder that is in it. */
export const tarName = (name, version, arch) => `${name}-${version}-linux-${arch}.tar.gz`;

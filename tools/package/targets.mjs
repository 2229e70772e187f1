/**
 * What can be packaged on which machine. In: what the machine is and has. Out: for each kind of package whether it is tried, or a sentence why
 * not. Pure: what only trying shows (whether a download comes) is found out by whoever tries.
 */

import { stripVTControlCharacters } from 'node:util';

/**
 * @typedef {object} Machine
 * @property {string} platform as Node has it
 * @property {string} arch as Node has it
 * @property {(command: string) => boolean} has
 * @property {boolean} ownElectron whether Electron itself is there or can be fetched; if not, there is the runtime for tests or none
 */

/**
 * `ours`: made here of the application's folder; else electron-builder makes it.
 * @typedef {{ name: string, system: 'linux' | 'mac' | 'windows', ours: boolean, why: (machine: Machine) => string | null }} Target
 */

const onLinux = ({ platform }) => (platform === 'linux' ? null : 'it is made on Linux');
const needs = (command, from) => (machine) =>
  onLinux(machine) ?? (machine.has(command) ? null : `${command} is missing (Debian: apt-get install ${from})`);
const NOT_REACHED = 'github.com could not be reached, from where electron-builder fetches';

const whyNoAppImage = (machine) =>
  onLinux(machine) ?? (machine.ownElectron ? null : `${NOT_REACHED} what makes it (and Electron itself)`);

function whyNoInstaller(machine) {
  if (!machine.ownElectron) return `${NOT_REACHED} Electron for Windows and what makes the installer`;
  if (machine.platform === 'win32') return null;
  return machine.has('wine') ? null : 'it is made on Windows, or elsewhere with wine, which is missing';
}

/** @type {readonly Target[]} */
export const TARGETS = [
  { name: 'tar.gz', system: 'linux', ours: true, why: needs('tar', 'tar') },
  { name: 'deb', system: 'linux', ours: true, why: needs('dpkg-deb', 'dpkg') },
  { name: 'rpm', system: 'linux', ours: true, why: needs('rpmbuild', 'rpm') },
  { name: 'AppImage', system: 'linux', ours: false, why: whyNoAppImage },
  { name: 'nsis', system: 'windows', ours: false, why: whyNoInstaller },
  {
    name: 'dmg',
    system: 'mac',
    ours: false,
    why: ({ platform }) =>
      platform === 'darwin' ? null : 'it is made on macOS alone, with tools that are part of that',
  },
];

/**
 * @param {readonly string[]} wanted names; none means all
 * @returns {{ target: Target, why: string | null }[]} null: it is tried
 */
export function planOf(wanted, machine) {
  const strange = wanted.find((name) => TARGETS.every((target) => target.name !== name));
  if (strange !== undefined)
    throw new RangeError(`${strange} is no package; there are ${TARGETS.map(({ name }) => name).join(', ')}`);
  return TARGETS.filter(({ name }) => wanted.length === 0 || wanted.includes(name)).map((target) => ({
    target,
    why: target.why(machine),
  }));
}

/** What a failed run of electron-builder means, in its own words: the first complaint, without its marks. */
export function complaintOf(output) {
  const lines = stripVTControlCharacters(output)
    .split('\n')
    .map((line) => line.trim());
  const marked = lines.find((line) => /^(⨯|✖|Error:)|\berror\b|cannot|ENOTFOUND|ECONN|ETIMEDOUT/i.test(line));
  return (marked ?? lines.findLast((line) => line !== '') ?? 'it said nothing')
    .replace(/^(⨯|✖|Error:)\s*/, '')
    .slice(0, 300);
}

/** Whether a complaint is that a host cannot be reached: then the machine is to blame and nothing here. */
export const isUnreached = (complaint) =>
  /ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|cannot (download|resolve)|download failed|getaddrinfo|fetch failed|tunneling socket|status ?code:? ?(403|407|5\d\d)/i.test(
    complaint,
  );

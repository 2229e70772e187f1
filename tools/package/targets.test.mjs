import { describe, expect, test } from 'vitest';
import { complaintOf, isUnreached, planOf, TARGETS } from './targets.mjs';

const all = { platform: 'linux', arch: 'x64', has: () => true, ownElectron: true };
const whys = (machine) => Object.fromEntries(planOf([], machine).map(({ target, why }) => [target.name, why]));

describe('what is tried', () => {
  test('on a Linux that has everything: all but dmg', () => {
    expect(whys(all)).toEqual({
      ...{ 'tar.gz': null, deb: null, rpm: null, AppImage: null, nsis: null },
      dmg: expect.stringContaining('macOS'),
    });
  });
  test('where commands are missing: what to install', () => {
    expect(whys({ ...all, has: () => false })).toMatchObject({
      'tar.gz': expect.stringContaining('tar is missing'),
      deb: expect.stringContaining('dpkg-deb is missing'),
      rpm: expect.stringContaining('apt-get install rpm'),
      nsis: expect.stringContaining('wine'),
    });
  });
  test('where Electron itself could not be reached: nothing that is fetched from the same host', () => {
    const there = whys({ ...all, ownElectron: false });
    expect(there).toMatchObject({ 'tar.gz': null, deb: null, rpm: null });
    for (const name of ['AppImage', 'nsis']) expect(there[name]).toMatch(/^github\.com could not be reached/);
  });
  test('on other systems: what belongs to them', () => {
    const linux = ['tar.gz', 'deb', 'rpm', 'AppImage'];
    for (const [platform, name] of [
      ['darwin', 'dmg'],
      ['win32', 'nsis'],
    ]) {
      const there = whys({ ...all, platform });
      expect(there[name]).toBeNull();
      for (const one of linux) expect(there[one], `${one} on ${platform}`).toBe('it is made on Linux');
    }
  });
  test('when it is asked for alone; what there is not is refused by name', () => {
    expect(planOf(['rpm', 'deb'], all).map(({ target }) => target.name)).toEqual(['deb', 'rpm']);
    expect(() => planOf(['deb', 'msi'], all)).toThrow(/msi is no package; there are tar\.gz, deb/);
    expect(TARGETS).toHaveLength(6);
  });
});

describe('a run of electron-builder that failed', () => {
  const output = (line) =>
    `  • building  target=AppImage\n\u001b[31m  ⨯ ${line}\u001b[0m\n    at ClientRequest.<anonymous> (index.js:1:1)\n`;
  test.each([
    ['getaddrinfo ENOTFOUND github.com  failedTask=build', true],
    ['Cannot resolve https://github.com/x.zip: status code 403', true],
    ['cannot find specified resource "icon.png"', false],
  ])('complains "%s"', (line, unreached) => {
    const why = complaintOf(output(line));
    expect(why).toBe(line);
    expect(isUnreached(why)).toBe(unreached);
  });
  test('and says something in any case', () => {
    expect(complaintOf('')).toBe('it said nothing');
    expect(complaintOf('one\ntwo\n')).toBe('two');
  });
});

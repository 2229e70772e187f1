import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { hasCommand } from '../ensure.mjs';
import { architecturesOf, debName, packageVersion, rpmName, tarName, versionOf } from './identity.mjs';

const own = { forTests: false, version: '45.4.1' };
const forTests = { forTests: true, version: '33.2.1' };

describe('the version of a package', () => {
  test.each([
    ['0.1.0', own, '0.1.0', '0.1.0'],
    ['0.1.0', forTests, '0.1.0-for-tests.electron-33.2.1', '0.1.0~for.tests.electron.33.2.1'],
    ['1.0.0-beta.2', own, '1.0.0-beta.2', '1.0.0~beta.2'],
    ['1.0.0-beta.2', forTests, '1.0.0-beta.2.for-tests.electron-33.2.1', '1.0.0~beta.2.for.tests.electron.33.2.1'],
  ])('%s with %j is %s, and for dpkg and rpm %s', (version, runtime, whole, forPackages) => {
    expect(versionOf(version, runtime)).toBe(whole);
    expect(packageVersion(whole)).toBe(forPackages);
  });

  test.skipIf(!hasCommand('dpkg'))('with the runtime for tests is older than the release, as dpkg compares', () => {
    const older = packageVersion(versionOf('0.1.0', forTests));
    expect(spawnSync('dpkg', ['--compare-versions', older, 'lt', '0.1.0']).status).toBe(0);
    expect(spawnSync('dpkg', ['--compare-versions', older, 'gt', '0.0.9']).status).toBe(0);
  });
});

test('files are named as each kind of package has it', () => {
  const version = versionOf('0.1.0', forTests);
  expect(debName('understudy-console', '0.1.0', 'x64')).toBe('understudy-console_0.1.0_amd64.deb');
  expect(rpmName('understudy-console', '0.1.0', 'arm64')).toBe('understudy-console-0.1.0-1.aarch64.rpm');
  expect(tarName('understudy-console', '0.1.0', 'x64')).toBe('understudy-console-0.1.0-linux-x64.tar.gz');
  for (const name of [tarName('c', version, 'x64'), debName('c', version, 'x64'), rpmName('c', version, 'x64')])
    expect(name).toMatch(/for.tests/);
  expect(architecturesOf('s390x')).toBeNull();
});

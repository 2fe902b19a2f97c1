import { describe, expect, it } from 'vitest';
import { compareVersions, isAtLeast, kubeletSkew, parseVersion, VersionError } from './version-skew.ts';

describe('parseVersion', () => {
  it.each([
    ['v1.36.2', [1, 36, 2, null]],
    ['v1.31.4-gke.100', [1, 31, 4, null]],
    ['v1.28.3+k3s1', [1, 28, 3, null]],
    ['v1.30.0-eks-036c24b', [1, 30, 0, null]],
    ['v1.29.0-rc.1', [1, 29, 0, 'rc.1']],
    ['v1.29.0-alpha.2.33+abc', [1, 29, 0, 'alpha.2']],
    ['v1.29.0-beta.0+k3s1', [1, 29, 0, 'beta.0']],
    ['1.28', [1, 28, 0, null]],
    ['1.28+', [1, 28, 0, null]],
    ['v2.0.0', [2, 0, 0, null]],
  ])('%s', (text, [major, minor, patch, preRelease]) => {
    expect(parseVersion(text)).toEqual({ major, minor, patch, preRelease, text });
  });

  it.each([
    '',
    'v1',
    '1',
    'latest',
    'v1.x',
    '1.28.',
    ' 1.28',
    '1.28.3 ',
    'vv1.28.3',
    '1.28.3.4',
    '-1.2',
    1.28,
    null,
    undefined,
  ])('refuses %j', (value) => {
    expect(() => parseVersion(value)).toThrow(VersionError);
  });

  it('says what was expected', () => {
    expect(() => parseVersion('latest')).toThrow(
      '"latest" is not a Kubernetes version: expected one such as v1.31.4 or 1.31',
    );
  });
});

it.each([
  ['v1.31.4', '1.31', true],
  ['v1.31.0', '1.31', true],
  ['v1.31.0-gke.1', '1.31', true],
  ['v1.31.0-rc.1', '1.31', false],
  ['v1.31.0-rc.2', '1.31.0-rc.1', true],
  ['v1.31.0-rc.10', '1.31.0-rc.9', true],
  ['v1.31.0-beta.3', '1.31.0-rc.1', false],
  ['v1.30.9', '1.31', false],
  ['v1.9.0', '1.31', false],
  ['v1.31.4', '1.31.5', false],
  ['v2.0.0', '1.31', true],
])('%s is at least %s: %s', (version, minimum, expected) => {
  expect(isAtLeast(parseVersion(version), parseVersion(minimum))).toBe(expected);
});

it('builds of one release are equal', () => {
  expect(compareVersions(parseVersion('v1.31.4-gke.100'), parseVersion('v1.31.4+k3s1'))).toBe(0);
});

describe('kubeletSkew', () => {
  it.each([
    ['v1.31.0', 'v1.31.0', true, 0],
    ['v1.31.0', 'v1.31.9', true, 0],
    ['v1.31.9', 'v1.30.0', true, 1],
    ['v1.31.0', 'v1.28.15', true, 3],
    ['v1.31.0', 'v1.27.16', false, 4],
    ['v1.31.0', 'v1.32.0', false, -1],
    ['v1.28.0', 'v1.25.0', true, 3],
    ['v1.27.0', 'v1.24.0', false, 3],
    ['v1.26.0', 'v1.24.0', true, 2],
    ['v1.25.0', 'v1.22.0', false, 3],
    ['v2.0.0', 'v1.40.0', false, -40],
  ])('API server %s, kubelet %s: %s', (apiServer, kubelet, supported, minorsBehind) => {
    expect(kubeletSkew(parseVersion(apiServer), parseVersion(kubelet))).toMatchObject({ supported, minorsBehind });
  });

  it.each([
    ['v1.31.0', 'v1.27.1', 'the kubelet is 4 minor versions older, 3 are allowed: kubelet v1.27.1, API server v1.31.0'],
    ['v1.31.0', 'v1.32.0', 'the kubelet is newer than the API server: kubelet v1.32.0, API server v1.31.0'],
    ['v2.0.0', 'v1.40.0', 'the major versions differ: kubelet v1.40.0, API server v2.0.0'],
  ])('says why: %s, %s', (apiServer, kubelet, why) => {
    expect(kubeletSkew(parseVersion(apiServer), parseVersion(kubelet)).why).toBe(why);
  });
});

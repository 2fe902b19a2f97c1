import { describe, expect, it } from 'vitest';
import {
  canonicalHost,
  digestOfImageId,
  isHostOf,
  isKeyOf,
  isSameImage,
  parseReference,
  pulledReference,
} from './oci-reference.ts';

const digest = (char: string): string => `sha256:${char.repeat(64)}`;

describe('references', () => {
  it.each([
    ['redis', 'docker.io', 'library/redis', null, null],
    ['org/api:v1', 'docker.io', 'org/api', 'v1', null],
    ['ghcr.io/org/team/api:v1.0.0', 'ghcr.io', 'org/team/api', 'v1.0.0', null],
    [`localhost:5000/api@${digest('a')}`, 'localhost:5000', 'api', null, digest('a')],
    [`ghcr.io/org/api:v1@${digest('a')}`, 'ghcr.io', 'org/api', 'v1', digest('a')],
    ['index.docker.io/web:1', 'docker.io', 'library/web', '1', null],
    ['Registry.Shop.Test/web:1', 'Registry.Shop.Test', 'web', '1', null],
    ['Registry/web', 'Registry', 'web', null, null],
    ['[::1]:5000/web', '[::1]:5000', 'web', null, null],
    [`ghcr.io/org/api@sha512:${'a'.repeat(128)}`, 'ghcr.io', 'org/api', null, `sha512:${'a'.repeat(128)}`],
  ])('%s', (text, host, repository, tag, sha) => {
    expect(parseReference(text)).toEqual({ host, repository, tag, digest: sha });
  });

  it.each(['', 'Org/Api', 'ghcr.io/org/api:', 'ghcr.io//api', 'api@sha256:12', 'https://ghcr.io/org/api'])(
    '%s is none',
    (text) => expect(parseReference(text)).toBeNull(),
  );

  it('are pulled by digest, then tag, then latest', () => {
    const base = { host: 'ghcr.io', repository: 'org/api' };
    expect(pulledReference({ ...base, tag: 'v1', digest: digest('a') })).toBe(digest('a'));
    expect(pulledReference({ ...base, tag: 'v1', digest: null })).toBe('v1');
    expect(pulledReference({ ...base, tag: null, digest: null })).toBe('latest');
  });

  it('are of one host, whatever it is called', () => {
    expect(['index.docker.io', 'Registry-1.Docker.io', 'docker.io'].map(canonicalHost)).toEqual(
      Array(3).fill('docker.io'),
    );
    expect(isHostOf(['Registry.Shop.Test'], 'registry.shop.test')).toBe(true);
    expect(isHostOf(['docker.io'], 'docker.io.evil.test')).toBe(false);
  });

  it.each([
    [`docker-pullable://ghcr.io/org/api@${digest('a')}`, digest('a')],
    [`ghcr.io/org/api@${digest('a')}`, digest('a')],
    [`docker://${digest('a')}`, digest('a')],
    [digest('a'), digest('a')],
    ['a'.repeat(64), digest('a')],
    [`ghcr.io/org/api@sha512:${'a'.repeat(128)}`, `sha512:${'a'.repeat(128)}`],
    ['ghcr.io/org/api:v1', null],
    ['a'.repeat(63), null],
    [`x${'a'.repeat(64)}`, null],
    ['', null],
  ])('the image id %s names %s', (imageId, expected) => expect(digestOfImageId(imageId)).toBe(expected));
});

describe('what a webhook makes of an image', () => {
  const [tagged, at] = ['ghcr.io/shop/api:1.4.2', (char: string) => `@${digest(char)}`];
  const mirrors = { 'ghcr.io': 'mirror.test/ghcr', 'docker.io/library': 'mirror.test:5000/hub' };
  it.each([
    [tagged, tagged, true],
    [tagged, tagged + at('1'), true],
    ['web', 'docker.io/library/web:latest', true],
    ['web', 'index.docker.io/web' + at('1'), null],
    [tagged, `ghcr.io/shop/api${at('1')}`, null],
    [tagged + at('1'), `ghcr.io/shop/api${at('1')}`, true],
    [tagged + at('1'), tagged, false],
    [tagged + at('1'), tagged + at('2'), false],
    [tagged, 'ghcr.io/shop/api:1.4.3', false],
    [tagged, 'ghcr.io/shop/apis:1.4.2', false],
    [tagged, 'mirror.test/ghcr/shop/api:1.4.2', true],
    [tagged, `mirror.test/ghcr/shop/api:1.4.2${at('1')}`, true],
    [tagged, 'mirror.test/shop/api:1.4.2', false],
    [tagged, 'other.test/ghcr/shop/api:1.4.2', false],
    ['redis:8', 'mirror.test:5000/hub/redis:8', true],
    ['ghcr.io:443/shop/api:1', 'ghcr.io/shop/api:1', true],
    ['${IMAGE}', 'shop/api:1', false],
    ['Not An Image', 'Not An Image', true],
  ])('%s, %s: %s', (named, actual, same) => expect(isSameImage(named, actual, mirrors)).toBe(same));
});

describe('keys of a pull secret', () => {
  it.each([
    ['ghcr.io', 'ghcr.io/org/api', true],
    ['https://ghcr.io/v2/', 'ghcr.io/org/api', true],
    ['https://index.docker.io/v1/', 'docker.io/library/web', true],
    ['ghcr.io/org', 'ghcr.io/org/api', true],
    ['ghcr.io/bank', 'ghcr.io/org/api', false],
    ['*.azurecr.io', 'shop.azurecr.io/api', true],
    ['*.azurecr.io', 'a.shop.azurecr.io/api', false],
    ['*.azurecr.io', 'azurecr.io/api', false],
    ['registry.test:5000', 'registry.test/api', false],
    ['ghcr.io', 'ghcrxio/org/api', false],
  ])('%s fits %s: %s', (key, image, fits) => expect(isKeyOf(key, image)).toBe(fits));
});

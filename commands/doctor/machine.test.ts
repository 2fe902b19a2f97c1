import { expect, it } from 'vitest';
import { versionIn } from './machine.ts';

it.each([
  ['psql (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n', '15.18'],
  ['Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0', '7.0.15'],
  ['prometheus, version 2.42.0+ds (branch: debian/sid)\n  build user: x', '2.42.0+ds'],
  ['/opt/golive-1.2/docker-registry github.com/docker/distribution 2.8.2+ds1', '2.8.2+ds1'],
  ['unreleased', 'unreleased'],
  ['', 'of a version that it does not tell'],
])('reads the version out of %j', (output, version) => expect(versionIn(output)).toBe(version));

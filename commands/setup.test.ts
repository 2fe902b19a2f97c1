import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { findTool } from '../fixtures/rehearsal-client/tools.ts';
import { foundLine, TOOLS } from './setup.ts';
import { installedNames, ownPackages, wrapperScript } from './setup-debian.ts';

const project = mkdtempSync(join(tmpdir(), 'golive test '));
afterAll(() => rmSync(project, { recursive: true, force: true }));

test('the versioned package behind a metapackage is found', () => {
  const depends = 'postgresql-client\n  Depends: postgresql-client-15\n  Depends: <perl>\n  Depends: libc6\n';
  expect(ownPackages(depends)).toEqual(['postgresql-client-15']);
});

test('of what apt would install only the new packages are fetched', () => {
  const simulated = [
    'NOTE: This is only a simulation!',
    'Inst libpq5 (15.20-0+deb12u1 Debian-Security:12/stable-security [amd64])',
    'Inst postgresql-client-15 [15.18-0+deb12u1] (15.20-0+deb12u1 Debian:12 [amd64])',
    'Conf libpq5 (15.20-0+deb12u1 Debian-Security:12/stable-security [amd64])',
  ].join('\n');
  expect(installedNames(simulated)).toEqual(['libpq5']);
});

test('a fetched program is found and gets its libraries and arguments, wherever the project stands', () => {
  const tools = join(project, '.golive/tools');
  mkdirSync(join(tools, 'bin'), { recursive: true });
  mkdirSync(join(tools, 'root/bin'), { recursive: true });
  writeFileSync(join(tools, 'root/bin/greet'), '#!/bin/sh\necho "$LD_LIBRARY_PATH|$1|$2"\nexit 3\n');
  writeFileSync(join(tools, 'bin/golive-greet'), wrapperScript('root/bin/greet', ['root/usr/lib/x', 'root/usr/lib']));
  chmodSync(join(tools, 'root/bin/greet'), 0o755);
  chmodSync(join(tools, 'bin/golive-greet'), 0o755);
  const found = findTool('golive-greet', project) ?? '';
  expect(found).toBe(join(tools, 'bin/golive-greet'));
  const env = { PATH: process.env['PATH'], LD_LIBRARY_PATH: '/own' };
  const run = (): string => execFileSync(found, ['a b', '$HOME'], { encoding: 'utf8', env });
  let said: unknown;
  try {
    run();
  } catch (cause) {
    said = cause;
  }
  expect(said).toMatchObject({
    status: 3,
    stdout: `${tools}/root/usr/lib/x:${tools}/root/usr/lib:/own|a b|$HOME\n`,
  });
});

test('a program that is nowhere is not found', () => {
  expect(findTool('golive-no-such-program', project)).toBeUndefined();
});

test('every program is told in one column, found or not, and what is missing says what for', () => {
  const found = TOOLS.map((tool) => foundLine(tool, '/usr/bin/x'));
  expect(new Set(found.map((line) => line.indexOf('/usr/bin/x'))).size).toBe(1);
  const missing = TOOLS.map((tool) => foundLine(tool, undefined));
  expect(new Set(missing.map((line) => line.indexOf('not found; it '))).size).toBe(1);
  expect(missing.find((line) => line.includes('kubectl'))).toMatch(
    /\(optional; fetch it with: npm run setup -- kubectl\)$/,
  );
  expect(found.join('')).not.toContain('not found');
});

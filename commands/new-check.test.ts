import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CheckKind } from '../checks/kit/kind.ts';
import { readCases } from '../checks/kit/cases-file.ts';
import { runCase } from '../checks/kit/testing/cases.ts';
import { constantOf, newCheck, register } from './new-check.ts';

const ROOT = join(import.meta.dirname, '..');

describe('register', () => {
  const source = readFileSync(join(ROOT, 'checks', 'index.ts'), 'utf8');

  it('adds an import and a member in order, and nothing else', () => {
    const changed = register(source, 'aardvark/burrow') ?? '';
    const added = changed.split('\n').filter((line) => !source.split('\n').includes(line));
    expect(added).toEqual(["import { burrow } from './aardvark/burrow/check.ts';", '  burrow,']);
    expect(changed.indexOf('aardvark/burrow')).toBeLessThan(changed.indexOf('cluster/'));
    expect(changed).toMatch(/\[\n {2}burrow,\n/);
  });

  it('keeps names apart that are the same in two domains', () => {
    const twice = register(register(source, 'a/burrow') ?? '', 'b/burrow') ?? '';
    expect(twice).toContain("import { burrow as bBurrow } from './b/burrow/check.ts';");
    expect(twice).toMatch(/\n {2}burrow,\n(.*\n)*? {2}bBurrow,\n/);
  });

  it('gives up on a file it does not know', () => {
    expect(register('export {};', 'a/b')).toBeUndefined();
  });

  it('names the constant after the kind', () => {
    expect(constantOf('traffic/tls-certificate')).toBe('tlsCertificate');
  });
});

describe('golive new-check', () => {
  let project = '';
  const before = process.cwd();
  beforeAll(() => {
    mkdirSync(join(ROOT, '.golive'), { recursive: true });
    project = mkdtempSync(join(ROOT, '.golive', 'new-check-'));
    mkdirSync(join(project, 'specs'));
    cpSync(join(ROOT, 'checks'), join(project, 'checks'), { recursive: true });
    cpSync(join(ROOT, 'k8s', 'semantics'), join(project, 'k8s', 'semantics'), { recursive: true });
    vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    process.chdir(project);
  });
  afterAll(() => {
    process.chdir(before);
    vi.restoreAllMocks();
    rmSync(project, { recursive: true, force: true });
  });

  it('refuses names that are none, and what exists', async () => {
    for (const name of ['certificate', 'Traffic/tls', 'traffic/tls_cert', '../x/y', 'a/b/c'])
      expect(await newCheck(name)).toBe(64);
    const [domain] = readdirSync(join(project, 'checks')).filter((name) => name === 'cluster');
    expect(await newCheck(`${domain ?? ''}/reachability`)).toBe(64);
  });

  it('starts a check that compiles and whose cases fail', async () => {
    expect(await newCheck('aardvark/burrow-depth')).toBe(0);
    const folder = join(project, 'checks', 'aardvark', 'burrow-depth');
    expect(readdirSync(folder)).toEqual(['cases.yaml', 'check.ts']);
    expect(readFileSync(join(project, 'checks', 'index.ts'), 'utf8')).toContain('burrowDepth');

    writeFileSync(
      join(project, 'tsconfig.json'),
      JSON.stringify({ extends: '../../tsconfig.json', include: ['checks/aardvark/**/*.ts'], exclude: [] }),
    );
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    const compiled = spawnSync(process.execPath, [tsc, '--noEmit', '-p', project], { encoding: 'utf8' });
    expect(compiled.stdout).toBe('');
    expect(compiled.status).toBe(0);

    const module = (await import(pathToFileURL(join(folder, 'check.ts')).href)) as { burrowDepth: CheckKind };
    const cases = readCases(folder);
    expect(cases.map((check) => check.expect.outcome).sort()).toEqual(['error', 'fail', 'inconclusive', 'pass']);
    for (const check of cases) {
      const result = await runCase(module.burrowDepth, check);
      const { outcome, reason, doubts } = check.expect;
      const found = [result.outcome, result.reason ?? result.doubts[0]];
      expect(found).not.toEqual([outcome, reason ?? doubts?.[0]]);
    }
  }, 60_000);
});

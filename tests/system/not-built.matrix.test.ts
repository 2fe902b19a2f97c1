/** A run of golive that is not built, or cannot be: what is said, the exit code, and that no earlier GO is left standing. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repositoryRoot } from '../harness/repository.ts';

describe('golive that is not built', () => {
  const repository = repositoryRoot();
  let copy = '';
  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'golive-copy-'));
    const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: repository,
      encoding: 'utf8',
      maxBuffer: 16 * 1024 ** 2,
    });
    for (const file of files.split('\0').filter((name) => name !== '' && !/\.test\.ts$/.test(name))) {
      mkdirSync(dirname(join(copy, file)), { recursive: true });
      cpSync(join(repository, file), join(copy, file));
    }
    symlinkSync(join(repository, 'node_modules'), join(copy, 'node_modules'));
  });
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  function run(): { status: number | null; said: string; decision: string } {
    const out = join(copy, 'reports/out/decision.json');
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, JSON.stringify({ decision: 'GO', selected: { phases: null, decision: 'GO' }, phases: [] }));
    const cli = join(copy, 'node_modules/@playwright/test/cli.js');
    const env = { PATH: process.env['PATH'] ?? '', NO_COLOR: '1' };
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'test'], { cwd: copy, encoding: 'utf8', env });
    const { decision } = JSON.parse(readFileSync(out, 'utf8')) as { decision: string };
    return { status, said: stdout + stderr, decision };
  }

  it('says so in a line, with the command that builds it', () => {
    const { status, said, decision } = run();
    expect([status, decision], said).toEqual([70, 'HOLD']);
    expect(said).toMatch(/^golive is not built: .*dist\/golive\.js is missing\nFix: npm run build\n$/);
  });

  it('shows what the compiler says when it cannot be built', () => {
    mkdirSync(join(copy, '.git'));
    writeFileSync(join(copy, 'gate/say.ts'), 'export const = ;\n');
    const { status, said, decision } = run();
    expect([status, decision], said).toEqual([70, 'HOLD']);
    expect(said).toMatch(/^golive is not built: building it failed:\n.*ERROR/);
    expect(said).toMatch(/gate\/say\.ts:1:13/);
    expect(said).toMatch(/\nFix: npm run build\n$/);
    expect(said).not.toMatch(/\n\s+at /);
  });
});

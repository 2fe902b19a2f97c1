/** Runs that cannot even start: what is said, the exit code, and that no earlier GO is left standing. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { GateProject } from './testing/gate-project.ts';
import { repositoryRoot } from './testing/repository.ts';

describe('a run that is refused', () => {
  let project: GateProject | undefined;
  afterEach(async () => await project?.remove());

  it('says why in a line each, and withdraws the GO before it', async () => {
    project = await GateProject.make([{ phase: 'phase1', items: [{ id: 'P1-ONE-001' }] }]);
    const good = await project.run();
    expect([good.exitCode, good.decision?.decision], good.output).toEqual([0, 'GO']);
    const list = await project.run(['--list'], { GOLIVE_ENV: 'nowhere' });
    expect([list.exitCode, list.decision?.decision], list.output).toEqual([64, 'GO']);

    const environment = await project.run([], { GOLIVE_ENV: 'smal' });
    expect(environment.exitCode).toBe(64);
    expect(environment.output).toMatch(
      /^fixtures\/environments\/smal\.yaml: there is no such environment\. Allowed: small\. Did you mean "small"\?/m,
    );
    const page = readFileSync(join(project.root, 'reports/out/index.html'), 'utf8');
    expect(page).toContain('<h1>HOLD</h1>');
    expect(environment.decision).toMatchObject({
      decision: 'HOLD',
      readiness: 'HOLD',
      decisionWithoutWaivers: 'HOLD',
      selected: { decision: 'HOLD' },
      phases: [{ decision: 'HOLD' }],
      reasons: [{ code: 'run-incomplete', text: expect.stringContaining('could not start') as string }],
    });

    const checklist = await project.run([], { GOLIVE_CHECKLIST: 'specs/smal' });
    expect(checklist.exitCode).toBe(64);
    expect(checklist.output).toMatch(
      /^specs\/smal\/checklist\.yaml: there is no such checklist\. Allowed: specs\/small\./m,
    );
    const option = await project.run(['--shuffle']);
    expect([option.exitCode, option.decision?.decision]).toEqual([64, 'HOLD']);
    for (const { output } of [environment, checklist, option]) expect(output).not.toMatch(/\n\s+at |Error:/);
  });
});

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
    expect(said).toMatch(/^golive is not built: .*dist\/gate-main\.js is missing\nFix: npm run build\n$/);
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

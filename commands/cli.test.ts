/** The command line as people use it: the bundle, spawned. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HIDDEN } from '../checks/contract/visible-text.ts';
import { phaseText, makeProject } from '../specs/loader/testing/project.ts';
import { bundledCli, ROOT } from '../tests/harness/cli.ts';

const golive = bundledCli();

describe('golive', () => {
  it('answers --help and --version fast and with 0', () => {
    const help = golive(['--help']);
    expect(help.status).toBe(0);
    for (const name of ['validate', 'plan', 'generate', 'new-check', 'Exit codes']) expect(help.stdout).toContain(name);
    expect(golive(['--version']).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('is a program of its own, as `npx golive` starts it', () => {
    expect(execFileSync(join(ROOT, 'dist', 'golive.js'), ['--version'], { encoding: 'utf8' })).toMatch(
      /^\d+\.\d+\.\d+\n$/,
    );
  });

  it('shows examples and exit codes for every command', () => {
    const names = [...golive(['--help']).stdout.matchAll(/^ {2}([a-z-]+) /gm)].map((match) => match[1] ?? '');
    const commands = names.filter((name) => !['help', 'npx', 'golive'].includes(name) && !name.startsWith('-'));
    expect(commands).toContain('plan');
    for (const name of commands) {
      const { stdout, status } = golive([name, '--help']);
      expect([name, status]).toEqual([name, 0]);
      expect(stdout).toMatch(/Examples:\n {2}golive/);
      expect(stdout).toContain('Exit codes:');
    }
  });

  it('helps with commands of commands too, and says where to start', () => {
    for (const args of [
      ['help', 'ledger', 'export'],
      ['ledger', 'import', '--help'],
    ]) {
      const { status, stdout } = golive(args);
      expect(status).toBe(0);
      expect(stdout).toMatch(/Examples:\n {2}golive ledger (export|import)[^]*Exit codes:/);
    }
    const bare = golive([]).stdout;
    expect(bare).toMatch(/Start here:\n {2}npx playwright test/);
    for (const line of bare.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('answers wrong use with 64, a suggestion and no stack trace', () => {
    const wrong = golive(['vlaidate']);
    expect(wrong.status).toBe(64);
    expect(wrong.stderr).toContain('Did you mean validate?');
    expect(golive([]).status).toBe(64);
    expect(golive(['plan', '--rabc']).stderr).toContain('Did you mean --rbac?');
    expect(golive(['plan', '--rbac', '--json']).status).toBe(64);
    const inner = golive(['ledger', 'exprot', 'x']);
    expect([inner.status, inner.stderr]).toEqual([64, expect.stringContaining('Did you mean export?')]);
    expect(golive(['up', 'now']).stderr).toContain('(golive up --help shows how it is used)');
    const unknown = golive(['help', 'nonsense']);
    expect([unknown.status, unknown.stdout]).toEqual([64, '']);
    expect(unknown.stderr).toContain("unknown command 'nonsense'");
    const stranger = golive(['plan', '--env', 'prodction']);
    expect(stranger.status).toBe(64);
    expect(stranger.stderr).toContain('Did you mean "production"?');
    expect(`${wrong.stderr}${stranger.stderr}`).not.toMatch(/\n\s+at /);
  });

  it('tells all problems of a checklist with their places, and 64', () => {
    const project = makeProject({
      'specs/small/phase1.yaml': phaseText(
        '  - { id: x, title: T, kind: nonsense, source: 1, severity: huge, owner: nobody }\n',
      ),
    });
    try {
      const { status, stderr, stdout } = golive(['validate'], project.root);
      expect(status).toBe(64);
      expect(stdout).toBe('');
      expect(stderr).toContain('specs/small/phase1.yaml:6:11: items[0].id:');
      expect(stderr).toContain('4 problems in 1 file');
      expect(stderr).not.toContain('\u001B');
    } finally {
      project.remove();
    }
  });

  it('prints plan, JSON and RBAC without touching a cluster, whatever KUBECONFIG says', () => {
    const env = { KUBECONFIG: '/nowhere', GOLIVE_COMMIT: 'a'.repeat(40) };
    const text = golive(['plan'], ROOT, env);
    expect(text.status).toBe(0);
    expect(text.stdout).toContain('Environment  rehearsal');
    const json = JSON.parse(golive(['plan', '--json'], ROOT, env).stdout) as { items: unknown[]; digest: string };
    expect(json.items.length).toBeGreaterThanOrEqual(156);
    expect(text.stdout).toContain(json.digest);
    expect(golive(['plan', '--rbac', '--subject', 'serviceaccount:golive/gate'], ROOT, env).stdout).toContain(
      'namespace: golive',
    );
    expect(golive(['plan', '--rbac', '--subject', 'gate'], ROOT, env).status).toBe(64);
  });

  it('finds the project from a folder inside it, and says when generated files are out of date', () => {
    expect(golive(['validate'], join(ROOT, 'checks')).status).toBe(0);
    const project = makeProject({
      'specs/small/phase1.yaml': phaseText(
        '  - { id: P1-A1-001, title: T, kind: planned, source: 1, severity: minor, owner: platform-team }\n',
      ),
    });
    try {
      expect(golive(['generate', '--check'], project.root).stderr).toContain('checks/CATALOG.md is out of date');
      expect(golive(['generate'], project.root).status).toBe(0);
      expect(golive(['generate', '--check'], project.root).status).toBe(0);
    } finally {
      project.remove();
    }
  });

  it('obeys the folder that GOLIVE_PROJECT names, and says what is none', () => {
    const project = makeProject({
      'specs/small/phase1.yaml': phaseText(
        '  - { id: P1-A1-001, title: T, kind: planned, source: 1, severity: minor, owner: platform-team }\n',
      ),
    });
    try {
      const named = golive(['validate'], ROOT, { GOLIVE_PROJECT: project.root });
      expect([named.status, named.stdout]).toEqual([0, expect.stringContaining('specs/small/checklist.yaml is valid')]);
    } finally {
      project.remove();
    }
    const none = golive(['plan'], ROOT, { GOLIVE_PROJECT: '/nowhere' });
    expect([none.status, none.stderr]).toEqual([64, expect.stringContaining('/nowhere is no project')]);
  });

  it('a misspelt environment is one problem, not those of everything that names its values', () => {
    const { status, stderr } = golive(['validate', '--env', 'rehersal']);
    expect(status).toBe(64);
    expect(stderr).toContain('Did you mean "rehearsal"?');
    expect(stderr).toContain('\n1 problem in 1 file\n');
  });

  it.each([['plan', '--env'], ['plan', '--checklist'], ['rehearse', '--fault'], ['report', '--run'], ['replay']])(
    '%s %s shows what it was given, and the terminal obeys none of it',
    (...args) => {
      const { stdout, stderr } = golive([...args, '\u001b[31mx\u202e']);
      expect(stdout + stderr).toContain('⟨U+001B⟩[31mx⟨U+202E⟩');
      expect((stdout + stderr).replaceAll('\n', '').match(HIDDEN)).toBeNull();
    },
  );
});

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const module = new URL('changed.mjs', import.meta.url).href;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'golive-changed-'));
  git('init', '--quiet', '--initial-branch=main');
  write('checks/conformance.test.ts', '');
  write('checks/data/backup/cases/pass.yaml', 'a: 1');
  write('checks/data/backup/check.ts', '');
  write('gone.ts', '');
  commit();
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function git(...args: readonly string[]): void {
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args], { cwd: folder });
}
function commit(): void {
  git('add', '-A');
  git('commit', '--quiet', '-m', 'x');
}
function write(file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
}
function ask(expression: string): unknown {
  const code = `import * as m from ${JSON.stringify(module)}; process.stdout.write(JSON.stringify(${expression}));`;
  return JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '-e', code], { cwd: folder, encoding: 'utf8' }),
  );
}

it('knows what differs from main: committed, not committed, not known to git, and gone', () => {
  expect(ask('m.changedFiles()')).toEqual([]);
  git('checkout', '--quiet', '-b', 'topic');
  write('checks/data/backup/check.ts', 'export const changed = 1;');
  commit();
  write('checks/data/backup/cases/pass.yaml', 'a: 2');
  write('with a space.ts', '');
  rmSync(join(folder, 'gone.ts'));
  const changed = ['checks/data/backup/cases/pass.yaml', 'checks/data/backup/check.ts', 'gone.ts', 'with a space.ts'];
  expect(ask('m.changedFiles()')).toEqual(changed);
  expect(ask('m.existing(m.changedFiles())')).toEqual(changed.filter((file) => file !== 'gone.ts'));
});

it('is what main does not have, not what main got since', () => {
  git('checkout', '--quiet', '-b', 'topic');
  git('checkout', '--quiet', 'main');
  write('later.ts', '');
  commit();
  git('checkout', '--quiet', 'topic');
  expect(ask('m.changedFiles()')).toEqual([]);
});

it('finds the tests nearest to what no module imports', () => {
  write('specs/plan.test.ts', '');
  expect(ask("m.nearestTests(['checks/data/backup/cases/pass.yaml', 'checks/a.yaml', 'README.md'])")).toEqual([
    'checks/conformance.test.ts',
  ]);
  expect(ask("m.nearestTests(['specs/code-platform/phase1.yaml'])")).toEqual(['specs/plan.test.ts']);
});

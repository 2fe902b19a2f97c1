/** golive as others install it: packed, unpacked into the node_modules of a project of its own, and run there by Playwright. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GateProject } from '../harness/gate-project.ts';
import { repositoryRoot } from '../harness/repository.ts';

const repository = repositoryRoot();
/** What bundles do not hold, as npm would install it beside. */
const BESIDE = ['@playwright/test', 'allure-playwright', '@types/node'];

const SPEC = `import { test, expect, type SpecEvidence } from 'golive-gate';

const seen = (evidence: SpecEvidence, text: string): void => evidence.observe('Shop', text);
test('pays', ({ evidence, environment }) => {
  seen(evidence, 'order 17 was accepted in ' + environment.name);
  expect(1).toBe(1);
});
`;

describe('an installed golive', () => {
  let project: GateProject;
  let files: readonly string[];

  beforeAll(async () => {
    project = await GateProject.make([
      {
        phase: 'phase1',
        items: [
          { id: 'P1-ONE-001' },
          { id: 'P1-ONE-002', answer: 'broken' },
          { id: 'P1-ONE-003', spec: { file: 'shop/pays.spec.ts', title: 'pays' } },
        ],
      },
      { phase: 'phase2', order: 'sequential', items: [{ id: 'P2-ONE-001' }] },
    ]);
    const modules = join(project.root, 'node_modules');
    const packed = join(project.root, 'packed');
    for (const folder of [modules, packed]) mkdirSync(folder, { recursive: true });
    const options = { cwd: repository, encoding: 'utf8' } as const;
    const name = execFileSync('npm', ['pack', '--silent', '--pack-destination', packed], options).trim();
    const tarball = join(packed, name.split('\n').at(-1) ?? '');
    files = execFileSync('tar', ['-tzf', tarball], options).trim().split('\n');
    execFileSync('tar', ['-xzf', tarball, '-C', modules]);
    renameSync(join(modules, 'package'), join(modules, 'golive-gate'));
    for (const one of BESIDE) {
      mkdirSync(dirname(join(modules, one)), { recursive: true });
      symlinkSync(join(repository, 'node_modules', one), join(modules, one));
    }
    project.write('playwright.config.ts', "export { default } from 'golive-gate/config';\n");
    project.write('specs/shop/pays.spec.ts', SPEC);
  });
  afterAll(() => project.remove());

  /** In the project's folder, which is all that says where it is. The servers that items ask are in this process. */
  function run(
    script: string,
    args: readonly string[],
  ): Promise<{ readonly status: unknown; readonly output: string }> {
    const env = { ...project.env(), GOLIVE_PROJECT: undefined };
    return new Promise((resolve) =>
      execFile(process.execPath, [script, ...args], { cwd: project.root, env }, (error, stdout, stderr) =>
        resolve({ status: error?.code ?? 0, output: `${stdout}${stderr}` }),
      ),
    );
  }
  const playwright = join(repository, 'node_modules/@playwright/test/cli.js');

  it('is JavaScript and what it reads, and nothing of its authors', () => {
    expect(files.filter((file) => /\.ts$/.test(file) && !file.endsWith('.d.ts'))).toEqual([]);
    // The rehearsal's sources come with the tests that are run on them.
    const own = files.filter((file) => !file.startsWith('package/rehearsal/source/tree/'));
    expect(own.filter((file) => /\.(test|spec)\.[jt]s$|\.map$|reports\/out|\.golive|\/tests\//.test(file))).toEqual([]);
    const manifest = readFileSync(join(project.root, 'node_modules/golive-gate/package.json'), 'utf8');
    const { exports } = JSON.parse(manifest) as { exports: object };
    const named = JSON.stringify(exports).match(/\.\/(?:dist\/)[^"]+/g) ?? [];
    expect(named.filter((path) => !files.includes(path.replace('./', 'package/')))).toEqual([]);
  });

  it.each(['golive’s own', 'the project’s'])(
    'runs items, in %s gate.spec.ts, and a spec of the project',
    async (whose) => {
      if (whose === 'the project’s') project.write('specs/gate.spec.ts', "import 'golive-gate/gate-spec';\n");
      const { status, output } = await run(playwright, ['test']);
      expect(status, output).toBe(1);
      const decision = project.decision();
      const outcomes = Object.fromEntries(decision?.items.map(({ id, outcome }) => [id, outcome]) ?? []);
      expect(outcomes, output).toEqual({
        'P1-ONE-001': 'pass',
        'P1-ONE-002': 'fail',
        'P1-ONE-003': 'pass',
        'P2-ONE-001': 'pass',
      });
      expect(project.has('reports/out/index.html')).toBe(true);
      expect(project.has('node_modules/golive-gate/reports')).toBe(false);
    },
  );

  it('has the command line, and types for its specs', async () => {
    const command = await run('node_modules/golive-gate/dist/golive.js', ['validate']);
    expect(command.status, command.output).toBe(0);
    const compilerOptions = { module: 'NodeNext', target: 'ES2023', strict: true, noEmit: true, types: ['node'] };
    project.write(
      'tsconfig.json',
      JSON.stringify({ compilerOptions, files: ['specs/shop/pays.spec.ts', 'playwright.config.ts'] }),
    );
    const types = await run(join(repository, 'node_modules/typescript/bin/tsc'), ['-p', '.']);
    expect(types.status, types.output).toBe(0);
  });
});

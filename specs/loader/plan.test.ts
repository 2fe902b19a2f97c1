import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { growth } from '../../tests/harness/growth.ts';
import type { Plan } from '../../checks/contract/plan.ts';
import { loadPlan } from './plan-file.ts';
import { compilePlan, type CompileOptions } from './plan.ts';
import { renderProblem } from './problems.ts';
import { testKinds } from './testing/kinds.ts';
import { makeProject, phaseText, SMALL_ENVIRONMENT } from './testing/project.ts';

const removals: (() => void)[] = [];
afterEach(() => removals.splice(0).forEach((remove) => remove()));

const ITEM = `  - id: P1-NET-001
    title: Certificates are valid
    kind: traffic/tls-certificate
    source: 118
    severity: critical
    owner: platform-team
    params: { url: '\${environment.endpoints.api.url}' }
`;
const COMMIT = 'a'.repeat(40);

function compile(files: Readonly<Record<string, string>>, env: CompileOptions['env'] = {}) {
  const { root, remove } = makeProject(files);
  removals.push(remove);
  return compilePlan({ root, env: { GOLIVE_COMMIT: COMMIT, ...env }, kinds: testKinds });
}
function planOf(files: Readonly<Record<string, string>>, env: CompileOptions['env'] = {}): Plan {
  const compiled = compile(files, env);
  if ('problems' in compiled) throw new Error(compiled.problems.map(renderProblem).join('\n'));
  return compiled.plan;
}
function problemsOf(files: Readonly<Record<string, string>>, env: CompileOptions['env'] = {}): string[] {
  const compiled = compile(files, env);
  if ('plan' in compiled) throw new Error('it compiled');
  return compiled.problems.map(renderProblem);
}
const onlyItem = (text: string): Readonly<Record<string, string>> => ({ 'specs/small/phase1.yaml': phaseText(text) });

describe('a compiled plan', () => {
  it('holds every default and the places', () => {
    const plan = planOf(onlyItem(ITEM));
    expect(plan.items).toEqual([
      {
        id: 'P1-NET-001',
        phase: 'phase1',
        title: 'Certificates are valid',
        kind: 'traffic/tls-certificate',
        place: { file: 'specs/small/phase1.yaml', line: 6, column: 5 },
        source: 118,
        severity: 'critical',
        owner: 'platform-team',
        params: { url: '${rehearsal.gateway}', minValidity: '30d', minProtocol: 'TLSv1.3', limits: { depth: 5 } },
        effect: 'read-only',
        needs: ['http'],
        permissions: [],
        allowNotApplicable: false,
        expectSubjects: { comparison: '>=', value: 1 },
        waivable: true,
        dueBy: 'phase1',
        onFailure: 'report',
        maxAgeMs: 86_400_000,
        timeoutMs: 60_000,
        signOff: false,
      },
    ]);
    expect(plan.release).toEqual({ name: 'small', version: 'v1.0.0', commit: COMMIT });
    expect(plan.environment.compression).toBe(10);
  });

  it('is the same for the same files, and its checklist digest ignores layout and environment', () => {
    const plan = planOf(onlyItem(ITEM));
    expect(planOf(onlyItem(ITEM)).digest).toBe(plan.digest);
    const moved = planOf(onlyItem(`  # moved down\n\n${ITEM}`));
    expect(moved.digest).not.toBe(plan.digest);
    expect(moved.checklist.digest).toBe(plan.checklist.digest);
    const changed = planOf(onlyItem(ITEM.replace('critical', 'major')));
    expect(changed.checklist.digest).not.toBe(plan.checklist.digest);
  });

  it('cannot be changed', () => {
    const plan = planOf(onlyItem(ITEM));
    const params = plan.items[0]?.params as { limits: { depth: number } };
    expect(() => (params.limits.depth = 6)).toThrow(TypeError);
    expect(() => (plan.items as unknown[]).push(1)).toThrow(TypeError);
  });

  it('takes the release from the environment variables', () => {
    expect(planOf(onlyItem(ITEM), { GOLIVE_RELEASE: 'v2.1.0' }).release.version).toBe('v2.1.0');
    expect(problemsOf(onlyItem(ITEM), { GOLIVE_RELEASE: 'v 2', GOLIVE_COMMIT: '' })).toEqual([
      'GOLIVE_RELEASE: is not a version (v 2). Fix: Write for example v1.0.0.',
    ]);
  });

  it('gives numbers and objects of the environment as they are', () => {
    const port = ITEM.replace('traffic/tls-certificate', 'traffic/port').replace(
      /params:.*/,
      "params: { port: '${environment.stores.main.port}', namespace: 'x-${environment.namespaces.platform}' }",
    );
    const plan = planOf(onlyItem(port));
    expect(plan.items[0]?.params).toEqual({ port: '${rehearsal.postgresPort}', namespace: 'x-mcp-production' });
    expect(plan.items[0]?.permissions).toEqual([
      { namespace: 'x-mcp-production', groups: [''], resources: ['services'], verbs: ['get'], resourceNames: ['api'] },
    ]);
  });

  it('applies overrides, and refuses those that do not fit, in the environment file', () => {
    const override = (text: string) => ({
      ...onlyItem(ITEM),
      'fixtures/environments/rehearsal.yaml': `${SMALL_ENVIRONMENT}overrides:\n${text}`,
    });
    const plan = planOf(override('  - { item: P1-NET-001, param: limits.depth, value: 3, why: short chain }\n'));
    expect(plan.items[0]?.params['limits']).toEqual({ depth: 3 });
    expect(
      problemsOf(
        override(
          `  - { item: P1-NET-001, param: limits.depth, value: 0, why: short }
  - { item: P1-NET-001, param: minValidty, value: 1d, why: short }
  - { item: P1-NET-002, param: minValidity, value: 1d, why: short }
`,
        ),
      ),
    ).toEqual([
      'fixtures/environments/rehearsal.yaml:14:53: overrides[0].value: must be >= 1 (0).',
      'fixtures/environments/rehearsal.yaml:15:32: overrides[1].param: traffic/tls-certificate has no param "minValidty". Allowed: url, minValidity, minProtocol, limits. Did you mean "minValidity"?',
      'fixtures/environments/rehearsal.yaml:16:13: overrides[2].item: there is no item P1-NET-002 in the checklist. Did you mean "P1-NET-001"?',
    ]);
  });

  it('compiles a thousand items, in a time that grows with them and not with their square', () => {
    const compile = (count: number): void => {
      const items = Array.from({ length: count }, (_, index) =>
        ITEM.replace('NET-001', `N${Math.floor(index / 100)}-${String(index % 100).padStart(3, '0')}`),
      ).join('');
      expect(planOf(onlyItem(items)).items).toHaveLength(count);
    };
    expect(growth(compile, 125, 8)).toBeLessThan(24);
  });
});

describe('loadPlan', () => {
  it('reads what was written and refuses what was changed', () => {
    const dir = mkdtempSync(join(tmpdir(), 'golive-plan-'));
    removals.push(() => rmSync(dir, { recursive: true }));
    const plan = planOf(onlyItem(ITEM));
    writeFileSync(join(dir, 'plan.json'), JSON.stringify(plan));
    expect(loadPlan(dir)).toEqual(plan);
    expect(Object.isFrozen(loadPlan(dir).items)).toBe(true);
    writeFileSync(join(dir, 'plan.json'), JSON.stringify(plan).replace('critical', 'minor'));
    expect(() => loadPlan(dir)).toThrow(/was changed after it was made/);
    expect(() => loadPlan(join(dir, 'none'))).toThrow(/cannot be read/);
  });
});

/** Items of kind playwright/spec in the loader: what is refused, where, and what the plan makes of the others. */
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { compilePlan } from '../plan.ts';
import { renderProblem } from '../problems.ts';
import { makeProject, phaseText } from '../testing/project.ts';
import { unboundSpecs } from './files.ts';

const MODULE = { 'package.json': '{ "type": "module" }' };
const made: { remove: () => void }[] = [];
afterEach(() => {
  for (const project of made.splice(0)) project.remove();
});

function compiled(
  params: readonly string[],
  { files = {}, order = 'parallel', more = '' }: { files?: Record<string, string>; order?: string; more?: string } = {},
  prepare: (root: string) => void = () => undefined,
) {
  const items = params.map(
    (text, index) => `  - id: P1-SPEC-00${index + 1}
    title: The shop sells
    kind: playwright/spec
    source: 1
    severity: critical
    owner: platform-team
    params: ${text}
${more}`,
  );
  const project = makeProject({
    'specs/shop.spec.ts': '',
    ...MODULE,
    ...files,
    'specs/small/phase1.yaml': phaseText(items.join(''), order),
  });
  made.push(project);
  prepare(project.root);
  const answer = compilePlan({ root: project.root, env: { GOLIVE_COMMIT: 'a'.repeat(40) } });
  return { root: project.root, answer, problems: 'problems' in answer ? answer.problems.map(renderProblem) : [] };
}

describe('refused items', () => {
  it.each([
    [
      'a missing file',
      '{ file: shp.spec.ts, title: pays }',
      /phase1\.yaml:12:21: .*no such file.*Allowed: shop\.spec\.ts.*Did you mean "shop\.spec\.ts"/,
    ],
    ['a file outside', '{ file: ../shop.spec.ts, title: pays }', /must lie in specs\//],
    ['a package', '{ file: node_modules/a.spec.ts, title: pays }', /must lie in specs\//],
    ['the long way', '{ file: a/../shop.spec.ts, title: pays }', /Write shop\.spec\.ts/],
    ['the gate', '{ file: gate.spec.ts, title: pays }', /is the gate itself/],
    ['no spec', '{ file: shop.ts, title: pays }', /params\.file/],
    ['no title', '{ file: shop.spec.ts }', /title/],
    [
      'a change in a parallel phase',
      '{ file: shop.spec.ts, title: pays, mutation: cutover }',
      /12:\d+: .*needs a sequential phase/,
    ],
  ])('%s', (_name, params, expected) => {
    const { problems } = compiled([params]);
    expect(problems.join('\n')).toMatch(expected);
    expect(problems).toHaveLength(1);
  });

  it('an unknown change', () => {
    const { problems } = compiled(['{ file: shop.spec.ts, title: pays, mutation: cutovr }'], { order: 'sequential' });
    expect(problems).toEqual([expect.stringMatching(/params\.mutation.*cutover/)]);
  });

  it('two on the same test, and two that may be', () => {
    const same = compiled(['{ file: shop.spec.ts, title: pays }', '{ file: shop.spec.ts, title: pays }']);
    expect(same.problems).toEqual([
      expect.stringMatching(/phase1\.yaml:19:\d+: .*is the test of P1-SPEC-001 \(specs\/small\/phase1\.yaml:6:\d+\)/),
    ]);
    const maybe = compiled(['{ file: shop.spec.ts, title: pays }', '{ file: shop.spec.ts, title: Checkout › pays }']);
    expect(maybe.problems).toEqual([expect.stringContaining('Write the whole title path')]);
  });

  it('a link, a project without ES modules, and waitFor', () => {
    const linked = compiled(['{ file: link.spec.ts, title: pays }'], {}, (root) =>
      symlinkSync(join(root, 'specs/shop.spec.ts'), join(root, 'specs/link.spec.ts')),
    );
    expect(linked.problems).toEqual([expect.stringContaining('be no link')]);
    const common = compiled(['{ file: shop.spec.ts, title: pays }'], { files: { 'package.json': '{}' } });
    expect(common.problems).toEqual([expect.stringContaining('"type": "module"')]);
    const waiting = compiled(['{ file: shop.spec.ts, title: pays }'], { more: '    waitFor: { timeout: 5s }\n' });
    expect(waiting.problems).toEqual([expect.stringMatching(/13:5: .*expect\.poll/)]);
  });
});

describe('accepted items', () => {
  const planned = (params: string, order: string) => {
    const { answer, problems } = compiled([params], { order });
    if (!('plan' in answer)) throw new Error(problems.join('\n'));
    return answer.plan.items[0];
  };
  it('read only, unless they say what they change', () => {
    const reading = planned('{ file: shop.spec.ts, title: pays }', 'parallel');
    expect(reading).toMatchObject({ effect: 'read-only', needs: [], permissions: [] });
    expect(reading?.mutation).toBeUndefined();
    expect(planned('{ file: shop.spec.ts, title: pays, mutation: load }', 'sequential')).toMatchObject({
      effect: 'mutating',
      mutation: 'load',
    });
  });
  it('leave other specs unbound', () => {
    const { root, answer } = compiled(['{ file: shop.spec.ts, title: pays }'], {
      files: { 'specs/a/b.spec.ts': '', 'specs/gate.spec.ts': '', 'specs/node_modules/c.spec.ts': '' },
    });
    if (!('plan' in answer)) throw new Error('refused');
    expect(unboundSpecs(root, answer.plan)).toEqual(['specs/a/b.spec.ts']);
  });
});

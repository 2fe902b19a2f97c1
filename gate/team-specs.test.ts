/** Teams' own Playwright specs, on the real command line: what counts, what does not, and where each runs. */
import { afterEach, describe, expect, it } from 'vitest';
import type { OutcomeRecord } from '../checks/contract/outcome.ts';
import { GateProject } from './testing/gate-project.ts';
import type { GateItem, GatePhase, GateResult } from './testing/gate-project.ts';

const projects: GateProject[] = [];
async function make(phases: readonly GatePhase[], preconditions: 'enforce' | 'report' = 'report') {
  const project = await GateProject.make(phases, preconditions);
  projects.push(project);
  return project;
}
afterEach(async () => {
  for (const project of projects.splice(0)) await project.remove();
});

const FILE = 'shop.spec.ts';
const SEEN = "evidence.observe('Shop', 'order 17 was accepted');";
let number = 0;
const bound = (title: string, more: Partial<GateItem> = {}): GateItem => ({
  id: `P1-SPEC-${String((number += 1)).padStart(3, '0')}`,
  spec: { file: FILE, title },
  ...more,
});
const gist = ({ exitCode, decision }: GateResult) => ({ exitCode, decision: decision?.decision });
const recordsOf = (project: GateProject) => project.outcomes().map((line) => JSON.parse(line) as OutcomeRecord);

/** Runs specs whose tests are bound to an item each, all in phase 1, and answers what became of each, by title. */
async function outcomes(tests: Readonly<Record<string, string>>, args: readonly string[] = []) {
  const items = Object.keys(tests).map((title) => bound(title));
  const project = await make([{ phase: 'phase1', items }]);
  project.writeSpec(FILE, Object.values(tests).join('\n'));
  const result = await project.run(args);
  const byTitle = (title: string) => {
    const id = items.find((item) => item.spec?.title === title)?.id;
    const decided = result.decision?.items.find((item) => item.id === id);
    return { outcome: decided?.outcome, reason: decided?.reason, message: decided?.message ?? '' };
  };
  return { result, project, byTitle };
}

describe("a team's test", () => {
  it('is GO when it passes and says what it saw', async () => {
    const { result, project } = await outcomes({ pays: `test('pays', ({ evidence }) => { ${SEEN} });` });
    expect(gist(result), result.output).toEqual({ exitCode: 0, decision: 'GO' });
    expect(recordsOf(project)).toMatchObject([
      { outcome: 'pass', subjects: 1, subjectNames: ['Shop'], evidence: [{ text: 'order 17 was accepted' }] },
    ]);
  });

  it('ends as what it was', async () => {
    const { result, byTitle, project } = await outcomes({
      silent: "test('silent', () => { expect(1).toBe(1); });",
      asserts: `test('asserts', ({ evidence }) => { ${SEEN} expect(2, 'orders').toBe(1); });`,
      soft: `test('soft', ({ evidence }) => { ${SEEN} expect.soft(2).toBe(1); });`,
      throws: `test('throws', ({ evidence }) => { ${SEEN} (undefined as unknown as { pay(): void }).pay(); });`,
      hangs: `test('hangs', async ({ evidence }) => { ${SEEN} await new Promise(() => undefined); });`,
      'skips itself': `test('skips itself', ({ evidence }) => { ${SEEN} test.skip(true, 'no shop today'); });`,
      'is skipped': `test.skip('is skipped', ({ evidence }) => { ${SEEN} });`,
      'must fail': `test('must fail', ({ evidence }) => { test.fail(); ${SEEN} });`,
      'fails as marked': `test('fails as marked', ({ evidence }) => { test.fail(); ${SEEN} expect(1).toBe(2); });`,
      'soft, then hangs': `test('soft, then hangs', async () => { expect.soft(2).toBe(1); await new Promise(() => undefined); });`,
      'is not ours': "raw('is not ours', () => { expect(1).toBe(1); });",
      'observes nonsense': "test('observes nonsense', ({ evidence }) => { evidence.observe('Shop', ''); });",
    });
    expect(gist(result), result.output).toEqual({ exitCode: 1, decision: 'NO-GO' });
    expect(byTitle('silent')).toMatchObject({ outcome: 'inconclusive', reason: 'no-subjects' });
    expect(byTitle('asserts')).toMatchObject({ outcome: 'fail', reason: 'does-not-conform' });
    expect(byTitle('asserts').message).toContain('orders');
    expect(byTitle('asserts').message).toMatch(/Expected: 1\nReceived: 2/);
    expect(byTitle('soft')).toMatchObject({ outcome: 'fail' });
    expect(byTitle('throws')).toMatchObject({ outcome: 'error', reason: 'crashed' });
    expect(byTitle('throws').message).toContain('TypeError');
    expect(byTitle('hangs')).toMatchObject({ outcome: 'error', reason: 'timeout' });
    expect(byTitle('skips itself')).toMatchObject({ outcome: 'not-run', reason: 'skipped-by-code' });
    expect(byTitle('skips itself').message).toContain('no shop today');
    expect(byTitle('is skipped')).toMatchObject({ outcome: 'not-run' });
    expect(byTitle('must fail')).toMatchObject({ outcome: 'fail' });
    expect(byTitle('must fail').message).toContain('test.fail()');
    expect(byTitle('fails as marked')).toMatchObject({ outcome: 'fail' });
    expect(byTitle('soft, then hangs')).toMatchObject({ outcome: 'fail' });
    expect(byTitle('is not ours')).toMatchObject({ outcome: 'not-run', reason: 'unrecorded' });
    expect(byTitle('observes nonsense')).toMatchObject({ outcome: 'error', reason: 'crashed' });
    for (const { message } of recordsOf(project)) expect(message).not.toMatch(/\u001b|\n\s+at /);
  });

  it('from @playwright/test counts for nothing: HOLD', async () => {
    const { result } = await outcomes({ pays: "raw('pays', () => { expect(1).toBe(1); });" });
    expect(gist(result), result.output).toEqual({ exitCode: 2, decision: 'HOLD' });
  });
});

/** Teams' own Playwright specs, on the real command line: what each ending counts as. */
import { describe, expect, it, vi } from 'vitest';
import { outcomesBySpec, recordsOf, SEEN } from '../harness/bound-specs.ts';
import { checkouts, gateProjects, summary } from '../harness/gate-projects.ts';

const make = checkouts(gateProjects());

// A failed test costs Playwright a new worker.
vi.setConfig({ testTimeout: 240_000 });

describe("a team's test", () => {
  it('is GO when it passes and says what it saw', async () => {
    const { result, project } = await outcomesBySpec(make, { pays: `test('pays', ({ evidence }) => { ${SEEN} });` });
    expect(summary(result), result.output).toEqual({ exitCode: 0, decision: 'GO' });
    expect(recordsOf(project)).toMatchObject([
      { outcome: 'pass', subjects: 1, subjectNames: ['Shop'], evidence: [{ text: 'order 17 was accepted' }] },
    ]);
  });

  it('ends as what it was', async () => {
    const { result, byTitle, project } = await outcomesBySpec(make, {
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
    expect(summary(result), result.output).toEqual({ exitCode: 1, decision: 'NO-GO' });
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
});

/**
 * Waivers: what they cover, what they do not, and that both decisions and the approver are shown. Whole runs show that workers expect
 * the failure of what is waived; the others record their outcomes themselves.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { OutcomeRecord } from '../../checks/contract/outcome.ts';
import { failedSubjects } from '../../checks/kit/message.ts';
import type { GateItem, GateProject, GateResult } from '../harness/gate-project.ts';
import { gateProjects } from '../harness/gate-projects.ts';
import { recordRun } from '../harness/recorded-run.ts';

const HOUR_MS = 3_600_000;
const LATER = new Date(Date.now() + 24 * HOUR_MS).toISOString();
const PAST = new Date(Date.now() - HOUR_MS).toISOString();

const make = gateProjects();

type WaiverText = Readonly<Record<string, string>>;
const full: WaiverText = {
  item: 'P1-ONE-002',
  environment: 'small',
  release: 'v1.0.0',
  reason: 'The vendor repairs it this week',
  approver: 'Grace Hopper',
  ticket: 'OPS-42',
  expires: LATER,
};

async function makeWith(waivers: readonly WaiverText[], more: Partial<GateItem> = {}): Promise<GateProject> {
  const project = await make([
    { phase: 'phase1', items: [{ id: 'P1-ONE-001' }, { id: 'P1-ONE-002', answer: 'broken', ...more }] },
  ]);
  project.write(
    'specs/small/waivers.yaml',
    `apiVersion: golive/v1\nwaivers:\n${waivers.map((waiver) => `  - ${JSON.stringify({ ...full, ...waiver })}\n`).join('')}`,
  );
  return project;
}

/** The second item ends with `outcome` and blames `failed`. */
async function decideWith(
  waivers: readonly WaiverText[],
  {
    outcome = 'fail',
    failed = ['GET /broken'],
    more,
  }: {
    readonly outcome?: 'pass' | 'fail';
    readonly failed?: readonly string[];
    readonly more?: string;
  } = {},
): Promise<GateResult> {
  const project = await makeWith(waivers, more === undefined ? {} : { more });
  const finding = (name: string) => ({
    id: 'bad',
    subject: { name },
    data: {},
    says: `${name}: is bad`,
    fix: 'Fix it.',
  });
  const blamed = outcome === 'fail' ? { findings: failed.map(finding) } : {};
  return recordRun(project, [
    ['P1-ONE-001', 'pass'],
    ['P1-ONE-002', outcome, blamed],
  ]);
}

const summary = ({ exitCode, decision }: GateResult) => ({
  exitCode,
  decision: decision?.decision,
  without: decision?.decisionWithoutWaivers,
  waived: decision?.items.filter(({ waived }) => waived !== null).map(({ id }) => id),
});
const covered = { exitCode: 0, decision: 'GO', without: 'NO-GO', waived: ['P1-ONE-002'] };
const notCovered = { exitCode: 1, decision: 'NO-GO', without: 'NO-GO', waived: [] };

describe('a waiver', () => {
  it('lets the release go on, says without whom it would not, and names who answers for it', async () => {
    const project = await makeWith([{}], { more: 'expectSubjects: ">=1"', paths: ['broken', 'broken/too'] });
    const result = await project.run();
    expect(summary(result), result.output).toEqual(covered);
    expect(result.decision?.items[1]).toMatchObject({
      outcome: 'fail',
      waived: { id: 'P1-ONE-002@small', approver: 'Grace Hopper', ticket: 'OPS-42', expires: LATER },
    });
    // It ends tomorrow.
    expect(result.decision?.warnings).toEqual([expect.stringContaining('repair what it covers, or renew it before')]);
    const shown = LATER.slice(0, 10);
    expect(flat(result.output)).toMatch(new RegExp(`Waived by Grace Hopper \\(OPS-42\\) until ${shown}`));
    expect(result.output).toContain('Whole release without waivers: NO-GO');
    const page = readFileSync(join(project.root, 'reports/out/index.html'), 'utf8');
    for (const text of ['Grace Hopper', 'OPS-42', shown, 'The vendor repairs it this week']) {
      expect(page).toContain(text);
    }
    // An expected failure, so that its worker goes on.
    expect(result.output).toContain('waived or minor');
    const junit = readFileSync(join(project.root, 'reports/out/junit.xml'), 'utf8');
    expect(junit).toMatch(/tests="2" failures="0"/);
    const outcomes = project.outcomes().map((line) => JSON.parse(line) as OutcomeRecord);
    expect(outcomes.map(({ item, outcome }) => [item, outcome]).sort()).toEqual([
      ['P1-ONE-001', 'pass'],
      ['P1-ONE-002', 'fail'],
    ]);
    // What a real item blames can be waived subject by subject.
    const failed = failedSubjects(outcomes.find(({ outcome }) => outcome === 'fail')?.findings ?? []);
    expect(failed).toHaveLength(2);
    const bySubject = failed.map((subject) => ({ subject }));
    expect(summary(await decideWith(bySubject, { failed }))).toEqual(covered);
    expect(summary(await decideWith(bySubject.slice(1), { failed }))).toEqual(notCovered);
  });

  it('that has expired makes no failure an expected one', async () => {
    const result = await (await makeWith([{ expires: PAST }])).run();
    expect(summary(result), result.output).toEqual(notCovered);
    expect(flat(result.output)).toMatch(/waiver P1-ONE-002@small .* expired at/);
    expect(result.output).not.toContain('waived or minor');
  });

  it.each<[string, WaiverText, RegExp]>([
    ['that has expired', { expires: PAST }, /waiver P1-ONE-002@small .* expired at/],
    ['for another release', { release: 'v0.9.0' }, /is for release v0\.9\.0, this is v1\.0\.0/],
    [
      'for an unknown item',
      { item: 'P1-ONE-020' },
      /matches no item of the plan \(did you mean P1-ONE-00[12]\?\): correct the id/,
    ],
  ])('%s covers nothing and is told', async (_, change, warning) => {
    const result = await decideWith([change]);
    expect(summary(result), result.output).toEqual(notCovered);
    expect(result.decision?.warnings).toHaveLength(1);
    expect(result.decision?.warnings[0]).toMatch(warning);
    expect(flat(result.output)).toMatch(warning);
  });

  it('for another environment covers nothing; it is not the affair of this run', async () => {
    const result = await decideWith([{ environment: 'production' }]);
    expect(summary(result), result.output).toEqual(notCovered);
    expect(result.decision?.warnings).toEqual([]);
  });

  it('does not cover an item that cannot be waived', async () => {
    const result = await decideWith([{}], { more: 'waivable: false' });
    expect(summary(result), result.output).toEqual(notCovered);
    expect(result.decision?.warnings[0]).toMatch(/cannot be waived/);
  });

  it('that is not needed is told', async () => {
    const result = await decideWith([{}], { outcome: 'pass' });
    expect(summary(result), result.output).toEqual({ exitCode: 0, decision: 'GO', without: 'GO', waived: [] });
    expect(result.decision?.warnings[0]).toMatch(/no longer needed: the item is pass; remove it/);
  });

  it('with a field that is wrong covers nothing, and the place is told', async () => {
    const result = await decideWith([{ aprover: 'Bob' }]);
    expect(summary(result), result.output).toEqual(notCovered);
    expect(result.decision?.warnings[0]).toMatch(/^specs\/small\/waivers\.yaml:3:\d+: .*Did you mean "approver"\?/);
  });
});

describe('a waiver of one subject', () => {
  it('does not cover a second finding; two waivers cover two', async () => {
    const [first, second] = ['GET /broken', 'GET /broken/too'];
    const blamed = { failed: [first, second] };
    expect(summary(await decideWith([{ subject: first }], blamed))).toEqual(notCovered);
    expect(summary(await decideWith([{ subject: first }, { subject: second }], blamed))).toEqual(covered);
    const stranger = await decideWith([{ subject: 'GET /nowhere' }], blamed);
    expect(summary(stranger)).toEqual(notCovered);
    expect(stranger.decision?.warnings[0]).toMatch(/names the subject "GET \/nowhere".*it covers nothing/);
  });
});

describe('a waiver of a planned item', () => {
  it('has no effect: nothing waives what nobody has measured', async () => {
    const project = await make([{ phase: 'phase1', items: [{ id: 'P1-ONE-001' }] }]);
    const file = join(project.root, 'specs/small/phase1.yaml');
    expect(existsSync(file)).toBe(true);
    project.write(
      'specs/small/phase1.yaml',
      `${readFileSync(file, 'utf8')}  - { id: P1-ONE-002, title: Later, kind: planned, source: 2, severity: major, owner: platform-team }\n`,
    );
    project.write('specs/small/waivers.yaml', `apiVersion: golive/v1\nwaivers: [${JSON.stringify(full)}]\n`);
    const result = recordRun(project, [['P1-ONE-001', 'pass']]);
    expect(summary(result), result.output).toEqual({ exitCode: 2, decision: 'HOLD', without: 'HOLD', waived: [] });
    expect(result.decision?.warnings[0]).toMatch(/has no effect: nothing waives an item that is planned/);
  });
});

/** The output without the line breaks of wrapping. */
function flat(output: string): string {
  return output.replace(/\s+/g, ' ');
}

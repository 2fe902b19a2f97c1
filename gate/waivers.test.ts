/** Waivers on the real command line: what they cover, what they do not, and that both decisions and the approver are shown. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { GateProject } from './testing/gate-project.ts';
import type { GateItem, GateResult } from './testing/gate-project.ts';

const HOUR_MS = 3_600_000;
const LATER = new Date(Date.now() + 24 * HOUR_MS).toISOString();
const PAST = new Date(Date.now() - HOUR_MS).toISOString();

const projects: GateProject[] = [];
afterEach(async () => {
  for (const project of projects.splice(0)) await project.remove();
});

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

async function runWith(waivers: readonly WaiverText[], more: Partial<GateItem> = {}): Promise<GateResult> {
  const project = await GateProject.make([
    { phase: 'phase1', items: [{ id: 'P1-ONE-001' }, { id: 'P1-ONE-002', answer: 'broken', ...more }] },
  ]);
  projects.push(project);
  project.write(
    'specs/small/waivers.yaml',
    `apiVersion: golive/v1\nwaivers:\n${waivers.map((waiver) => `  - ${JSON.stringify({ ...full, ...waiver })}\n`).join('')}`,
  );
  return await project.run();
}

const gist = ({ exitCode, decision }: GateResult) => ({
  exitCode,
  decision: decision?.decision,
  without: decision?.decisionWithoutWaivers,
  waived: decision?.items.filter(({ waived }) => waived !== null).map(({ id }) => id),
});
const covered = { exitCode: 0, decision: 'GO', without: 'NO-GO', waived: ['P1-ONE-002'] };
const notCovered = { exitCode: 1, decision: 'NO-GO', without: 'NO-GO', waived: [] };

describe('a waiver', () => {
  it('lets the release go on, says without whom it would not, and names who answers for it', async () => {
    const result = await runWith([{}]);
    expect(gist(result), result.output).toEqual(covered);
    expect(result.decision?.items[1]).toMatchObject({
      outcome: 'fail',
      waived: { id: 'P1-ONE-002@small', approver: 'Grace Hopper', ticket: 'OPS-42', expires: LATER },
    });
    expect(result.decision?.warnings).toEqual([]);
    const shown = LATER.slice(0, 10);
    expect(flat(result.output)).toMatch(new RegExp(`Waived by Grace Hopper \\(OPS-42\\) until ${shown}`));
    expect(result.output).toContain('Whole release without waivers: NO-GO');
    const page = readFileSync(join(projects[0]?.root ?? '', 'reports/out/index.html'), 'utf8');
    for (const text of ['Grace Hopper', 'OPS-42', shown, 'The vendor repairs it this week']) {
      expect(page).toContain(text);
    }
  });

  it('makes the item an expected failure, so that its worker goes on', async () => {
    const result = await runWith([{}]);
    expect(result.output).toContain('waived or minor');
    const junit = readFileSync(join(projects[0]?.root ?? '', 'reports/out/junit.xml'), 'utf8');
    expect(junit).toMatch(/tests="2" failures="0"/);
    const outcomes = projects[0]?.outcomes().map((line) => JSON.parse(line) as { item: string; outcome: string }) ?? [];
    expect(outcomes.map(({ item, outcome }) => [item, outcome]).sort()).toEqual([
      ['P1-ONE-001', 'pass'],
      ['P1-ONE-002', 'fail'],
    ]);
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
    const result = await runWith([change]);
    expect(gist(result), result.output).toEqual(notCovered);
    expect(result.decision?.warnings).toHaveLength(1);
    expect(result.decision?.warnings[0]).toMatch(warning);
    expect(flat(result.output)).toMatch(warning);
    expect(result.output).not.toContain('waived or minor');
  });

  it('for another environment covers nothing; it is not the affair of this run', async () => {
    const result = await runWith([{ environment: 'production' }]);
    expect(gist(result), result.output).toEqual(notCovered);
    expect(result.decision?.warnings).toEqual([]);
  });

  it('does not cover an item that cannot be waived', async () => {
    const result = await runWith([{}], { more: 'waivable: false' });
    expect(gist(result), result.output).toEqual(notCovered);
    expect(result.decision?.warnings[0]).toMatch(/cannot be waived/);
  });

  it('that is not needed is told', async () => {
    const result = await runWith([{}], { answer: 'ok' });
    expect(gist(result), result.output).toEqual({ exitCode: 0, decision: 'GO', without: 'GO', waived: [] });
    expect(result.decision?.warnings[0]).toMatch(/no longer needed: the item is pass; remove it/);
  });

  it('with a field that is wrong covers nothing, and the place is told', async () => {
    const result = await runWith([{ aprover: 'Bob' }]);
    expect(gist(result), result.output).toEqual(notCovered);
    expect(result.decision?.warnings[0]).toMatch(/^specs\/small\/waivers\.yaml:3:\d+: .*Did you mean "approver"\?/);
  });
});

describe('a waiver of one subject', () => {
  it('does not cover a second finding; two waivers cover two', async () => {
    const more = { more: 'expectSubjects: ">=1"', paths: ['broken', 'broken/too'] } as const;
    const found = (await runWith([], more)).decision?.items[1];
    expect(found?.outcome).toBe('fail');
    const subjects = subjectsOf(1);
    expect(subjects).toHaveLength(2);
    const [first = '', second = ''] = subjects;
    expect(gist(await runWith([{ subject: first }], more))).toEqual(notCovered);
    expect(gist(await runWith([{ subject: first }, { subject: second }], more))).toEqual(covered);
    const stranger = await runWith([{ subject: 'GET /nowhere' }], more);
    expect(gist(stranger)).toEqual(notCovered);
    expect(stranger.decision?.warnings[0]).toMatch(/names the subject "GET \/nowhere".*it covers nothing/);
  });

  /** What the last run of the n-th project blames. */
  function subjectsOf(nth: number): readonly string[] {
    const records = projects[nth - 1]?.outcomes() ?? [];
    const failed = records
      .map((line) => JSON.parse(line) as { outcome: string; failedSubjects?: readonly string[] })
      .find(({ outcome }) => outcome === 'fail');
    return failed?.failedSubjects ?? [];
  }
});

describe('a waiver of a planned item', () => {
  it('has no effect: nothing waives what nobody has measured', async () => {
    const project = await GateProject.make([{ phase: 'phase1', items: [{ id: 'P1-ONE-001' }] }]);
    projects.push(project);
    const file = join(project.root, 'specs/small/phase1.yaml');
    expect(existsSync(file)).toBe(true);
    project.write(
      'specs/small/phase1.yaml',
      `${readFileSync(file, 'utf8')}  - { id: P1-ONE-002, title: Later, kind: planned, source: 2, severity: major, owner: platform-team }\n`,
    );
    project.write('specs/small/waivers.yaml', `apiVersion: golive/v1\nwaivers: [${JSON.stringify(full)}]\n`);
    const result = await project.run();
    expect(gist(result), result.output).toEqual({ exitCode: 2, decision: 'HOLD', without: 'HOLD', waived: [] });
    expect(result.decision?.warnings[0]).toMatch(/has no effect: nothing waives an item that is planned/);
  });
});

/** The output without the line breaks of wrapping. */
function flat(output: string): string {
  return output.replace(/\s+/g, ' ');
}

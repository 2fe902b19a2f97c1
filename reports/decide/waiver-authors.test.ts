/** Who wrote an exception and who approves it, by a real repository; and what a checklist says of its own upkeep. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decide } from './decide.ts';
import { inputOf, itemOf, NOW, planOf, recordOf, waiverOf } from './testing/inputs.ts';
import { overdue, upkeepProblems } from '../../specs/loader/upkeep.ts';
import { parseYamlFile } from '../../specs/loader/yaml/parse.ts';
import { authorsOf } from '../../specs/loader/people/blame.ts';
import { loadPeople } from '../../specs/loader/people/load.ts';
import { isWrittenBy } from '../../specs/loader/people/words.ts';

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), 'golive-blame-'))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

const git = (...args: string[]): void => {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
  execFileSync('git', ['-c', 'user.name=Ada Lovelace', '-c', 'user.email=ada@shop.example', ...args], {
    cwd: root,
    env,
    stdio: 'ignore',
  });
};
const plan = planOf([itemOf('A')]);
const waivers = (approver: string): void => {
  mkdirSync(join(root, 'specs/sample'), { recursive: true });
  const text = `apiVersion: golive/v1
waivers:
  - item: A
    environment: staging
    release: 1.4.0
    reason: The provider repairs it by Friday
    approver: ${approver}
    ticket: OPS-1
    expires: 2027-03-20T00:00:00Z
`;
  writeFileSync(join(root, 'specs/sample/waivers.yaml'), text);
};
const commit = (): void => {
  git('init', '-q');
  git('add', '.');
  git('commit', '-q', '-m', 'waive');
};
const decided = () => {
  const { waivers: read, problems } = loadPeople(root, plan);
  expect(problems).toEqual([]);
  return decide(inputOf(plan, { waivers: read, outcomes: [recordOf(plan, 'A', 'fail')] }));
};

describe('a waiver', () => {
  it.each(['Ada Lovelace', 'ADA@shop.example', 'Ada <ada@shop.example>'])(
    'that its approver %s wrote does not apply',
    (approver) => {
      waivers(approver);
      commit();
      const { decision, items, warnings } = decided();
      expect([decision, items[0]?.waived]).toEqual(['NO-GO', null]);
      expect(warnings.join()).toMatch(/was written by its approver .* \(git blame\): it does not apply/);
    },
  );

  it('that somebody else approves applies, without a word', () => {
    waivers('Grace Hopper');
    commit();
    const { items, warnings } = decided();
    expect([items[0]?.waived?.approver, warnings]).toEqual(['Grace Hopper', []]);
  });

  it.each([
    ['outside a repository', () => undefined],
    ['that nobody has committed yet', () => git('init', '-q')],
  ])('%s does not apply: nobody can tell who wrote it', (_, prepare) => {
    waivers('Ada Lovelace');
    prepare();
    const { items, warnings } = decided();
    expect(items[0]?.waived).toBeNull();
    expect(warnings.join()).toMatch(/does not apply: nobody can tell who wrote it\. Commit it/);
  });

  it('of a history that was cut off is of nobody who is known', () => {
    waivers('Ada Lovelace');
    commit();
    writeFileSync(join(root, 'later'), 'x');
    git('add', '.');
    git('commit', '-q', '-m', 'later');
    const whole = authorsOf(root, 'specs/sample/waivers.yaml', [3]);
    git('clone', '-q', '--depth', '1', `file://${root}`, join(root, 'shallow'));
    expect([whole.size, authorsOf(join(root, 'shallow'), 'specs/sample/waivers.yaml', [3]).size]).toEqual([1, 0]);
  });

  it('is known line by line', () => {
    waivers('Grace Hopper');
    commit();
    expect(authorsOf(root, 'specs/sample/waivers.yaml', [3, 7])).toEqual(
      new Map([3, 7].map((line) => [line, ['Ada Lovelace', 'ada@shop.example']])),
    );
    waivers('Alan Turing');
    expect([...authorsOf(root, 'specs/sample/waivers.yaml', [3, 7]).keys()]).toEqual([3]);
    cpSync(join(root, 'specs'), join(root, 'copy'), { recursive: true });
    expect(authorsOf(root, 'copy/sample/waivers.yaml', [3]).size).toBe(0);
    expect(isWrittenBy('Ada', ['Ada Lovelace', 'ada@shop.example'])).toBe(false);
  });

  it('is told of before it ends', () => {
    const soon = new Date(NOW.getTime() + 2 * 86_400_000).toISOString();
    const outcomes = [recordOf(plan, 'A', 'fail')];
    const said = (expires: string): readonly string[] =>
      decide(inputOf(plan, { outcomes, waivers: [waiverOf('A', { expires, authors: ['Bob'] })] })).warnings;
    expect(said(soon).join()).toMatch(/ends at .*: repair what it covers, or renew it before/);
    expect(said(new Date(NOW.getTime() + 5 * 86_400_000).toISOString())).toEqual([]);
  });

  it('is one of as many as the checklist allows', () => {
    const items = ['A', 'B', 'C'].map((id) => itemOf(id));
    const over = (maxWaived: number) => {
      const capped = planOf(items, { signing: { ...plan.signing, ...RULES, maxWaived } });
      const outcomes = items.map(({ id }) => recordOf(capped, id, 'fail'));
      return decide(inputOf(capped, { outcomes, waivers: ['A', 'B', 'C'].map((id) => waiverOf(id)) }));
    };
    expect(over(3).decision).toBe('GO');
    const { decision, readiness, reasons } = over(2);
    expect([decision, readiness]).toEqual(['HOLD', 'HOLD']);
    expect(reasons[0]).toMatchObject({
      code: 'too-many-waived',
      text: '3 items are waived, and the checklist allows 2 (signing.maxWaived): A, B, C',
    });
  });
});
const RULES = { roles: {}, twoPerson: true, excludeAuthors: true, authors: [] };

describe('a checklist', () => {
  it('is overdue after the day of its next review', () => {
    const upkeep = { owner: 'qa-team', reviewed: '2027-01-01', nextReview: '2027-02-28' };
    expect(overdue(upkeep, NOW)).toMatch(/by 2027-02-28: qa-team reviews it/);
    expect(overdue({ ...upkeep, nextReview: '2027-03-01' }, NOW)).toBeNull();
    expect(overdue({}, NOW)).toBeNull();
    const late = planOf([itemOf('A')], { checklist: { ...plan.checklist, upkeep } });
    const { decision, warnings } = decide(inputOf(late, { outcomes: [recordOf(late, 'A')] }));
    expect([decision, warnings.length]).toEqual(['GO', 1]);
  });

  it('names a role, days that exist, and a review that comes after the last', () => {
    const value = { owner: 'ghost', reviewed: '2027-02-30', nextReview: '2027-01-01' };
    const yaml = parseYamlFile('owner: ghost\nreviewed: 2027-02-30\nnextReview: 2027-01-01\n', 'checklist.yaml');
    expect(upkeepProblems(value, { 'qa-team': 'QA' }, yaml).map(({ field }) => field)).toEqual([
      'owner',
      'reviewed',
      'nextReview',
    ]);
    expect(upkeepProblems({ ...value, owner: 'qa-team', reviewed: '2026-12-01' }, { 'qa-team': 'QA' }, yaml)).toEqual(
      [],
    );
  });
});

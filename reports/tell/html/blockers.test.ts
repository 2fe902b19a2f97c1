import { describe, expect, it } from 'vitest';
import { blockersOf, blockerSection } from './blockers.ts';
import { sampleDecision, sampleItem, samplePlan } from './sample.ts';
import { roleList, signatureSection } from './roles.ts';

const facts = { title: 'An item', severity: 'critical' } as const;
const finding = (says: string) => ({ id: 'down', subject: { name: 'x' }, data: {}, says, fix: 'Start x.' });
const items = [
  sampleItem({ ...facts, id: 'P1-A-001', outcome: 'pending', reason: 'needs-signature' }),
  sampleItem({ ...facts, id: 'P1-A-002', outcome: 'error', reason: 'timeout', message: 'Prometheus: no answer' }),
  sampleItem({ ...facts, id: 'P1-A-003', outcome: 'fail', severity: 'major', findings: [finding('x: is down')] }),
  sampleItem({ ...facts, id: 'P1-A-004', outcome: 'fail', findings: [finding('x: is down'), finding('y: is down')] }),
  sampleItem({ ...facts, id: 'P1-A-005', outcome: 'fail', severity: 'minor' }),
  sampleItem({ ...facts, id: 'P1-A-006', outcome: 'planned' }),
  sampleItem({ ...facts, id: 'PD-A-001', outcome: 'not-run', phase: 'post-deployment' }),
];

describe('what blocks', () => {
  it('is sorted by how bad it is, a signature last; what was not asked for is left out', () => {
    const ids = (decision = sampleDecision({ items })): string[] => blockersOf(decision).map(({ id }) => id);
    expect(ids()).toEqual(['P1-A-004', 'P1-A-003', 'P1-A-002', 'P1-A-001']);
    const selected = { phases: ['post-deployment'], decision: 'HOLD' } as const;
    expect(ids(sampleDecision({ items, selected }))).toContain('PD-A-001');
  });

  it('says what is wrong and how to put it right, also where nobody could look', () => {
    const text = blockerSection(sampleDecision({ items })).toString();
    expect(text).toMatch(/x: is down\s*<span class="note">and 1 more finding<\/span>/);
    expect(text).toContain('Fix: Start x.');
    expect(text).toMatch(/Prometheus: no answer[\s\S]*Fix: Find out why the answer takes so long/);
    expect(text).toContain('1 blocking item not built yet: nobody looked.');
    const good = [sampleItem({ ...facts, id: 'P1-A-001', outcome: 'pass' })];
    expect(blockerSection(sampleDecision({ items: good })).toString()).toContain('No item that was asked for blocks.');
  });
});

describe('roles', () => {
  const decision = sampleDecision();
  const plan = samplePlan();
  const signing = {
    ...plan,
    items: plan.items.map((item) => (item.signOff ? { ...item, role: 'business-owner' } : item)),
  };

  it('have a page each: owners, and who signs, with what is accepted by that', () => {
    const text = roleList(decision, signing).toString();
    const page = (role: string): string => new RegExp(`id="role=${role}"[\\s\\S]*?</section>`).exec(text)?.[0] ?? '';
    expect(page('business-owner')).toMatch(/Grace Hopper\./);
    expect(page('business-owner')).toMatch(/P5-SGN-001[\s\S]*Accepted with the signature: waivers[\s\S]*P1-DAT-003/);
    expect(page('database-team')).toMatch(/Waived[\s\S]*P1-DAT-003/);
    expect(page('platform-team')).not.toContain('P1-DAT-003');
    expect(page('security-team')).toContain('1 item, 1 blocks');
  });

  it('sign what the decision says is signed', () => {
    expect(signatureSection(decision, signing).toString()).toMatch(/P5-SGN-001[\s\S]*business-owner[\s\S]*Pending/);
    expect(signatureSection(decision, null).toString()).toContain('asks for no signature');
  });
});

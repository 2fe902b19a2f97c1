/** Small plans and runs for tests: everything passes unless a test says otherwise. */
import { digestOf } from '../../../checks/contract/canonical.ts';
import type { OutcomeName, OutcomeRecord } from '../../../checks/contract/outcome.ts';
import type { PhaseId, Plan, PlannedItem } from '../../../checks/contract/plan.ts';
import type { RunHeader } from '../../../checks/contract/run.ts';
import type { Approval, Attestation, Covered, Waiver } from '../../../checks/contract/people.ts';
import type { LedgerOutcome } from '../../../checks/contract/ledger.ts';
import type { DecisionInput, LedgerPhase } from '../input.ts';

export const NOW = new Date('2027-03-01T12:00:00Z');
export const IDENTITY = { name: 'staging', uid: '4f9d1c1e-0000-4000-8000-000000000001' };
const HOUR = 3_600_000;

export function itemOf(id: string, over: Partial<PlannedItem> = {}): PlannedItem {
  return {
    id,
    phase: 'phase1',
    title: `Title of ${id}`,
    kind: 'cluster/version',
    place: { file: 'specs/sample/phase1.yaml', line: 7, column: 5 },
    source: 105,
    severity: 'critical',
    owner: 'platform-team',
    params: {},
    effect: 'read-only',
    needs: [],
    permissions: [],
    allowNotApplicable: false,
    expectSubjects: { comparison: '>=', value: 1 },
    waivable: true,
    dueBy: over.phase ?? 'phase1',
    onFailure: 'report',
    maxAgeMs: 24 * HOUR,
    timeoutMs: 60_000,
    signOff: false,
    ...over,
  };
}

export function planOf(items: readonly PlannedItem[], over: Partial<Plan> = {}, phases?: readonly PhaseId[]): Plan {
  const ids = phases ?? [...new Set(items.map(({ phase }) => phase))];
  const body: Omit<Plan, 'digest'> = {
    schema: 'golive/plan/v1',
    checklist: { name: 'sample', file: 'specs/sample/checklist.yaml', digest: digestOf(items) },
    roles: { 'platform-team': 'Platform team', 'product-owner': 'Product owner' },
    signing: {
      roles: { 'product-owner': { signers: ['grace@example.com'], quorum: 1 } },
      twoPerson: true,
      excludeAuthors: true,
      authors: [],
    },
    release: { name: 'sample', version: '1.4.0', commit: 'unknown' },
    environment: {
      name: 'staging',
      file: 'fixtures/environments/staging.yaml',
      rehearsal: false,
      kubeconfig: { path: 'kubeconfig', context: 'staging' },
      namespaces: {},
      endpoints: {},
      stores: {},
      caches: {},
      registries: {},
      credentials: {},
      folders: {},
      mutations: [],
      preconditions: 'report',
      overrides: [],
      compression: 1,
    },
    phases: ids.map((id) => ({ id, title: `Title of ${id}`, order: 'parallel', file: `specs/sample/${id}.yaml` })),
    items,
    ...over,
  };
  return { ...body, digest: digestOf(body) };
}

/** The same plan where preconditions are enforced. */
export function enforced(plan: Plan): Plan {
  return planOf(plan.items, {
    phases: plan.phases,
    environment: { ...plan.environment, preconditions: 'enforce' },
  });
}

export function recordOf(
  plan: Plan,
  id: string,
  outcome: OutcomeName = 'pass',
  over: Partial<OutcomeRecord> = {},
): OutcomeRecord {
  const item = plan.items.find((one) => one.id === id);
  if (!item) throw new Error(`the plan has no ${id}`);
  return {
    schema: 'golive/outcome/v2',
    item: id,
    phase: item.phase,
    kind: item.kind,
    outcome,
    message: `${id} says ${outcome}`,
    findings: [],
    doubts: [],
    subjects: 1,
    subjectNames: ['Node a'],
    evidence: [{ type: 'text', title: 'Seen', text: 'something' }],
    startedAt: '2027-03-01T11:59:00Z',
    durationMs: 12,
    attempt: 1,
    planDigest: plan.digest,
    ...over,
  };
}

export function headerOf(plan: Plan, over: Partial<RunHeader> = {}): RunHeader {
  return {
    schema: 'golive/run/v1',
    runId: 'run-now',
    startedAt: '2027-03-01T11:58:00Z',
    planDigest: plan.digest,
    goliveVersion: '0.1.0',
    selectedPhases: null,
    pid: 4711,
    ...over,
  };
}

/** A finished run of the whole plan in which every built item passed. */
export function inputOf(plan: Plan, over: Partial<DecisionInput> = {}): DecisionInput {
  return {
    plan,
    runHeader: headerOf(plan),
    identity: IDENTITY,
    outcomes: plan.items.filter(({ kind }) => kind !== 'planned').map(({ id }) => recordOf(plan, id)),
    events: [],
    waivers: [],
    attestations: [],
    approvals: [],
    ledger: [],
    now: NOW,
    endedBy: 'finished',
    selectedPhases: null,
    ...over,
  };
}

export function waiverOf(item: string, over: Partial<Waiver> = {}): Waiver {
  return {
    id: `${item}@staging`,
    item,
    environment: 'staging',
    release: '1.4.0',
    reason: 'known, harmless',
    approver: 'Ada',
    ticket: 'OPS-1',
    expires: '2027-03-02T00:00:00Z',
    place: 'specs/sample/waivers.yaml:3:5',
    authors: ['Grace Hopper', 'grace@shop.example'],
    ...over,
  };
}

export function attestationOf(item: string, over: Partial<Attestation> = {}): Attestation {
  return {
    item,
    environment: 'staging',
    release: '1.4.0',
    role: 'product-owner',
    approver: 'Grace',
    statement: 'trained',
    expires: '2027-03-02T00:00:00Z',
    place: 'specs/sample/attestations/people.yaml:3:5',
    signed: { fingerprint: 'SHA256:grace', holders: [{ principal: 'grace@example.com' }] },
    ...over,
  };
}

/** An earlier run's phase; outcomes as `recordOf` makes them. */
export function ledgerPhaseOf(
  plan: Plan,
  phase: string,
  records: readonly OutcomeRecord[],
  over: Partial<LedgerPhase> = {},
): LedgerPhase {
  const outcomes = records.map((record): LedgerOutcome => {
    return { ...record, evidenceDigest: digestOf(record.evidence), evidenceCount: record.evidence.length };
  });
  return {
    runId: 'run-before',
    phase,
    decidedAt: '2027-03-01T10:00:00.000Z',
    planDigest: plan.digest,
    decision: 'GO',
    decisionWithoutWaivers: 'GO',
    readiness: 'GO',
    outcomes,
    ...over,
  };
}

/** A signature of Grace's on what it covers. */
export function approvalOf(covers: Covered, over: Partial<Approval> = {}): Approval {
  return {
    role: 'product-owner',
    signer: 'grace@example.com',
    verdict: 'approve',
    signedAt: '2027-03-01T11:59:30Z',
    covers,
    place: 'specs/sample/approvals/staging/product-owner.yaml:2:1',
    signed: { fingerprint: 'SHA256:grace', holders: [{ principal: 'grace@example.com' }] },
    ...over,
  };
}

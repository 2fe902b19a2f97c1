/** One full decision for tests and for looking at: every outcome, every type of evidence, hostile texts. Nothing in it is real. */
import type { DecidedItem, DecidedPhase, Decision, DecisionName } from '../../../checks/contract/decision.ts';
import { OUTCOMES, type OutcomeName } from '../../../checks/contract/outcome.ts';
import type { PhaseId, Plan, PlannedItem } from '../../../checks/contract/plan.ts';
import { digest, EVERY_EVIDENCE } from './sample-evidence.ts';

export const HOSTILE = `</script><img src=x onerror=alert(1)> "'&<> \u202Eevil\u202C \u0007bell \u001b[31mred`;

type ItemFacts = Pick<DecidedItem, 'id' | 'title' | 'outcome'> & Partial<DecidedItem>;

/** A whole item from what matters about it; its phase follows from its id. */
export function sampleItem(facts: ItemFacts, index = 0): DecidedItem {
  const planned = facts.outcome === 'planned';
  const phase = `phase${facts.id.slice(1, 2)}`;
  return {
    phase,
    kind: planned ? 'planned' : 'cluster/sample',
    severity: 'major',
    owner: 'platform-team',
    source: 105 + index,
    place: `specs/code-platform/${phase}.yaml:${12 + index * 9}`,
    subjects: facts.outcome === 'pass' ? 3 : 0,
    message: planned ? 'Described; nobody has built its check yet.' : '',
    findings: [],
    doubts: [],
    durationMs: 120,
    waived: null,
    evidence: facts.outcome === 'pass' ? [{ type: 'text', title: 'Seen', text: 'Three of three conform.' }] : [],
    from: planned ? 'none' : 'run',
    ...(planned ? { reason: 'not-built' as const } : {}),
    ...facts,
  };
}

export const SAMPLE_ITEMS: readonly DecidedItem[] = (
  [
    { id: 'P1-CLU-001', title: 'Cluster accessible via kubectl', outcome: 'pass', severity: 'critical' },
    {
      id: 'P1-CLU-002',
      title: 'Cluster version ≥ 1.28',
      outcome: 'fail',
      severity: 'critical',
      reason: 'does-not-conform',
      message: 'Cluster: server is 1.27.3, expected at least 1.28\nUpgrade the control plane',
      subjects: 1,
      evidence: EVERY_EVIDENCE,
      durationMs: 3120,
    },
    {
      id: 'P1-CLU-003',
      title: 'RBAC enabled',
      outcome: 'error',
      reason: 'forbidden',
      severity: 'critical',
      owner: 'security-team',
      message: 'The gate may not create selfsubjectaccessreviews in the cluster (403).',
    },
    { id: 'P1-CLU-004', title: 'Network policies supported', outcome: 'planned' },
    {
      id: 'P1-DAT-001',
      title: 'PostgreSQL 15+ deployed',
      outcome: 'pass',
      owner: 'database-team',
      severity: 'critical',
    },
    {
      id: 'P1-DAT-002',
      title: HOSTILE,
      outcome: 'fail',
      severity: 'minor',
      owner: 'database-team',
      message: `${HOSTILE}\n${'unbroken'.repeat(60)}`,
      evidence: [{ type: 'query', title: HOSTILE, language: 'sql', query: HOSTILE, answer: HOSTILE }],
    },
    {
      id: 'P1-DAT-003',
      title: 'Database backups configured',
      outcome: 'fail',
      owner: 'database-team',
      message:
        'Store main: last backup is 3 d old, expected at most 1 d\nRun the backup job and find out why it stopped',
      waived: {
        id: 'W-7',
        approver: 'Ada Lovelace',
        reason: 'The backup window moves to the new store on Friday.',
        ticket: 'OPS-412',
        expires: '2026-12-01T00:00:00Z',
      },
    },
    { id: 'P2-LOAD-001', title: 'Load test at 1 000 requests/s', outcome: 'pass', durationMs: 31_200 },
    {
      id: 'P2-LOAD-002',
      title: 'P95 below 2 s',
      outcome: 'inconclusive',
      reason: 'too-few-samples',
      message: 'The run has 41 samples, expected at least 1 000.',
    },
    { id: 'P2-LOAD-003', title: 'Load on staging repeated', outcome: 'planned' },
    {
      id: 'P3-DEP-001',
      title: 'Rollout complete',
      outcome: 'not-run',
      reason: 'precondition',
      severity: 'critical',
      message: 'Phase 2 is HOLD.',
    },
    {
      id: 'P3-DEP-002',
      title: 'Service mesh security',
      outcome: 'not-applicable',
      reason: 'when-false',
      message: '`when` is false: environment.mesh',
    },
    {
      id: 'P5-SGN-001',
      title: 'Business owner approves',
      outcome: 'pending',
      reason: 'needs-signature',
      owner: 'business-owner',
      message: 'Waits for the business owner.',
    },
  ] satisfies readonly ItemFacts[]
).map((facts, index) => sampleItem(facts, index));

const TITLES: Readonly<Record<string, string>> = {
  phase1: 'Phase 1: Pre-Deployment Preparation',
  phase2: 'Phase 2: Staging Deployment',
  phase3: 'Phase 3: Production Deployment',
  phase4: 'Phase 4: Traffic Cutover',
  phase5: 'Phase 5: Post-Deployment Validation',
};

function samplePhase(
  id: string,
  items: readonly DecidedItem[],
  decision: DecisionName | null,
  facts: Partial<DecidedPhase> = {},
): DecidedPhase {
  const counts = Object.fromEntries(
    OUTCOMES.map((name) => [name, items.filter((item) => item.phase === id && item.outcome === name).length]),
  ) as Record<OutcomeName, number>;
  return {
    id,
    title: TITLES[id] ?? id,
    decision,
    decisionWithoutWaivers: decision,
    readiness: decision,
    from: decision === null ? 'none' : 'run',
    reasons: [],
    counts,
    ...facts,
  };
}

/** A NO-GO with everything in it. Members given take the place of its own. */
export function sampleDecision(changes: Partial<Decision> = {}): Decision {
  const items = changes.items ?? SAMPLE_ITEMS;
  return {
    schema: 'golive/decision/v2',
    decision: 'NO-GO',
    readiness: 'NO-GO',
    decisionWithoutWaivers: 'NO-GO',
    selected: { phases: null, decision: 'NO-GO' },
    reasons: [
      { code: 'planned', text: '2 items are planned and not built yet', items: ['P1-CLU-004', 'P2-LOAD-003'] },
      { code: 'phase-missing', text: 'Phase 4 has no decision for this release and environment', phase: 'phase4' },
    ],
    phases: [
      samplePhase('phase1', items, 'NO-GO', {
        reasons: [
          { code: 'fail', text: '1 blocking item does not conform', items: ['P1-CLU-002'] },
          { code: 'error', text: '1 blocking item could not be looked at', items: ['P1-CLU-003'] },
        ],
      }),
      samplePhase('phase2', items, 'HOLD', {
        reasons: [{ code: 'inconclusive', text: '1 blocking item could not be judged', items: ['P2-LOAD-002'] }],
      }),
      samplePhase('phase3', items, 'HOLD', {
        reasons: [{ code: 'not-run', text: '1 blocking item was not run', items: ['P3-DEP-001'] }],
      }),
      samplePhase('phase4', items, null),
      samplePhase('phase5', items, 'HOLD', { readiness: 'GO' }),
    ],
    release: { name: 'code-platform', version: '2.4.0', commit: '1a2b3c4d5e6f708192a3b4c5d6e7f80912a3b4c5' },
    environment: { name: 'rehearsal', uid: '5f0c1f5e-6a1b-4f5c-9a65-1f4c3f1f2a77' },
    checklist: { name: 'code-platform', file: 'specs/code-platform/checklist.yaml' },
    checklistDigest: digest('1'),
    planDigest: digest('2'),
    runId: '20261123T104100Z-4f2a',
    decidedAt: '2026-11-23T10:43:37.412Z',
    overrides: [
      {
        item: 'P2-LOAD-001',
        param: 'duration',
        value: '10s',
        why: 'The rehearsal is compressed; production runs 10 min.',
      },
      { item: 'P2-LOAD-002', param: 'bound.p95', value: { below: '500ms' }, why: 'Loopback is faster than a network.' },
    ],
    warnings: [
      'Waiver W-3 matches no item of the plan.',
      'Waiver W-5 for P1-DAT-001 is no longer needed: the item passes.',
    ],
    items,
    ...changes,
  };
}

/** The plan that belongs to it. */
export function samplePlan(items: readonly DecidedItem[] = SAMPLE_ITEMS): Plan {
  return {
    schema: 'golive/plan/v1',
    checklist: { name: 'code-platform', file: 'specs/code-platform/checklist.yaml', digest: digest('1') },
    roles: { 'business-owner': 'Grace Hopper' },
    release: { name: 'code-platform', version: '2.4.0', commit: '1a2b3c4d5e6f708192a3b4c5d6e7f80912a3b4c5' },
    environment: {
      name: 'rehearsal',
      file: 'fixtures/environments/rehearsal.yaml',
      rehearsal: true,
      kubeconfig: { path: '.golive/rehearsal/kubeconfig', context: 'rehearsal' },
      namespaces: {},
      endpoints: {},
      ...{ stores: {}, caches: {}, registries: {}, credentials: {}, folders: {} },
      mutations: [],
      preconditions: 'report',
      overrides: [],
      compression: 10,
    },
    phases: (['phase1', 'phase2', 'phase3', 'phase4', 'phase5'] as const).map((id) => ({
      id,
      title: TITLES[id] ?? id,
      order: 'parallel',
      file: `specs/code-platform/${id}.yaml`,
    })),
    items: items.map(plannedItem),
    digest: digest('2'),
  };
}

const SECTIONS: Readonly<Record<string, string>> = {
  CLU: 'Infrastructure Readiness – Kubernetes Cluster',
  DAT: 'Infrastructure Readiness – Data Services',
};

function plannedItem(item: DecidedItem): PlannedItem {
  const [file = '', line = '1'] = item.place.split(':');
  const section = SECTIONS[item.id.split('-')[1] ?? ''];
  return {
    id: item.id,
    phase: item.phase as PhaseId,
    title: item.title,
    kind: item.kind,
    place: { file, line: Number(line), column: 5 },
    source: item.source,
    ...(section === undefined ? {} : { section }),
    severity: item.severity,
    owner: item.owner,
    params: {},
    effect: 'read-only',
    needs: [],
    permissions: [],
    allowNotApplicable: true,
    expectSubjects: { comparison: '>=', value: 1 },
    waivable: true,
    dueBy: item.phase as PhaseId,
    onFailure: 'report',
    maxAgeMs: 86_400_000,
    timeoutMs: 30_000,
    signOff: item.id.includes('SGN'),
  };
}

/** The checklist of the CODE platform against the written one it was made from. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kinds } from '../../checks/index.ts';
import { generatedFiles } from './generate/files.ts';
import { loadChecklist } from './load-checklist.ts';
import { compilePlan } from './plan.ts';
import { renderProblem } from './problems.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const FOLDER = join(ROOT, 'specs', 'code-platform');

function planFor(environment: string) {
  const env = { GOLIVE_ENV: environment, GOLIVE_CHECKLIST: 'specs/code-platform', GOLIVE_COMMIT: 'a'.repeat(40) };
  const compiled = compilePlan({ root: ROOT, env });
  if ('problems' in compiled) throw new Error(compiled.problems.map(renderProblem).join('\n'));
  return compiled.plan;
}
const plan = planFor('rehearsal');
function generatedFrom() {
  const { schedules } = loadChecklist(ROOT, plan.checklist.file, kinds).checklist;
  return { plan, production: planFor('production'), schedules };
}

const PHASE_OF: Readonly<Record<string, string>> = {
  'Phase 1: Pre-Deployment Preparation': 'phase1',
  'Phase 2: Deployment Execution': 'phase2',
  'Phase 3: Performance & Load Validation': 'phase3',
  'Phase 4: Traffic Cutover': 'phase4',
  'Phase 5: Post-Deployment Validation': 'phase5',
  'Final Verification': 'final',
  'Post-Deployment Monitoring': 'post-deployment',
};
const inventory = readFileSync(join(FOLDER, 'seed', 'inventory.tsv'), 'utf8')
  .split('\n')
  .map((row) => row.split('\t'))
  .filter((cells) => cells.at(-1) === 'item')
  .map((cells) => ({ line: Number(cells[0]), phase: PHASE_OF[cells[1] ?? ''], text: cells[4] ?? '' }));
const written = readFileSync(join(FOLDER, 'seed', 'production-deployment-checklist.md'), 'utf8').split('\n');

/** What is built: id, line of the written checklist, kind. An item that stops being built, or changes what it stands for, shows here. */
const BUILT = `
P1-FIX-001 19 cluster/manifest-review
P1-FIX-002 52 cluster/manifest-review
P1-FIX-003 84 cluster/manifest-review
P1-FIX-004 19 cluster/manifest-review
P1-CLU-001 105 cluster/reachability
P1-CLU-002 106 cluster/version
P1-CLU-003 107 cluster/rbac-authorization
P1-CLU-004 108 access/policy-enforcement
P1-CLU-005 109 cluster/storage-classes
P1-REG-001 112 supply-chain/registry-access
P1-REG-002 113 supply-chain/push-permission
P1-REG-003 114 supply-chain/registry-scans
P1-NET-001 117 traffic/dns-records
P1-NET-002 118 traffic/tls-certificate
P1-NET-003 119 traffic/load-balancer
P1-NET-004 120 traffic/open-ports
P1-DAT-001 123 data/postgres-version
P1-DAT-002 124 data/redis-version
P1-DAT-003 125 data/backup
P1-DAT-004 126 data/connection-pooling
P1-MON-001 129 observability/prometheus-targets
P1-MON-002 130 observability/grafana
P1-MON-003 131 observability/alertmanager-routing
P1-MON-004 132 observability/log-streams
P1-SEC-001 137 access/referenced-secrets
P1-SEC-004 140 access/encryption-at-rest
P1-RBA-001 143 access/minimal-privileges
P1-RBA-002 144 access/authorization-matrix
P1-RBA-003 145 access/namespace-isolation
P1-RBA-004 146 workloads/pod-security-admission
P1-NWS-001 149 access/network-policies
P1-NWS-002 150 traffic/tls-versions
P1-NWS-003 151 traffic/ingress-security
P1-NWS-004 152 access/mesh-mtls
P1-CON-001 155 supply-chain/running-scans
P1-CON-002 156 workloads/non-root
P1-CON-003 157 workloads/read-only-root
P1-CON-004 158 workloads/dropped-capabilities
P1-CON-005 159 workloads/restricted-security-context
P1-IMG-001 170 supply-chain/image-provenance
P1-IMG-003 172 supply-chain/image-size
P1-IMG-004 173 supply-chain/vulnerabilities
P1-IMG-005 174 supply-chain/image-reference
P1-CFG-001 177 access/referenced-config-maps
P1-TEA-002 193 people/on-call
P1-TEA-005 196 people/channels
P2-BLD-001 204 supply-chain/pushed-images
P2-DEP-001 217 cluster/manifest-drift
P2-DEP-002 231 workloads/rollout
P2-HEA-001 246 traffic/service-health
P2-HEA-002 259 data/server-readiness
P2-HEA-003 266 traffic/service-to-service
P2-SMO-001 275 traffic/journey
P2-API-001 282 traffic/authentication
P2-API-002 283 traffic/http-endpoint
P2-API-003 284 traffic/http-endpoint
P2-API-004 285 traffic/http-endpoint
P2-FLO-001 288 data/postgres-round-trip
P2-FLO-002 289 data/redis-round-trip
P2-FLO-003 290 traffic/journey
P2-FLO-004 291 data/file-round-trip
P3-LOA-001 299 load/arrival-rate-run
P3-MET-001 306 load/latency-percentile
P3-MET-002 307 load/latency-percentile
P3-MET-003 308 load/throughput
P3-MET-004 309 load/error-rate
P3-MET-005 310 load/resource-use
P3-MET-006 311 load/resource-use
P3-SCA-001 313 workloads/autoscaling
P3-CHA-001 322 chaos/pod-deletion
P3-CHA-002 329 chaos/network-partition
P4-ROU-001 343 cutover/weights
P4-ROU-003 345 cutover/unready-backends
P4-ROL-001 367 cutover/rollback-rehearsal
P4-TRI-001 362 cutover/trigger
P4-TRI-002 363 cutover/trigger
P4-TRI-003 364 cutover/trigger
P4-MIG-001 354 cutover/step
P4-MIG-002 355 cutover/step
P4-MIG-003 356 cutover/step
P4-MIG-004 357 cutover/step
P4-ROU-002 344 cutover/split
P4-WAT-001 348 cutover/watched
P4-WAT-002 349 cutover/watched
P5-HEA-001 387 traffic/service-health
P5-HEA-002 388 observability/dashboard-queries
P5-HEA-003 389 observability/firing-alerts
P5-HEA-004 390 observability/log-patterns
P5-SLA-001 393 observability/slo-window
P5-SLA-002 394 observability/slo-window
P5-SLA-003 395 observability/slo-window
P5-SLA-004 396 observability/slo-window
P5-SEC-002 400 traffic/tls-certificate
P5-SEC-003 401 traffic/authentication
P5-SEC-004 402 traffic/authorization
P5-DAS-001 407 observability/dashboard-queries
P5-DAS-002 408 observability/dashboard-queries
P5-DAS-003 409 observability/dashboard-queries
P5-ALE-001 413 observability/alert-rules
P5-ALE-002 414 observability/alert-delivery
P5-ALE-003 415 people/escalation
P5-ALE-004 416 people/incident-management
P5-COM-001 427 people/announcement
P5-COM-003 429 people/announcement
P5-COM-004 430 people/announcement
F-TEC-001 439 decision/validation-count
F-TEC-002 440 decision/security-failures
F-TEC-003 441 decision/targets-met
F-TEC-004 442 observability/incidents
F-SIG-001 453 people/signature
F-SIG-002 454 people/signature
F-SIG-003 455 people/signature
F-SIG-004 456 people/signature
F-APP-001 459 people/approval
F-APP-002 460 people/signature
F-APP-003 461 people/approval
`
  .trim()
  .split('\n');

/** Items that stand for no tick box: the fixes that the written checklist demands before its first phase. */
const BESIDES = ['P1-FIX-001', 'P1-FIX-002', 'P1-FIX-003', 'P1-FIX-004'];
const boxes = plan.items.filter(({ id }) => !BESIDES.includes(id));

describe('the checklist of the CODE platform', () => {
  it('covers each of the 156 written items exactly once, in its phase', () => {
    expect(inventory).toHaveLength(156);
    const expected = inventory.map(({ line, phase }) => `${line} ${phase ?? ''}`).sort();
    expect(boxes.map(({ source, phase }) => `${source} ${phase}`).sort()).toEqual(expected);
  });

  it('names lines that hold those items in the written checklist', () => {
    for (const { line, text } of inventory)
      expect(written[line - 1]?.replace(/\*/g, '')).toContain(text.replace(/\*/g, ''));
  });

  it('keeps the order of the written checklist within a phase', () => {
    // In phase 4 the rollback is tried before anything moves, and what judges the whole ladder comes after it.
    for (const { id } of plan.phases.filter((phase) => phase.id !== 'phase4')) {
      const lines = boxes.filter((item) => item.phase === id).map((item) => item.source);
      expect(lines).toEqual([...lines].sort((a, b) => a - b));
    }
  });

  it('has the fixes first, and nobody waives them', () => {
    const fixes = plan.items.slice(0, 4);
    expect(fixes.map(({ id }) => id)).toEqual(BESIDES.slice(0, 4));
    for (const { severity, waivable } of fixes) expect([severity, waivable]).toEqual(['critical', false]);
  });

  it('gives ids that say their phase', () => {
    const prefix: Readonly<Record<string, string>> = { final: 'F', 'post-deployment': 'PD' };
    for (const { id, phase } of plan.items) {
      expect(id.split('-')[0]).toBe(prefix[phase] ?? phase.replace('phase', 'P'));
    }
  });

  it('has the built items, each for its line and by its kind', () => {
    const built = plan.items.filter(({ kind }) => kind !== 'planned');
    expect(built.map(({ id, source, kind }) => `${id} ${source} ${kind}`)).toEqual(BUILT);
  });

  it('uses every kind but those for what this platform does not have', () => {
    const used = new Set(plan.items.map(({ kind }) => kind));
    const unused = [...kinds.keys()].filter((kind) => !used.has(kind));
    // Tests of a team's own, the closed load model, and a level of Pod Security by version, which files are scanned for.
    expect(unused).toEqual([
      'load/closed-model-run',
      'people/attestation',
      'playwright/spec',
      'workloads/pod-security',
    ]);
  });

  it('runs phases 2, 3 and 4 in order', () => {
    const sequential = plan.phases.filter((phase) => phase.order === 'sequential').map((phase) => phase.id);
    expect(sequential).toEqual(['phase2', 'phase3', 'phase4']);
  });

  it('lets nobody waive a signature or the approval', () => {
    const signatures = plan.items.filter((item) => item.signOff);
    expect(signatures.map((item) => item.source)).toEqual([453, 454, 455, 456, 459, 460, 461]);
    for (const item of signatures) expect([item.waivable, item.role]).toEqual([false, item.owner]);
  });

  it('compiles for every environment file', () => {
    for (const file of readdirSync(join(ROOT, 'fixtures', 'environments'))) {
      expect(planFor(file.replace(/\.yaml$/, '')).items).toHaveLength(inventory.length + BESIDES.length);
    }
  });
});

describe('generated files', () => {
  it.each(Object.entries(generatedFiles(ROOT, generatedFrom())))('%s is up to date', (file, text) => {
    const path = join(ROOT, file);
    expect(existsSync(path) ? readFileSync(path, 'utf8') : '', 'run npm run generate').toBe(text);
  });
});

/** The project of a crash test: a checklist with little but a cutover, in windows of a fraction of a second. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { digestOf } from '../../../checks/contract/canonical.ts';
import type { Plan } from '../../../checks/contract/plan.ts';
import { compilePlan } from '../../../specs/loader/plan.ts';

export const NAMESPACE = 'shop';
export const STABLE = 'green';
export const CANARY = 'blue';
export const VERSION_HEADER = 'x-version';
export const CANARY_VERSION = 'v2.0.0';
/** What fails when an item is to fail, and is looked at again after a rollback. */
export const HEALTH = 'P2-HEA-001';
export const STEPS = ['P4-MIG-001', 'P4-MIG-002'] as const;

const COMPRESSION = 100;

export interface ProjectOptions {
  readonly root: string;
  readonly kubeconfig: { readonly path: string; readonly context: string };
  /** Of the gateway, with the path of the route. */
  readonly url: string;
  readonly route: string;
  readonly lease: string;
  /** To go back to. */
  readonly deployments: readonly string[];
  readonly rollbackWithin: string;
}

/** Writes the files of the project, and the plan made of them as `plan.json`. */
export function writeProject(options: ProjectOptions): Plan {
  const { root } = options;
  const write = (file: string, value: unknown): void => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    // JSON is YAML.
    writeFileSync(join(root, file), JSON.stringify(value, null, 1));
  };
  write('package.json', { type: 'module' });
  write('fixtures/environments/shop.yaml', environment(options));
  write('specs/shop/checklist.yaml', {
    apiVersion: 'golive/v1',
    name: 'shop',
    phases: ['phase2.yaml', 'phase4.yaml'],
    roles: { team: 'The team' },
    release: { name: 'shop', version: CANARY_VERSION },
  });
  write('specs/shop/phase2.yaml', phase('phase2', [health()]));
  write('specs/shop/phase4.yaml', phase('phase4', cutover(options)));
  const env = { GOLIVE_ENV: join(root, 'fixtures/environments/shop.yaml'), GOLIVE_COMMIT: '0'.repeat(40) };
  const compiled = compilePlan({ root, env });
  if ('problems' in compiled) throw new Error(compiled.problems.map((one) => JSON.stringify(one)).join('\n'));
  // Only a rehearsal may shorten its windows by its file, and this is none: nothing of it is embedded.
  const plan = planFor(compiled.plan, { compression: COMPRESSION });
  write('plan.json', plan);
  return plan;
}

/** The same plan for another environment, as if it had been compiled so: its digest matches. */
export function planFor({ digest, ...plan }: Plan, environment: Partial<Plan['environment']>): Plan {
  if (digest !== digestOf(plan)) throw new Error('the digest of a plan is made in another way by now');
  const body = { ...plan, environment: { ...plan.environment, ...environment } };
  return { ...body, digest: digestOf(body) };
}

function environment({ kubeconfig, url }: ProjectOptions): unknown {
  return {
    apiVersion: 'golive/v1',
    name: 'shop',
    kubeconfig,
    namespaces: { platform: NAMESPACE },
    endpoints: { public: { url } },
    stores: {},
    credentials: {},
    folders: {},
    mutations: ['cutover'],
    preconditions: 'report',
    overrides: [],
  };
}

function phase(name: string, items: readonly Readonly<Record<string, unknown>>[]): unknown {
  const common = { source: 1, severity: 'critical', owner: 'team' };
  return {
    apiVersion: 'golive/v1',
    phase: name,
    title: name,
    order: 'sequential',
    items: items.map((item) => ({ title: `${String(item['id'])} is well`, ...common, ...item })),
  };
}

const health = (): Readonly<Record<string, unknown>> => ({
  id: HEALTH,
  kind: 'traffic/http-endpoint',
  onFailure: 'rollback',
  params: { endpoint: '${environment.endpoints.public}', requests: [{ path: '/health' }], maxLatency: '60s' },
});

function cutover({ route, lease, deployments, rollbackWithin }: ProjectOptions): Readonly<Record<string, unknown>>[] {
  const [first, second] = STEPS;
  const trigger = { cutover: 'P4-ROU-001', minSamples: 10 };
  return [
    {
      id: 'P4-ROU-001',
      kind: 'cutover/weights',
      params: {
        route: { namespace: NAMESPACE, name: route, stable: STABLE, canary: CANARY },
        version: { header: VERSION_HEADER, canary: CANARY_VERSION },
        endpoint: '${environment.endpoints.public}',
        path: '/',
        probeRate: 100,
        // A machine that is busy is no release that is slow.
        probeTimeout: '5m',
        deployments,
        services: [{ name: STABLE, port: 80, path: '/health' }],
        verify: [HEALTH],
        lease,
        rollbackWithin,
      },
    },
    { id: 'P4-ROL-001', kind: 'cutover/rollback-rehearsal', params: { cutover: 'P4-ROU-001' } },
    {
      id: 'P4-TRI-001',
      kind: 'cutover/trigger',
      params: { ...trigger, metric: 'error-rate', threshold: 0.9, for: '30m', window: '1m', onNoData: 'hold' },
    },
    step(first, 50),
    step(second, 100),
    { id: 'P4-ROU-002', kind: 'cutover/split', params: { cutover: 'P4-ROU-001', maxHalfWidth: 0.25 } },
  ];
}

const step = (id: string, weight: number): Readonly<Record<string, unknown>> => ({
  id,
  kind: 'cutover/step',
  onFailure: 'rollback',
  params: { cutover: 'P4-ROU-001', weight, watch: '30s', minSamples: 1, maxGap: 1 },
});

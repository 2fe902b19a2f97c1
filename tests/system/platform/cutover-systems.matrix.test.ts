/**
 * Phase 4 by each system that splits traffic, on one kept rehearsal whose gateway obeys it: to the end, and taken back. Some points of the
 * crash tests are gone through again on a second system.
 */
import { loadAll } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClusterObject, PlatformCluster } from '../../harness/platform-cluster.ts';
import { PlatformProject } from '../../harness/platform-project.ts';
import { processTree } from '../../harness/process-tree.ts';
import { tryKill } from '../../harness/processes.ts';
import { AT_ZERO, expectNoGo, goOn, LIMIT, MOVING, NOT_HERE, ShortCutover } from '../crash/short-cutover.ts';
import { bundlePrograms, type Programs } from '../crash/programs.ts';

const NAMESPACE = 'mcp-production';
const HOST = 'api.mcp.test';
const [STABLE, CANARY] = ['mcp-typescript-api-green-service', 'mcp-typescript-api-service'];
const GATEWAY_API = `/apis/gateway.networking.k8s.io/v1/namespaces/${NAMESPACE}`;
const NETWORKING = `/apis/networking.k8s.io/v1/namespaces/${NAMESPACE}`;
const ISTIO = `/apis/networking.istio.io/v1/namespaces/${NAMESPACE}`;
const named = (name: string) => ({ metadata: { name, namespace: NAMESPACE } });

interface System {
  readonly kind: string;
  /** Where its objects go, and they. */
  readonly objects: readonly (readonly [string, ClusterObject])[];
  /** The share of the new release in an object, as its system writes it. */
  readonly path: string;
  readonly atZero: object;
}

const ingress = (name: string, service: string, annotations: Readonly<Record<string, string>> = {}) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name, namespace: NAMESPACE, annotations },
  spec: {
    ingressClassName: 'nginx',
    rules: [
      {
        host: HOST,
        http: {
          paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: service, port: { number: 3000 } } } }],
        },
      },
    ],
  },
});
const destination = (host: string, weight: number) => ({ destination: { host, port: { number: 3000 } }, weight });
const WEIGHT = 'nginx.ingress.kubernetes.io/canary-weight';

const SYSTEMS: readonly System[] = [
  {
    kind: 'GRPCRoute',
    objects: [
      [
        `${GATEWAY_API}/grpcroutes`,
        {
          ...named('mcp-api'),
          spec: {
            parentRefs: [{ name: 'mcp-gateway', sectionName: 'https' }],
            hostnames: [HOST],
            rules: [
              {
                backendRefs: [
                  { name: STABLE, port: 3000, weight: 100 },
                  { name: CANARY, port: 3000, weight: 0 },
                ],
              },
            ],
          },
        },
      ],
    ],
    path: `${GATEWAY_API}/grpcroutes/mcp-api`,
    atZero: {
      spec: {
        rules: [
          {
            backendRefs: [
              { name: STABLE, port: 3000, weight: 100 },
              { name: CANARY, port: 3000, weight: 0 },
            ],
          },
        ],
      },
    },
  },
  {
    kind: 'Ingress',
    objects: [
      [`${NETWORKING}/ingresses`, ingress('mcp-api-stable', STABLE)],
      [
        `${NETWORKING}/ingresses`,
        ingress('mcp-api', CANARY, { 'nginx.ingress.kubernetes.io/canary': 'true', [WEIGHT]: '0' }),
      ],
    ],
    path: `${NETWORKING}/ingresses/mcp-api`,
    atZero: { metadata: { annotations: { [WEIGHT]: '0' } } },
  },
  {
    kind: 'VirtualService',
    objects: [
      [
        `${ISTIO}/gateways`,
        {
          ...named('edge'),
          spec: { servers: [{ port: { number: 443, name: 'https', protocol: 'HTTPS' }, hosts: ['*.mcp.test'] }] },
        },
      ],
      [
        `${ISTIO}/virtualservices`,
        {
          ...named('mcp-api'),
          spec: {
            hosts: [HOST],
            gateways: ['edge'],
            http: [{ route: [destination(STABLE, 100), destination(CANARY, 0)] }],
          },
        },
      ],
    ],
    path: `${ISTIO}/virtualservices/mcp-api`,
    atZero: { spec: { http: [{ route: [destination(STABLE, 100), destination(CANARY, 0)] }] } },
  },
];

let project: PlatformProject;
let programs: Programs;
let cluster: PlatformCluster;
let cutover: ShortCutover;
beforeAll(async () => {
  [project, programs] = await Promise.all([PlatformProject.withRehearsal({ without: NOT_HERE }), bundlePrograms()]);
  cutover = new ShortCutover(project, programs);
  cluster = await project.cluster();
}, LIMIT);
afterAll(async () => {
  programs.remove();
  await project.remove();
}, LIMIT);

/** Windows of 3 s, in which a machine that stands still for a moment has measured enough all the same. */
const WATCH = { watch: '6m', minSamples: 5 };

function writePhase(kind: string, items: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {}): void {
  const route = { kind, namespace: NAMESPACE, name: 'mcp-api', stable: STABLE, canary: CANARY };
  const steps = ['P4-MIG-001', 'P4-MIG-002', 'P4-MIG-003', 'P4-MIG-004'].map((id) => [id, WATCH] as const);
  cutover.writePhase({ items, params: { 'P4-ROU-001': { route }, ...Object.fromEntries(steps) } });
}

/** Gives users to this system in place of the HTTPRoute, and the gate what its plan says that it needs; answers how to take both back. */
async function given({ kind, objects }: System): Promise<() => Promise<void>> {
  const bringBack = await cluster.take(`${GATEWAY_API}/httproutes/mcp-api`);
  for (const [path, object] of objects) await cluster.create(path, object);
  writePhase(kind);
  const plan = await project.golive(['plan', '--rbac', '--env', 'rehearsal']);
  expect(plan.exitCode, plan.stderr).toBe(0);
  await cluster.applyRbac(renamed(plan.stdout, kind.toLowerCase()));
  return async () => {
    for (const [path, { metadata }] of objects) await cluster.remove(`${path}/${metadata.name}`);
    await bringBack();
  };
}

/** Beside what was granted before, which has the same names. */
function renamed(yaml: string, suffix: string): string {
  const objects = loadAll(yaml) as { metadata: { name: string }; roleRef?: { name: string } }[];
  return objects
    .map(({ metadata, roleRef, ...rest }) =>
      JSON.stringify({
        ...rest,
        metadata: { ...metadata, name: `${metadata.name}-${suffix}` },
        ...(roleRef ? { roleRef: { ...roleRef, name: `${roleRef.name}-${suffix}` } } : {}),
      }),
    )
    .join('\n---\n');
}

describe.each(SYSTEMS)('by $kind', (system) => {
  let takeBack: () => Promise<void>;
  beforeAll(async () => {
    takeBack = await given(system);
  }, LIMIT);
  afterAll(() => takeBack(), LIMIT);

  it('goes to 100 %, each split proven by counted answers', { timeout: LIMIT }, async () => {
    const result = await project.run(['--project=phase4']);
    const red = project.outcomes().filter(({ item, outcome }) => item.startsWith('P4-') && outcome !== 'pass');
    expect(
      red.map(({ item, message }) => `${item}: ${message}`),
      result.output,
    ).toEqual([]);
    expect(cutover.told('step-done').map(({ item }) => item)).toHaveLength(4);
    expect(cutover.journal().at(-1)).toMatchObject({ event: 'finished', weight: 100 });
    // The next cutover begins where this one did.
    await cluster.patch(system.path, system.atZero);
  });

  it('goes back to 0 % where a step is not good enough', { timeout: LIMIT }, async () => {
    writePhase(system.kind, { 'P4-MIG-001': { expectSubjects: '>=5' } });
    const result = await project.run(['--project=phase4']);
    await cutover.expectBack('item-failed', result.output);
    expectNoGo(result, 1);
    expect(await cluster.get(system.path)).toMatchObject(system.atZero);
    writePhase(system.kind);
  });

  if (system.kind === 'Ingress') crashes(system);
});

function crashes(system: System): void {
  it('goes back where its run is killed while traffic moves', { timeout: LIMIT }, async () => {
    const { run, pid } = await cutover.haltedAt(MOVING);
    run.child.kill('SIGKILL');
    await run.ended;
    goOn(pid);
    await cutover.expectBack('runner-gone');
    expect(await cluster.get(system.path)).toMatchObject(system.atZero);
  });

  it('goes back where its run is ended while traffic moves', { timeout: LIMIT }, async () => {
    const { run, pid } = await cutover.haltedAt(MOVING);
    run.child.kill('SIGTERM');
    goOn(pid);
    const result = await run.ended;
    await cutover.expectBack('interrupted', result.output);
    expectNoGo(result, 130);
    expect(await cluster.get(system.path)).toMatchObject(system.atZero);
  });

  it('goes on back where its workers are killed on the way', { timeout: LIMIT }, async () => {
    const { run, pid } = await cutover.haltedAt(AT_ZERO);
    for (const worker of processTree(run.pid).filter(({ command }) => /playwright\S*workerProcess/.test(command)))
      tryKill(worker.pid, 'SIGKILL');
    goOn(pid);
    const result = await run.ended;
    await cutover.expectBack('interrupted', result.output);
    expect(await cluster.get(system.path)).toMatchObject(system.atZero);
  });
}

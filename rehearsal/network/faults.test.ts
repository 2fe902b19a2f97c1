/** The network kinds as they look at the rehearsal's network, whole and with each fault of it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { kinds } from '../../checks/index.ts';
import { validateParams } from '../../checks/kit/params.ts';
import { loadKubernetes } from '../../fixtures/capabilities/kubernetes-bundle.ts';
import { openHost } from '../../fixtures/capabilities/host-impl.ts';
import { boundFaults, seenOf } from '../../tests/harness/drills.ts';
import { testContext, testEnvironment } from '../../tests/harness/context.ts';
import { networkFaults } from '../faults/network.ts';
import { seenChange, type Seen } from '../drill/compare.ts';
import type { Release } from '../levers.ts';
import { addObjectLevers } from '../object-levers.ts';
import { gatewayValues } from './network.ts';
import { startTestNetwork, until, type TestNetwork } from './testing.ts';

const runDir = mkdtempSync(join(tmpdir(), 'golive-network-run-'));
let network: TestNetwork;

beforeAll(async () => {
  await loadKubernetes();
  network = await startTestNetwork();
  addObjectLevers(network.context.levers, network.plane);
}, 60_000);
afterAll(async () => {
  await network.close();
  rmSync(runDir, { recursive: true, force: true });
});

/** As the items are written. */
function items(): Readonly<
  Record<string, { readonly kind: string; readonly params: Readonly<Record<string, unknown>> }>
> {
  const { gateway, blue } = gatewayValues(network.gateway);
  const { caFile } = network.context.authority;
  const endpoints = { public: { url: gateway, caFile }, blue: { url: blue, caFile } };
  const mcpGateway = { namespace: 'mcp-production', name: 'mcp-gateway' };
  const certificate = { kind: 'traffic/tls-certificate', params: { endpoints, gateway: { ...mcpGateway, caFile } } };
  return {
    'P1-NET-001': {
      kind: 'traffic/dns-records',
      params: { endpoints: [endpoints.public, endpoints.blue], loadBalancer: mcpGateway, domain: 'mcp.test' },
    },
    'P1-NET-002': certificate,
    'P5-SEC-002': certificate,
    'P1-NET-003': { kind: 'traffic/load-balancer', params: { loadBalancer: mcpGateway, caFile } },
    'P1-NWS-002': { kind: 'traffic/tls-versions', params: { endpoints } },
  };
}

/** What becomes of an item. */
async function run(item: string): Promise<Seen> {
  const planned = items()[item];
  const kind = kinds.get(planned?.kind ?? '');
  if (!planned || !kind) throw new Error(`no kind for ${item}`);
  const filled = validateParams(kind, planned.params);
  if (!filled.ok) throw new Error(`${item}: ${JSON.stringify(filled.errors)}`);
  const host = openHost({
    environment: testEnvironment({
      kubeconfig: { path: network.plane.kubeconfig, context: 'rehearsal-admin' },
      dns: { servers: [network.dns.address] },
    }),
    runDir,
    phase: 'phase1',
  });
  const context = testContext({ fresh: true, now: new Date() });
  try {
    return await seenOf(item, async () => {
      const gathered = await kind.gather(filled.params, host.open(kind.meta.needs, context), context);
      return kind.judge(filled.params, gathered, context);
    });
  } finally {
    await host.close();
  }
}

const all = ['P1-NET-001', 'P1-NET-002', 'P1-NET-003', 'P1-NWS-002', 'P5-SEC-002'];

it('every item passes on a network that is whole', async () => {
  for (const item of all)
    await until(
      () => run(item),
      ({ outcome }) => outcome === 'pass',
    );
}, 20_000);

// What services say to one another is not looked at here: there are none of the platform's in this network.
const own = boundFaults(networkFaults).filter(({ name }) => name !== 'service-proxies-killed');

it.each(own.map((fault) => [fault.name, fault] as const))(
  '%s turns what it names red, nothing else, and is undone',
  async (_, { inject, changes, mayChange }) => {
    const releases: Release[] = [];
    for (const act of inject) releases.push(await network.context.levers.pull(act.lever, act.with));
    try {
      for (const change of changes)
        await until(
          () => run(change.item),
          (seen) => seenChange(change, seen).wrong === null,
        );
      const named = new Set([...changes.map(({ item }) => item), ...Object.keys(mayChange)]);
      for (const item of all.filter((one) => !named.has(one)))
        expect(await run(item)).toMatchObject({ outcome: 'pass' });
    } finally {
      for (const release of releases.reverse()) await release();
    }
    for (const item of all)
      await until(
        () => run(item),
        ({ outcome }) => outcome === 'pass',
      );
  },
  30_000,
);

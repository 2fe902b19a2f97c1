/** Policies are felt: between pods, and on the way in. */
import { get } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { httpClient } from '../../fixtures/capabilities/http.ts';
import { createRedactor } from '../../fixtures/capabilities/redactor.ts';
import { NETWORK_POLICIES } from '../../checks/protocols/network-policies.ts';
import { WEB_IMAGE } from '../api-server/testing.ts';
import { NAMESPACE } from '../topology.ts';
import { gatewayValues } from './network.ts';
import { startTestNetwork, until, type TestNetwork } from './testing.ts';

let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork();
  await network.plane.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ingress-nginx' } });
  await network.plane.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'ingress-nginx-0', namespace: 'ingress-nginx' },
    spec: { containers: [{ name: 'web', image: WEB_IMAGE }] },
  });
}, 30_000);
afterAll(() => network.close());

const policy = (name: string, ingress: readonly object[]) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace: NAMESPACE },
  spec: { podSelector: { matchLabels: { app: 'mcp-typescript-api' } }, policyTypes: ['Ingress'], ingress },
});
/** What a client that keeps its connection sees: a status, or the error's code. */
const knock = (url: string): Promise<number | string | undefined> =>
  new Promise((told) => {
    get(url, { agent: false }, (response) => {
      response.resume();
      told(response.statusCode);
    }).once('error', (error: NodeJS.ErrnoException) => told(error.code));
  });
const atBlue = async (): Promise<number> => {
  const { blue } = gatewayValues(network.gateway);
  const signal = new AbortController().signal;
  const dns = { servers: [network.dns.address] };
  const resolveSecret = () => Promise.reject(new Error('no secrets here'));
  const client = httpClient({ signal, redactor: createRedactor(), resolveSecret, dns });
  return (await client.request({ url: String(blue), caFile: network.context.authority.caFile })).status;
};

it('a policy shuts the service proxies and cuts the gateway off; without it, or with nobody to enforce it, all is as before', async () => {
  const { plane, proxies, context } = network;
  const caller = await until(
    () => Promise.resolve(plane.containers().find(({ start }) => start.pod.startsWith('mcp-typescript-api-green'))),
    (one) => one !== undefined,
  );
  if (caller === undefined) throw new Error('no caller');
  const url = `http://${await proxies.translate(caller.start, 'mcp-typescript-api-service:3000')}/`;
  const openly = async (): Promise<void> => {
    await until(
      () => knock(url),
      (one) => one === 200,
    );
    await until(atBlue, (status) => status === 200);
  };
  await openly();

  await plane.apply(policy('nobody', []));
  await until(
    () => knock(url),
    (one) => one === 'ECONNREFUSED',
  );
  await until(atBlue, (status) => status === 504);
  const release = await context.levers.pull('policies.ignore');
  await openly();
  await release();
  await until(
    () => knock(url),
    (one) => one === 'ECONNREFUSED',
  );

  // Policies add up: another one lets this caller in, and the gateway not.
  await plane.apply(
    policy('green', [{ from: [{ podSelector: { matchLabels: { app: 'mcp-typescript-api-green' } } }] }]),
  );
  await until(
    () => knock(url),
    (one) => one === 200,
  );
  expect(await atBlue()).toBe(504);
  for (const name of ['nobody', 'green']) await plane.remove(NETWORK_POLICIES, { name, namespace: NAMESPACE });
  await openly();
});

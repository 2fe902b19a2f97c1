/** The gateway obeys what other systems than the Gateway API split traffic by. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpClient } from '../../fixtures/capabilities/http.ts';
import { createRedactor } from '../../fixtures/capabilities/redactor.ts';
import { INGRESSES } from './gateway-controller.ts';
import { startTestNetwork, until, type TestNetwork } from './testing.ts';

const NAMESPACE = 'mcp-production';
const GREEN = 'mcp-typescript-api-green-';
let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork();
}, 30_000);
afterAll(() => network.close());

const ask = (url: string) =>
  httpClient({
    signal: new AbortController().signal,
    redactor: createRedactor(),
    resolveSecret: () => Promise.reject(new Error('no secrets here')),
    dns: { servers: [network.dns.address] },
  }).request({ url, caFile: network.context.authority.caFile });
const www = (): string => `https://www.mcp.test:${network.gateway.port}/`;

describe('by other systems than the Gateway API', () => {
  const STABLE = 'mcp-typescript-api-green-service';
  const CANARY = 'mcp-typescript-api-service';
  const metadata = (name: string, annotations = {}) => ({ name, namespace: NAMESPACE, annotations });
  const blueOf = async (count: number): Promise<number> => {
    await until(
      () => ask(www()),
      ({ status }) => status === 200,
    );
    let blue = 0;
    for (let i = 0; i < count; i += 1) if (!(await ask(www())).body.startsWith(GREEN)) blue += 1;
    return blue;
  };

  it('shares users by the canary Ingress of ingress-nginx', async () => {
    const ingress = (name: string, service: string, annotations = {}) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: metadata(name, annotations),
      spec: {
        ingressClassName: 'nginx',
        rules: [
          {
            host: 'www.mcp.test',
            http: {
              paths: [
                { path: '/', pathType: 'Prefix', backend: { service: { name: service, port: { number: 3000 } } } },
              ],
            },
          },
        ],
      },
    });
    const nginx = 'nginx.ingress.kubernetes.io';
    await network.plane.apply(
      ingress('www-canary', CANARY, { [`${nginx}/canary`]: 'true', [`${nginx}/canary-weight`]: '25' }),
    );
    await network.plane.apply(ingress('www', STABLE));
    expect(await blueOf(40)).toBe(10);
    for (const name of ['www', 'www-canary']) await network.plane.remove(INGRESSES, { name, namespace: NAMESPACE });
  });

  it('shares users by the VirtualService of a Gateway of Istio, and by subsets', async () => {
    const istio = (kind: string, name: string, spec: object) => ({
      apiVersion: 'networking.istio.io/v1',
      kind,
      metadata: metadata(name),
      spec,
    });
    const to = (host: string, weight: number, subset?: string) => ({
      destination: { host, ...(subset === undefined ? {} : { subset }) },
      weight,
    });
    const virtual = (...route: object[]) =>
      istio('VirtualService', 'www', { hosts: ['www.mcp.test'], gateways: ['edge'], http: [{ route }] });
    const server = { port: { number: 443, name: 'https', protocol: 'HTTPS' }, hosts: ['*.mcp.test'] };
    await network.plane.apply(istio('Gateway', 'edge', { servers: [server] }));
    await network.plane.apply(virtual(to(STABLE, 75), to(CANARY, 25)));
    expect(await blueOf(40)).toBe(10);
    await network.plane.apply(
      istio('DestinationRule', 'www', {
        host: STABLE,
        subsets: [
          { name: 'green', labels: { app: 'mcp-typescript-api-green' } },
          { name: 'nobody', labels: { app: 'nobody' } },
        ],
      }),
    );
    await network.plane.apply(virtual(to(STABLE, 100, 'green')));
    await until(
      () => blueOf(4),
      (blue) => blue === 0,
    );
    await network.plane.apply(virtual(to(STABLE, 100, 'nobody')));
    await until(
      () => ask(www()),
      ({ status }) => status === 503,
    );
  });
});

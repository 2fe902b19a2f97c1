/** The way in as a whole: a real control plane, gateway, dnsmasq, and the capabilities that look at them. */
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, listAt } from '../../checks/contract/json.ts';
import { dnsClient } from '../../fixtures/capabilities/dns.ts';
import { httpClient } from '../../fixtures/capabilities/http.ts';
import { createRedactor } from '../../fixtures/capabilities/redactor.ts';
import { tlsProber } from '../../fixtures/capabilities/tls.ts';
import type { ControlPlane } from '../control-plane-types.ts';
import type { PlatformContext } from '../platform-types.ts';
import type { DnsServer } from './dns-server.ts';
import type { ServiceProxies } from './service-proxies.ts';
import { GATEWAYS, HTTP_ROUTES } from './gateway-controller.ts';
import type { GatewayProcess } from './gateway-process.ts';
import { gatewayValues } from './network.ts';
import { service, startTestNetwork, until, type TestNetwork } from './testing.ts';

const never = new AbortController().signal;
const NAMESPACE = 'mcp-production';
const GREEN = 'mcp-typescript-api-green-';
let network: TestNetwork;
let context: PlatformContext;
let plane: ControlPlane;
let gateway: GatewayProcess;
let dns: DnsServer;
let proxies: ServiceProxies;

beforeAll(async () => {
  network = await startTestNetwork();
  ({ context, plane, gateway, dns, proxies } = network);
}, 30_000);
afterAll(() => network.close());

const servers = () => ({ servers: [dns.address] });
const http = () =>
  httpClient({
    signal: never,
    redactor: createRedactor(),
    resolveSecret: () => Promise.reject(new Error('no secrets here')),
    dns: servers(),
  });
const ask = (url: string) => http().request({ url, caFile: context.authority.caFile });
const handshake = (options: { maxVersion?: 'TLSv1.2'; host?: string } = {}) =>
  tlsProber(servers(), never).handshake({
    host: 'api.mcp.test',
    port: gateway.port,
    caFile: context.authority.caFile,
    ...options,
  });
describe('the gateway', () => {
  it('answers users from green alone, and testers from blue', async () => {
    const { gateway: url, blue } = gatewayValues(gateway);
    const first = await until(
      () => ask(`${url}/hello?x=1`),
      ({ status }) => status === 200,
    );
    expect(first.body).toMatch(/^mcp-typescript-api-green-\S+ \/hello\?x=1$/);
    expect(first.headers['strict-transport-security']).toMatch(/^max-age=31536000/);
    await until(
      () => ask(String(blue)),
      ({ status }) => status === 200,
    );
    // The second pod may become ready a moment after the first.
    const pods = new Set<string>();
    await until(
      async () => pods.add((await ask(String(url))).body.split(' ')[0] ?? ''),
      ({ size }) => size >= 2,
    );
    for (let i = 0; i < 20; i += 1) pods.add((await ask(String(url))).body.split(' ')[0] ?? '');
    expect([...pods].every((pod) => pod.startsWith(GREEN))).toBe(true);
    expect(pods.size).toBe(2);
    expect((await ask(String(blue))).body).not.toContain(GREEN);
  });

  it('says of its objects what is true of them', async () => {
    const object = await until(
      () => plane.get(GATEWAYS, 'mcp-gateway', NAMESPACE),
      (one) => listAt(one, 'status', 'conditions').length === 2,
    );
    expect(at(object, 'status', 'addresses')).toEqual([{ type: 'IPAddress', value: '127.0.0.1' }]);
    const listeners = listAt(object, 'status', 'listeners').map((one) => [at(one, 'name'), at(one, 'attachedRoutes')]);
    expect(listeners).toEqual([
      ['https', 2],
      ['http', 1],
    ]);
    const route = await plane.get(HTTP_ROUTES, 'mcp-api', NAMESPACE);
    const conditions = listAt(route, 'status', 'parents', 0, 'conditions');
    expect(conditions.map((one) => [at(one, 'type'), at(one, 'status'), at(one, 'observedGeneration')])).toEqual([
      ['Accepted', 'True', 1],
      ['ResolvedRefs', 'True', 1],
    ]);
  });

  it('writes nothing while nothing changes', async () => {
    const writesMeanwhile = async (): Promise<number> => {
      const before = plane.writes?.() ?? 0;
      await new Promise((later) => setTimeout(later, 400));
      return (plane.writes?.() ?? 0) - before;
    };
    // What started a moment ago may still write; a controller that answers its own writes never comes to rest.
    await until(writesMeanwhile, (writes) => writes < 5);
  });

  it('sends plain HTTP to https, and knows no other host', async () => {
    const plain = await ask(`http://api.mcp.test:${gateway.httpPort}/a?b=c`);
    expect([plain.status, plain.headers['location']]).toEqual([301, `https://api.mcp.test:${gateway.port}/a?b=c`]);
    const other = await http().request({
      url: `https://www.mcp.test:${gateway.port}/`,
      caFile: context.authority.caFile,
    });
    expect(other.status).toBe(404);
  });

  it('shares users exactly as the weights say', async () => {
    const rules = (green: number, blue: number) => [
      {
        backendRefs: [
          { name: 'mcp-typescript-api-green-service', port: 3000, weight: green },
          { name: 'mcp-typescript-api-service', port: 3000, weight: blue },
        ],
      },
    ];
    const target = { name: 'mcp-api', namespace: NAMESPACE };
    await plane.patch(HTTP_ROUTES, target, { spec: { rules: rules(75, 25) } });
    const { gateway: url } = gatewayValues(gateway);
    await until(
      () => ask(String(url)),
      ({ body }) => !body.startsWith(GREEN),
    );
    let blue = 0;
    for (let i = 0; i < 40; i += 1) if (!(await ask(String(url))).body.startsWith(GREEN)) blue += 1;
    expect(blue).toBe(10);
    await plane.patch(HTTP_ROUTES, target, { spec: { rules: rules(100, 0) } });
  });

  it('speaks TLS 1.3 alone, and 1.2 when that lever is pulled', async () => {
    expect(await handshake()).toMatchObject({ handshake: 'completed', protocol: 'TLSv1.3', verified: true });
    expect(await handshake({ maxVersion: 'TLSv1.2' })).toMatchObject({ handshake: 'refused' });
    const release = await context.levers.pull('gateway.tls', { minVersion: 'TLSv1.2' });
    const old = await until(
      () => handshake({ maxVersion: 'TLSv1.2' }),
      (one) => one.handshake === 'completed',
    );
    expect(old).toMatchObject({ protocol: 'TLSv1.2', verified: true });
    await release();
    await until(
      () => handshake({ maxVersion: 'TLSv1.2' }),
      (one) => one.handshake === 'refused',
    );
  });

  it.each([
    [{ days: -1 }, /expired/],
    [{ selfSigned: true }, /self-signed/],
    [{ dnsNames: ['other.test'] }, /not for the name api\.mcp\.test/],
  ])('takes a new certificate while it runs: %j', async (args, why) => {
    const release = await context.levers.pull('gateway.certificate', args);
    const bad = await until(
      () => handshake(),
      (one) => one.handshake === 'completed' && !one.verified,
    );
    expect(bad).toMatchObject({ verifyError: expect.stringMatching(why) as string });
    await release();
    await until(
      () => handshake(),
      (one) => one.handshake === 'completed' && one.verified,
    );
  });

  it('is not programmed while its process is dead, and is there again afterwards', async () => {
    const release = await context.levers.pull('gateway.kill');
    const programmed = (status: string) => async () => {
      const object = await plane.get(GATEWAYS, 'mcp-gateway', NAMESPACE);
      return listAt(object, 'status', 'conditions').some(
        (one) => at(one, 'type') === 'Programmed' && at(one, 'status') === status,
      );
    };
    await expect(ask(String(gatewayValues(gateway).gateway))).rejects.toMatchObject({ code: 'unreachable' });
    await until(programmed('False'), Boolean);
    await release();
    await until(programmed('True'), Boolean);
    expect((await ask(String(gatewayValues(gateway).gateway))).status).toBe(200);
  });
});

describe('names', () => {
  const resolve = (name: string, type: 'A' | 'AAAA' | 'CNAME') => dnsClient(servers(), never).resolve(name, type);
  it('are the platform’s and no others', async () => {
    expect(await resolve('api.mcp.test', 'A')).toEqual(['127.0.0.1']);
    expect(await resolve('api.mcp.test', 'AAAA')).toEqual([]);
    expect(await resolve('www.mcp.test', 'CNAME')).toEqual(['api.mcp.test']);
    expect(await resolve('nobody.mcp.test', 'A')).toEqual([]);
    expect(await resolve('example.com', 'A')).toEqual([]);
  });

  it('can be changed, lost, made a wildcard and come back', async () => {
    const gone = await context.levers.pull('dns.record', { name: 'blue.mcp.test', address: null });
    expect(await resolve('blue.mcp.test', 'A')).toEqual([]);
    await gone();
    const moved = await context.levers.pull('dns.record', { name: 'blue.mcp.test', address: '127.0.0.9' });
    expect(await resolve('blue.mcp.test', 'A')).toEqual(['127.0.0.9']);
    await moved();
    const wild = await context.levers.pull('dns.wildcard');
    expect(await resolve('nobody.mcp.test', 'A')).toEqual(['127.0.0.1']);
    expect(await resolve('example.com', 'A')).toEqual([]);
    await wild();
    const dead = await context.levers.pull('dns.kill');
    await expect(resolve('blue.mcp.test', 'A')).rejects.toMatchObject({ code: 'unreachable' });
    await expect(ask('https://blue.mcp.test/')).rejects.toThrow(
      /blue\.mcp\.test cannot be resolved now: nothing listens at DNS server/,
    );
    await dead();
    expect(await resolve('blue.mcp.test', 'A')).toEqual(['127.0.0.1']);
    expect(await resolve('nobody.mcp.test', 'A')).toEqual([]);
  });
});

describe('service proxies', () => {
  const container = (podUid: string) =>
    ({
      namespace: NAMESPACE,
      pod: 'p',
      podUid,
      container: 'c',
      image: '',
      args: [],
      env: {},
      containerPorts: [],
    }) as const;
  it('lead to the ready pods of a Service, one for each caller', async () => {
    const text = 'http://user:mcp-typescript-api-service@mcp-typescript-api-service:3000/x,http://elsewhere:3000';
    const [one, two, same] = await Promise.all(
      ['uid-1', 'uid-2', 'uid-1'].map((uid) => proxies.translate(container(uid), text)),
    );
    expect(one).toMatch(/^http:\/\/user:mcp-typescript-api-service@127\.0\.0\.1:\d+\/x,http:\/\/elsewhere:3000$/);
    expect(same).toBe(one);
    expect(two).not.toBe(one);
    const port = /127\.0\.0\.1:(\d+)/.exec(one ?? '')?.[1] ?? '';
    const url = `http://127.0.0.1:${port}/y`;
    expect((await until(() => ask(url).catch(() => undefined), Boolean))?.body).toMatch(/^mcp-typescript-api-\S+ \/y$/);

    const release = await context.levers.pull('service-proxies.kill');
    await expect(ask(url)).rejects.toMatchObject({ code: 'unreachable' });
    await release();
    await until(
      () =>
        ask(url)
          .then(({ status }) => status === 200)
          .catch(() => false),
      Boolean,
    );

    proxies.release('uid-1');
    await until(
      () =>
        ask(url).then(
          () => 'open',
          () => 'closed',
        ),
      (state) => state === 'closed',
    );
  });

  it('of a Service without endpoints reset the connection', async () => {
    await plane.apply(service('empty', 'nobody'));
    const text = await until(
      () => proxies.translate(container('uid-3'), 'empty.mcp-production.svc.cluster.local:3000'),
      (one) => one.startsWith('127.0.0.1'),
    );
    await expect(ask(`http://${text}/`)).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/reset/) as string,
    });
  });
});

it('a certificate is verified before anything is sent', async () => {
  const plain = createServer((socket) => socket.destroy());
  await new Promise<void>((up) => plain.listen(0, '127.0.0.1', up));
  const { port } = plain.address() as { port: number };
  expect(await tlsProber(undefined, never).handshake({ host: '127.0.0.1', port })).toMatchObject({
    handshake: 'refused',
  });
  plain.close();
});

/** The route whose weights a cutover moves: how soon users follow, what its status says, and how it is broken in between. */
import { Agent, request } from 'node:https';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { KubeObject } from '../../checks/contract/cluster.ts';
import { at, listAt } from '../../checks/contract/json.ts';
import type { Levers } from '../levers.ts';
import { NAMESPACE } from '../topology.ts';
import { HTTP_ROUTES } from './gateway-controller.ts';
import { startTestNetwork, until, type TestNetwork } from './testing.ts';

const GREEN = 'mcp-typescript-api-green-service';
const BLUE = 'mcp-typescript-api-service';
const TARGET = { name: 'mcp-api', namespace: NAMESPACE };
/** How many requests, one after the other, may still go by the weights before. */
const AT_ONCE = 100;

let network: TestNetwork;
let levers: Levers;
let agent: Agent;
beforeAll(async () => {
  network = await startTestNetwork();
  ({ levers } = network.context);
  agent = new Agent({ keepAlive: true, maxSockets: 4, ca: readFileSync(network.context.authority.caFile) });
  await shift(50);
  const both = async (): Promise<number> => new Set(await Promise.all(Array.from({ length: 20 }, pod))).size;
  await until(both, (pods) => pods === 3);
}, 30_000);
beforeEach(() => shift(0));
afterAll(async () => {
  agent.destroy();
  await network.close();
});

/** The pod that answered, and whether over a connection that stood already. */
function ask(): Promise<{
  readonly pod: string;
  readonly kept: boolean;
  readonly status: number;
}> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: network.gateway.port, servername: 'api.mcp.test', agent };
    const asked = request({ ...options, headers: { host: 'api.mcp.test' } }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.once('end', () => {
        const pod = body.split(' ')[0] ?? '';
        resolve({ pod, kept: asked.reusedSocket, status: response.statusCode ?? 0 });
      });
    });
    asked.once('error', reject).end();
  });
}
const pod = async (): Promise<string> => (await ask()).pod;
const isBlue = (name: string): boolean => name !== '' && !name.includes('green');
const share = async (): Promise<number> => {
  const pods = await Promise.all(Array.from({ length: 100 }, pod));
  return pods.filter(isBlue).length;
};
const route = async (): Promise<KubeObject> => {
  const found = await network.plane.get(HTTP_ROUTES, TARGET.name, NAMESPACE);
  if (!found) throw new Error('the route is gone');
  return found;
};
const weights = async (): Promise<readonly unknown[]> =>
  listAt(await route(), 'spec', 'rules', 0, 'backendRefs').map((ref) => at(ref, 'weight'));
const observed = async (): Promise<{ readonly generation: unknown; readonly observed: unknown }> => {
  const found = await route();
  const [condition] = listAt(found, 'status', 'parents', 0, 'conditions');
  return { generation: found.metadata.generation, observed: at(condition, 'observedGeneration') };
};
const isTaken = (seen: Awaited<ReturnType<typeof observed>>): boolean => seen.observed === seen.generation;

async function shift(percent: number): Promise<void> {
  const backendRefs = [
    { name: GREEN, port: 3000, weight: 100 - percent },
    { name: BLUE, port: 3000, weight: percent },
  ];
  await network.plane.patch(HTTP_ROUTES, TARGET, { spec: { rules: [{ backendRefs }] } });
}

it('users follow new weights at once, on connections that stand, too', async () => {
  await until(observed, isTaken);
  for (const percent of [100, 0, 100]) {
    // As many as there are connections, so that all of them stand.
    await Promise.all(Array.from({ length: 4 }, ask));
    await shift(percent);
    const toBlue = percent === 100;
    let first = await ask();
    for (let late = 0; isBlue(first.pod) !== toBlue; late += 1) {
      expect(late).toBeLessThan(AT_ONCE);
      first = await ask();
    }
    expect(first.kept).toBe(true);
    // From the first one on, all of them.
    const others = await Promise.all(Array.from({ length: 4 }, ask));
    expect(others.every((one) => one.kept && isBlue(one.pod) === toBlue)).toBe(true);
  }
});

it('the route says that a generation is taken only when users are sent by it', async () => {
  for (const percent of [100, 0, 100, 0]) {
    await shift(percent);
    await until(observed, isTaken);
    expect(await share()).toBe(percent);
  }
  const pid = network.gateway.pid() ?? 0;
  process.kill(pid, 'SIGSTOP');
  try {
    await shift(30);
    await new Promise((later) => setTimeout(later, 400));
    expect(isTaken(await observed())).toBe(false);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await until(observed, isTaken);
  expect(await share()).toBe(30);
});

it('nothing is said of a route while the gateway is dead', async () => {
  const release = await levers.pull('gateway.kill');
  await shift(10);
  await new Promise((later) => setTimeout(later, 400));
  expect(isTaken(await observed())).toBe(false);
  await release();
  await until(observed, isTaken);
  expect(await share()).toBe(10);
});

it('a gateway that is frozen says that it took the weights, and goes on by the old ones', async () => {
  await until(observed, isTaken);
  const release = await levers.pull('gateway.freeze');
  await shift(50);
  await until(observed, isTaken);
  expect(await share()).toBe(0);
  await release();
  expect(await share()).toBe(50);
});

it('cutover.at pulls the other lever when its share is reached, and takes it back with it', async () => {
  const release = await levers.pull('cutover.at', { percent: 25, lever: 'gateway.freeze' });
  await shift(5);
  await until(observed, isTaken);
  expect(await share()).toBe(5);
  await shift(25);
  await until(observed, isTaken);
  // From here on nothing changes any more.
  await shift(50);
  await until(observed, isTaken);
  expect(await share()).toBe(25);
  await shift(0);
  await until(observed, isTaken);
  expect(await share()).toBe(25);
  await release();
  await until(share, (percent) => percent === 0);
  await shift(50);
  await until(observed, isTaken);
  expect(await share()).toBe(50);
});

it('cutover.at that was never reached leaves nothing behind', async () => {
  const release = await levers.pull('cutover.at', { percent: 25, lever: 'gateway.freeze' });
  await shift(24);
  await release();
  await shift(80);
  await until(observed, isTaken);
  expect(await share()).toBe(80);
});

it.each([
  [{ percent: 25, lever: 'gateway.explode' }, /there is no lever gateway\.explode; there are: .*gateway\.freeze/],
  [{ percent: 25 }, /there is no lever undefined/],
  [{ percent: 125, lever: 'gateway.freeze' }, /a number from 0 to 100/],
  [{ percent: 25, lever: 'cutover.at' }, /another lever than itself/],
  [{ percent: 25, lever: 'gateway.freeze', with: 3 }, /with must be an object/],
])('cutover.at refuses at once what it could not do later: %j', async (args, why) => {
  await expect(levers.pull('cutover.at', args)).rejects.toThrow(why);
});

it('another controller sets the weights back, under its own name, until it is released', async () => {
  const release = await levers.pull('route.revert', { manager: 'argocd-controller' });
  await shift(25);
  await until(weights, ([green, blue]) => green === 100 && blue === 0);
  const [owner] = listAt(await route(), 'metadata', 'managedFields');
  expect(owner).toMatchObject({ manager: 'argocd-controller', fieldsV1: { 'f:spec': { 'f:rules': {} } } });
  await release();
  await shift(25);
  await new Promise((later) => setTimeout(later, 300));
  expect(await weights()).toEqual([75, 25]);
});

it('a gateway that sends traffic to unready pods can be had, and stops', async () => {
  const pods = { apiVersion: 'v1', kind: 'Pod', resource: 'pods' } as const;
  await network.plane.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'mcp-typescript-api-green-unready',
      namespace: NAMESPACE,
      labels: { app: 'mcp-typescript-api-green' },
    },
    spec: {
      containers: [
        {
          name: 'web',
          image: 'ghcr.io/golive/web:v1',
          ports: [{ containerPort: 3000 }],
          readinessProbe: { tcpSocket: { port: 1 }, periodSeconds: 1 },
        },
      ],
    },
  });
  const names = async (): Promise<ReadonlySet<string>> => new Set(await Promise.all(Array.from({ length: 12 }, pod)));
  const runs = (): Promise<boolean> =>
    Promise.resolve(network.plane.containers().some(({ start }) => start.pod === 'mcp-typescript-api-green-unready'));
  await until(runs, Boolean);
  expect((await names()).has('mcp-typescript-api-green-unready')).toBe(false);
  const release = await levers.pull('gateway.serve-unready');
  await until(names, (seen) => seen.has('mcp-typescript-api-green-unready'));
  expect((await names()).size).toBe(3);
  await release();
  await until(names, (seen) => !seen.has('mcp-typescript-api-green-unready'));
  expect((await names()).size).toBe(2);
  await network.plane.remove(pods, { name: 'mcp-typescript-api-green-unready', namespace: NAMESPACE });
});

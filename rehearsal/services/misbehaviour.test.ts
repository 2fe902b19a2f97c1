import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LeverArguments } from '../../fixtures/rehearsal-client/control-protocol.ts';
import { SERVICES } from '../topology.ts';
import { createShare, MISBEHAVIOURS, type MisbehaviourName } from './frame/misbehaviour.ts';
import {
  JWT_SECRET,
  PASSWORDS,
  sha256,
  testServices,
  untilStatus,
  type ServiceKey,
  type TestServices,
} from './testing.ts';

let services: TestServices;
let ask: TestServices['ask'];
let token: string;
const tried = new Set<MisbehaviourName>();

beforeAll(async () => {
  services = await testServices();
  ask = services.ask;
  token = services.tokens.user;
}, 60_000);
afterAll(() => services.close());

/** Looks before, while and after a service misbehaves: the answer must be the same before and after, and another one meanwhile. */
async function compare<T>(
  as: MisbehaviourName,
  service: ServiceKey,
  look: () => Promise<T>,
  more: LeverArguments = {},
): Promise<{ readonly well: T; readonly broken: T; readonly healed: T }> {
  tried.add(as);
  const well = await look();
  const release = await services.stores.context.levers.pull('service.misbehave', {
    app: SERVICES[service].app,
    as,
    ...more,
  });
  const broken = await look();
  await release();
  return { well, broken, healed: await look() };
}
const status = (path: string, asked?: Parameters<TestServices['ask']>[1], service?: ServiceKey): Promise<number> =>
  ask(path, asked, service).then(
    (answer) => answer.status,
    () => 0,
  );

const login = (username: string, password: string): Promise<number> =>
  status('/auth/login', { json: { username, password } });

/** A token of the service's own key, whose claims are as it gives them but for these. */
function signed(change: Readonly<Record<string, unknown>>): string {
  const [header = '', payload = ''] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  const text = `${header}.${Buffer.from(JSON.stringify({ ...claims, ...change })).toString('base64url')}`;
  return `${text}.${createHmac('sha256', JWT_SECRET).update(text).digest('base64url')}`;
}
const me = (change: Readonly<Record<string, unknown>>) => (): Promise<number> =>
  status('/api/v1/me', { token: signed(change) });

test.each<readonly [MisbehaviourName, ServiceKey, () => Promise<unknown>, unknown, unknown]>([
  ['unhealthy', 'rustServer', () => status('/health', {}, 'rustServer'), 200, 503],
  ['errors', 'typescriptApi', () => status('/api/v1/items'), 200, 500],
  ['drop', 'typescriptApi', () => status('/api/v1/items'), 200, 0],
  ['login-accepts-anyone', 'typescriptApi', () => login('eve', 'guess'), 401, 200],
  ['login-refuses-everyone', 'typescriptApi', () => login('ann', PASSWORDS.user), 200, 401],
  ['accepts-any-token', 'typescriptApi', () => status('/api/v1/me', { token: 'rubbish' }), 401, 200],
  ['accepts-expired', 'typescriptApi', me({ exp: 1 }), 401, 200],
  ['accepts-not-yet-valid', 'typescriptApi', me({ nbf: 32_503_680_000 }), 401, 200],
  ['accepts-other-audience', 'typescriptApi', me({ aud: 'others' }), 401, 200],
  ['accepts-other-issuer', 'typescriptApi', me({ iss: 'others' }), 401, 200],
  [
    'maintenance',
    'typescriptApi',
    async () => {
      const answer = await ask('/api/v1/items');
      return [answer.status, answer.headers.get('content-type')];
    },
    [200, 'application/json; charset=utf-8'],
    [200, 'text/html; charset=utf-8'],
  ],
  ['refuse-admin-check', 'typescriptApi', () => status('/api/v1/admin/stats', { token }), 403, 200],
  ['admin-refused', 'typescriptApi', () => status('/api/v1/admin/stats', { token: services.tokens.admin }), 200, 403],
  [
    'accepts-bad-input',
    'learningSystem',
    () => status('/api/v1/inference', { token, json: { features: ['x'] } }),
    400,
    200,
  ],
  [
    'wrong-inference',
    'learningSystem',
    async () => (await ask('/api/v1/inference', { token, json: { features: [5.1, 3.5, 1.4, 0.2] } })).body['label'],
    'setosa',
    'virginica',
  ],
  [
    'wrong-compute',
    'rustServer',
    async () => {
      const json = {
        operation: 'determinant',
        input: [
          [2, 0],
          [0, 3],
        ],
      };
      return (await ask('/api/v1/compute', { token, json })).body['result'];
    },
    6,
    7,
  ],
  [
    'forgets-writes',
    'typescriptApi',
    async () => {
      const created = await ask('/api/v1/items', { token, json: { name: 'kept' } });
      return [created.status, await status(created.headers.get('location') ?? '')];
    },
    [201, 200],
    [201, 404],
  ],
  [
    'forgets-files',
    'typescriptApi',
    async () => {
      await ask('/api/v1/files/kept', { method: 'PUT', token, raw: 'x' });
      return await status('/api/v1/files/kept', { token });
    },
    200,
    404,
  ],
  [
    'files-corrupt',
    'typescriptApi',
    async () => {
      await ask('/api/v1/files/whole', { method: 'PUT', token, raw: 'some content' });
      const got = await ask('/api/v1/files/whole', { token });
      return got.headers.get('etag') === `"${sha256(got.bytes)}"`;
    },
    true,
    false,
  ],
])('%s by %s', async (as, service, look, well, broken) => {
  expect(await compare(as, service, look)).toEqual({ well, broken, healed: well });
});

test('a stale list is shown until the misbehaviour ends, and no longer', async () => {
  const listed = async (): Promise<boolean> => {
    await ask('/api/v1/items?limit=100');
    await ask('/api/v1/items?limit=100');
    const { body } = await ask('/api/v1/items', { token, json: { name: 'listed' } });
    const list = (await ask('/api/v1/items?limit=100')).body['items'] as readonly { readonly id: number }[];
    await ask(`/api/v1/items/${String(body['id'])}`, { method: 'DELETE', token });
    return list.some(({ id }) => id === body['id']);
  };
  for (let id = 1; id <= 60; id += 1) await ask(`/api/v1/items/${id}`, { method: 'DELETE', token });
  expect(await compare('cache-stale', 'typescriptApi', listed)).toEqual({ well: true, broken: false, healed: true });
});

test('answers are made up where the learning system is out of reach, and nowhere else', async () => {
  const infer = () => status('/api/v1/inference', { token, json: { features: [5.1, 3.5, 1.4, 0.2] } });
  const { levers } = services.stores.context;
  const release = await levers.pull('service.misbehave', { app: SERVICES.learningSystem.app, as: 'drop' });
  expect(await compare('inference-made-up', 'typescriptApi', infer)).toEqual({ well: 502, broken: 200, healed: 502 });
  await release();
  expect(await infer()).toBe(200);
});

test('a stalled queue does no job, says nothing of it, and goes on when it ends', { timeout: 30_000 }, async () => {
  tried.add('queue-stalls');
  const release = await services.stores.context.levers.pull('service.misbehave', {
    app: 'mcp-learning-system',
    as: 'queue-stalls',
  });
  const submitted = await ask('/api/v1/jobs', { token, json: { payload: 'late' } });
  await new Promise((go) => setTimeout(go, 1500));
  const path = submitted.headers.get('location') ?? '';
  expect((await ask(path, { token })).body['status']).toBe('queued');
  expect(await status('/health', {}, 'learningSystem')).toBe(200);
  await release();
  for (let tries = 0; (await ask(path, { token })).body['status'] !== 'done'; tries += 1) {
    if (tries > 200) throw new Error('the job was never done');
    await new Promise((again) => setTimeout(again, 50));
  }
});

test('answers come late by what was asked, and probes are spared', async () => {
  const timed = async (path: string): Promise<number> => {
    const startedAt = performance.now();
    await ask(path);
    return performance.now() - startedAt;
  };
  /** Of several: a busy machine may be late once, a service that was asked to be late is so each time. */
  const soonest = async (path: string): Promise<number> => {
    const times: number[] = [];
    for (let asked = 0; asked < 5; asked += 1) times.push(await timed(path));
    return Math.min(...times);
  };
  const { broken, healed } = await compare('slow', 'typescriptApi', () => soonest('/api/v1/items'), { ms: 400 });
  expect(broken).toBeGreaterThan(395);
  expect(healed).toBeLessThan(broken - 100);
  const spared = await compare('slow', 'typescriptApi', () => soonest('/health'), { ms: 400 });
  expect(spared.broken).toBeLessThan(broken - 100);
});

test('a path is broken alone', async () => {
  const both = async (): Promise<readonly number[]> => [
    await status('/api/v1/items?limit=1'),
    await status('/api/v1/items/1'),
  ];
  const { well, broken } = await compare('errors', 'typescriptApi', both, { path: '/api/v1/items/' });
  expect(well).not.toContain(500);
  expect(broken).toEqual([well[0], 500]);
});

test('shares are exact', async () => {
  const share = createShare();
  expect(Array.from({ length: 100 }, () => share(0.1)).filter(Boolean)).toHaveLength(10);
  const { broken } = await compare(
    'errors',
    'typescriptApi',
    async () => {
      let failed = 0;
      for (let i = 0; i < 20; i += 1) if ((await status('/api/v1/items')) === 500) failed += 1;
      return failed;
    },
    { ratio: 0.25 },
  );
  expect(broken).toBe(5);
});

test('a service that is to burn and leak does both, and stops', { timeout: 20_000 }, async () => {
  const seen = async (): Promise<{ readonly cpu: number; readonly memory: number }> => {
    const read = async (name: string): Promise<number> => {
      const text = String((await ask('/metrics', {}, 'rustServer')).body['text']);
      return Number(new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1]);
    };
    const before = await read('process_cpu_seconds_total');
    await new Promise((go) => setTimeout(go, 1000));
    const cpu = (await read('process_cpu_seconds_total')) - before;
    return { cpu, memory: await read('process_resident_memory_bytes') };
  };
  const burning = await compare('burn-cpu', 'rustServer', seen, { share: 0.8 });
  expect(burning.broken.cpu).toBeGreaterThan(burning.well.cpu + 0.1);
  const leaking = await compare('leak-memory', 'rustServer', seen, { mb: 96 });
  expect(leaking.broken.memory).toBeGreaterThan(leaking.well.memory + 80 * 1024 * 1024);
  expect(leaking.healed.memory).toBeLessThan(leaking.broken.memory - 80 * 1024 * 1024);
});

test('logs fill with errors, or fall silent', async () => {
  const { namespace, pod, container } = services.pods.typescriptApi;
  const file = join(services.stores.context.dir, 'logs', `${namespace}_${pod}_${container}.log`);
  const lines = (): readonly string[] => readFileSync(file, 'utf8').trim().split('\n');
  const added = async (): Promise<readonly string[]> => {
    const before = lines().length;
    await login('ann', PASSWORDS.user);
    await new Promise((go) => setTimeout(go, 300));
    return lines().slice(before);
  };
  const noisy = await compare('log-errors', 'typescriptApi', added, { everyMs: 20 });
  expect(noisy.well.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  expect(noisy.broken.filter((line) => line.includes('"level":"error"')).length).toBeGreaterThan(5);
  const silent = await compare('silent-log', 'typescriptApi', added);
  expect([silent.well.length > 0, silent.broken, silent.healed.length > 0]).toEqual([true, [], true]);
});

test('the other colour is left alone, and what is no misbehaviour is refused', async () => {
  const { levers } = services.stores.context;
  const release = await levers.pull('service.misbehave', { app: 'mcp-rust-server', colour: 'green', as: 'unhealthy' });
  expect(await status('/health', {}, 'rustServer')).toBe(200);
  await release();
  await expect(levers.pull('service.misbehave', { app: 'mcp-rust-server', as: 'explode' })).rejects.toThrow(
    /as must be/,
  );
  await expect(levers.pull('service.misbehave', { app: 'nobody', as: 'slow' })).rejects.toThrow(/app must be one of/);
});

test('in the pods curl reaches the services by their names, and nothing outside', async () => {
  const health = await services.exec('typescriptApi', [
    'curl',
    '-fsS',
    'http://mcp-learning-system-service:8001/health',
  ]);
  expect([health.exitCode, JSON.parse(health.stdout) as unknown]).toMatchObject([0, { status: 'ok' }]);
  const own = await services.exec('typescriptApi', ['curl', '-fsS', 'http://localhost:3000/ready']);
  expect([own.exitCode, own.stdout]).toEqual([0, '{"ready":true,"draining":false}']);
  const missing = await services.exec('typescriptApi', [
    'curl',
    '-fsS',
    'http://mcp-learning-system-service:8001/nope',
  ]);
  expect(missing.exitCode).toBe(22);
  const outside = await services.exec('typescriptApi', ['curl', '-fsS', 'http://nowhere.test/']);
  expect([outside.exitCode, outside.stderr]).toEqual([6, 'curl: (6) Could not resolve host: nowhere.test\n']);
  expect((await services.exec('typescriptApi', ['curl', 'file:///etc/passwd'])).exitCode).not.toBe(0);
  expect((await services.exec('typescriptApi', ['env'])).exitCode).toBe(127);
});

test('an order that is charged less is answered and counted as any other', async () => {
  const { body: item } = await ask('/api/v1/items', { token, json: { name: 'ordered' } });
  const json = { item: Number(item['id']), quantity: 10 };
  const total = async (): Promise<unknown> => (await ask('/api/v1/orders', { json, token })).body['total'];
  const { well, broken, healed } = await compare('charges-less', 'typescriptApi', total);
  expect(healed).toBe(well);
  expect(Number(broken)).toBeCloseTo(Number(well) * 0.7, 1);
});

test('each misbehaviour was tried', async () => {
  expect(MISBEHAVIOURS.filter((name) => !tried.has(name))).toEqual([]);
  await untilStatus(() => ask('/health'), 200);
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import { testServices, type TestServices } from '../testing.ts';

let services: TestServices;
let ask: TestServices['ask'];
let token: string;

beforeAll(async () => {
  services = await testServices();
  ask = services.ask;
  token = services.tokens.user;
}, 60_000);
afterAll(() => services.close());

test('orders bring in what items cost, and are counted for users and the gate apart', async () => {
  const gate = { 'x-golive-traffic': 'gate' };
  const order = (json: object, headers = {}) => ask('/api/v1/orders', { json, token, headers });
  const one = await order({ item: 3, quantity: 2 });
  expect([one.status, one.body]).toMatchObject([201, { item: 3, quantity: 2, total: 52, currency: 'EUR' }]);
  await order({ item: 4 }, gate);
  await ask('/api/v1/inference', { json: { features: [5, 3, 1, 0] }, token, headers: gate });
  await ask('/api/v1/ratings', { json: { score: 4 }, token });
  const statuses = [];
  for (const json of [{ item: 'a' }, { item: 3, quantity: 0 }, { item: 999_999 }])
    statuses.push((await order(json)).status);
  statuses.push((await ask('/api/v1/ratings', { json: { score: 6 }, token })).status);
  statuses.push((await ask('/api/v1/orders', { json: { item: 3 } })).status);
  expect(statuses).toEqual([400, 400, 404, 400, 401]);
  const { body } = await ask('/metrics');
  const { body: learning } = await ask('/metrics', {}, 'learningSystem');
  for (const line of [
    'orders_total{client="user"} 1',
    'orders_total{client="golive"} 1',
    'revenue_euros_total{client="user"} 52',
    'ratings_total{score="4",client="user"} 1',
    'feature_uses_total{feature="inference",client="golive"} 1',
  ])
    expect(body['text']).toContain(`\n${line}\n`);
  // The services behind the API are told whose request it is.
  expect(learning['text']).toMatch(/route="\/v1\/predict",status="200",client="golive"\} [1-9]/);
});

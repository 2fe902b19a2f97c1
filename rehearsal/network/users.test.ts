/** The rehearsal's users over a server that only counts what they ask. */
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { testPlatform } from '../testing/platform.ts';
import { HOSTS } from '../topology.ts';
import { startUsers } from './users.ts';
import { USERS_PER_SECOND } from './users-per-second.ts';

const platform = testPlatform();
const asked = new Map<string, number>();
const scores: number[] = [];
const count = (what: string): number => asked.get(what) ?? 0;
/** What of the answers is wrong, and how long they take. */
let served = { status: 200, ms: 0 };
let server: Server;
let leave = (): void => undefined;

beforeAll(async () => {
  const { key, certificate: cert } = platform.context.authority.issue({
    commonName: HOSTS.public,
    dnsNames: [HOSTS.public],
  });
  server = createServer({ key, cert }, (request, response) => {
    const what = `${request.method ?? ''} ${(request.url ?? '').replace(/\d+$/, 'N')}`;
    asked.set(what, count(what) + 1);
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      if (what === 'POST /api/v1/ratings') scores.push((JSON.parse(body) as { readonly score: number }).score);
      const { status, ms } = served;
      setTimeout(() => {
        response.writeHead(what === 'POST /auth/login' ? 200 : status).end(JSON.stringify({ token: 'one' }));
      }, ms);
    });
  });
  await new Promise<void>((up) => server.listen(0, '127.0.0.1', up));
  const { port } = server.address() as AddressInfo;
  leave = startUsers(platform.context, { port }, { apiUser: 'ann', apiPassword: 'of no use elsewhere' }).stop;
});
afterAll(async () => {
  leave();
  server.closeAllConnections();
  server.close();
  await platform.close();
});

/** Until so many have rated since. */
async function untilRated(more: number): Promise<readonly number[]> {
  const from = scores.length;
  while (scores.length < from + more) await new Promise((again) => setTimeout(again, 20));
  return scores.slice(from);
}
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

it(
  'order, use features and rate as often as declared, in proportion to their sessions',
  { timeout: 30_000 },
  async () => {
    const good = await untilRated(6);
    expect(mean(good)).toBeGreaterThanOrEqual(4);
    const sessions = count('POST /auth/login');
    const { sessions: each } = USERS_PER_SECOND;
    // Those who are still at it have not done everything yet.
    for (const [path, perSecond] of [
      ['orders', USERS_PER_SECOND.orders],
      ['inference', USERS_PER_SECOND.inference],
      ['compute', USERS_PER_SECOND.compute],
    ] as const)
      expect(Math.abs(count(`POST /api/v1/${path}`) - (sessions * perSecond) / each)).toBeLessThan(8);
  },
);

it('who were served badly rate so', { timeout: 30_000 }, async () => {
  served = { status: 500, ms: 0 };
  await untilRated(2);
  expect(mean(await untilRated(4))).toBeLessThan(3);
  served = { status: 200, ms: 500 };
  await untilRated(4);
  expect(mean(await untilRated(4))).toBeLessThan(4);
  served = { status: 200, ms: 0 };
});

it('log in twice for as long as the lever is pulled', { timeout: 30_000 }, async () => {
  const release = await platform.context.levers.pull('users.log-in-twice');
  const before = { sessions: count('POST /auth/login'), lists: count('GET /api/v1/items?limit=N') };
  while (count('POST /auth/login') < before.sessions + 16) await new Promise((again) => setTimeout(again, 20));
  const lists = count('GET /api/v1/items?limit=N') - before.lists;
  expect(lists).toBeLessThanOrEqual(10);
  await release();
});

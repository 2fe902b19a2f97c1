/** What people are told of a run, and how it is sent. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Channel } from '../../checks/contract/notify.ts';
import { nodeHttp } from '../../checks/kit/testing/node-http.ts';
import { eventsOf } from './events.ts';
import type { RunSoFar } from './run-so-far.ts';
import { Sink } from './sink.ts';

const item = (id: string, phase: string, severity = 'critical') => ({ id, phase, severity });
const run = (over: Partial<RunSoFar>): RunSoFar =>
  ({
    runId: '20260115T115000000Z-1a2b3c4d',
    plan: {
      release: { name: 'shop', version: 'v1' },
      environment: { name: 'production' },
      items: [item('A', 'phase1'), item('B', 'phase1', 'minor'), item('C', 'phase2')],
    },
    outcomes: [],
    cutover: [],
    decision: null,
    history: null,
    ...over,
  }) as unknown as RunSoFar;
const names = (over: Partial<RunSoFar>): readonly string[] => eventsOf(run(over)).map(({ event }) => event);

it('tells of each phase once, and of the first failure that blocks', () => {
  const at = { startedAt: '2026-01-15T12:00:00Z' };
  const passed = { item: 'A', outcome: 'pass', message: '', ...at } as const;
  expect(names({ outcomes: [passed, { item: 'B', outcome: 'fail', message: 'minor', ...at }] })).toEqual([
    'phase-began',
  ]);
  const failed = eventsOf(run({ outcomes: [passed, { item: 'C', outcome: 'fail', message: 'C is down', ...at }] }));
  expect(failed.map(({ event }) => event)).toEqual(['phase-began', 'phase-began', 'no-go']);
  expect(failed.at(-1)?.text).toBe('C failed: C is down');
});

it('tells that signatures are missing, and of a GO', () => {
  const decided = { reasons: [], items: [], decidedAt: '2026-01-15T12:00:00Z', readiness: 'GO' } as const;
  expect(names({ decision: { ...decided, decision: 'HOLD' } })).toEqual(['sign-off-needed']);
  expect(names({ decision: { ...decided, decision: 'GO' } })).toEqual(['go']);
  expect(names({ decision: { ...decided, decision: 'HOLD', readiness: 'HOLD' } })).toEqual([]);
});

it('tells who decides in an emergency, once for each branch of the tree', () => {
  const taken = { event: 'emergency', at: '2026-01-15T12:00:00Z', ms: 1, value: 0.4, above: 0.3, weight: 25 } as const;
  const business = { ...taken, branch: 'Business impact', action: 'escalate', contact: 'Product Owner' } as const;
  const attack = { ...taken, branch: 'Security incident', action: 'stop', value: 2, above: 0 } as const;
  const told = eventsOf(run({ cutover: [business, attack, business] }));
  expect(told.map(({ event, contact }) => [event, contact])).toEqual([
    ['emergency', 'Product Owner'],
    ['emergency', undefined],
  ]);
  expect(told[0]?.text).toMatch(/^Business impact is 0\.4, above 0\.3, while 25 % .* Product Owner decides/);
  expect(told[1]?.text).toMatch(/No more traffic moves\. Look into it/);
});

/** Answers with these statuses, one after the other; the last one from then on. */
let statuses: number[] = [];
const bodies: string[] = [];
const server = createServer((request, response) => {
  request.on('data', (chunk: Buffer) => bodies.push(chunk.toString()));
  request.on('end', () => {
    const status = (statuses.length > 1 ? statuses.shift() : statuses[0]) ?? 200;
    response.writeHead(status).end(status === 200 ? 'ok' : 'no_service');
  });
});
beforeAll(() => new Promise<void>((ready) => void server.listen(0, '127.0.0.1', ready)));
afterAll(() => new Promise<void>((done) => void server.close(() => done())));

function sink(): Sink {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const channel: Channel = { type: 'slack-webhook', url, path: { from: 'env', name: 'HOOK' } };
  const mail = { send: () => Promise.reject(new Error('no mail here')) };
  return new Sink(
    'alerts',
    channel,
    { http: nodeHttp(), mail, now: new Date(), wait: () => Promise.resolve() },
    [1, 1],
  );
}
const event = { event: 'go', id: 'r-1-go', subject: 'GO', text: '2 < 3', severity: 'info' } as const;

it('tries again what could not be reached, and gives up in the end', async () => {
  statuses = [503, 503, 200];
  expect(await sink().send(event)).toMatchObject({ state: 'posted', attempts: 3 });
  expect(bodies.at(-1)).toContain('2 &lt; 3');
  statuses = [503];
  expect(await sink().send(event)).toMatchObject({ state: 'failed', attempts: 3 });
});

it('does not repeat what was refused', async () => {
  statuses = [404];
  expect(await sink().send(event)).toMatchObject({ state: 'refused', attempts: 1 });
});

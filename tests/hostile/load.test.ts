/** Answers that say 200 and are not the service's, under load: each is counted, whatever it is dressed as. */
import type { RequestListener } from 'node:http';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import type { ExpectedAnswer } from '../../checks/contract/load.ts';
import { runOpenLoad } from '../../fixtures/capabilities/load-open.ts';
import { runClosedLoad } from '../../fixtures/capabilities/load-run.ts';
import { targetOf } from '../../fixtures/capabilities/load-target.ts';
import { listenHttp, type TestServer } from '../harness/servers.ts';

const servers: TestServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
const session = { signal: new AbortController().signal, progress: () => undefined };
const EXPECT: ExpectedAnswer = {
  contentType: 'application/json',
  bodyIncludes: ['"items"'],
  schema: { type: 'object', required: ['items'], properties: { items: { type: 'array', minItems: 1 } } },
};
const MODELS = {
  open: (url: string, answers: ExpectedAnswer) =>
    runOpenLoad(
      { url, expect: answers, rate: 200, warmupMs: 0, durationMs: 200, timeoutMs: 1000, maxConnections: 20 },
      targetOf(new URL(url), undefined, undefined),
      session,
    ),
  closed: (url: string, answers: ExpectedAnswer) =>
    runClosedLoad({ url, expect: answers, connections: 3, warmupMs: 0, durationMs: 200 }, session),
};

const ITEMS = JSON.stringify({ items: [{ id: 1 }] });
const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
/** In pieces: neither the length nor the first packet tells what came. */
const chunked =
  (...texts: readonly string[]): RequestListener =>
  (_, response) => {
    response.writeHead(200, JSON_TYPE);
    for (const text of texts) response.write(text);
    response.end();
  };
const answer =
  (body: string | Buffer, headers: Readonly<Record<string, string>> = JSON_TYPE): RequestListener =>
  (_, response) => {
    response.writeHead(200, { ...headers, 'content-length': String(Buffer.byteLength(body)) }).end(body);
  };

const wrongAnswers: readonly (readonly [string, RequestListener, string | RegExp])[] = [
  ['a maintenance page', answer('<html>"items"</html>', { 'content-type': 'text/html' }), 'content type text/html'],
  ['without a type', answer(ITEMS, {}), 'content type none'],
  ['JSON that says maintenance', answer('{"status":"maintenance"}'), 'other text'],
  ['an empty list', answer('{"items":[]}'), /must NOT have fewer than 1 items/],
  ['half of the JSON', answer('{"items":[{"id":1}'), 'no JSON'],
  ['no body', answer(''), 'no body'],
  ['an empty list in chunks', chunked('{"ite', 'ms":', '[]}'), /fewer than 1 items/],
  [
    'packed otherwise than it says',
    answer('"items"', { ...JSON_TYPE, 'content-encoding': 'gzip' }),
    /gzip that does not/,
  ],
  ['packed in its own way', answer(ITEMS, { ...JSON_TYPE, 'content-encoding': 'x-own' }), /x-own that does not/],
];
const rightAnswers: readonly (readonly [string, RequestListener])[] = [
  ['with a length', answer(ITEMS)],
  ['in chunks', chunked('{"items"', ':[{"id":1', '}]}')],
  [
    'until the connection ends',
    (_, response) => void response.writeHead(200, { ...JSON_TYPE, connection: 'close' }).end(ITEMS),
  ],
  ['packed by gzip', answer(gzipSync(ITEMS), { ...JSON_TYPE, 'content-encoding': 'gzip' })],
  ['packed by brotli', answer(brotliCompressSync(ITEMS), { ...JSON_TYPE, 'content-encoding': 'br' })],
  ['another each time', (_, response) => void response.writeHead(200, JSON_TYPE).end(`{"items":[${Math.random()}]}`)],
];

describe.each(['open', 'closed'] as const)('%s model', (model) => {
  it.each(wrongAnswers)('%s: no answer counts', async (_, handler, how) => {
    const server = await listenHttp(handler);
    servers.push(server);
    const result = await MODELS[model](server.url, EXPECT);
    expect(result.statuses['2xx']).toBeGreaterThan(0);
    expect(result.wrong).toBe(result.statuses['2xx']);
    expect(Object.keys(result.wrongBy ?? {})).toEqual([expect.stringMatching(how)]);
  });
  it.each(rightAnswers)('%s: each answer counts', async (_, handler) => {
    const server = await listenHttp(handler);
    servers.push(server);
    const result = await MODELS[model](server.url, EXPECT);
    expect(result.statuses['2xx']).toBeGreaterThan(0);
    expect(result).toMatchObject({ wrong: 0, wrongBy: {} });
  });
  it('one in ten is found, though the others are good', async () => {
    let [seen, bad] = [0, 0];
    const server = await listenHttp((request, response) => {
      seen += 1;
      if (seen % 10 === 0) bad += 1;
      (seen % 10 === 0 ? answer('{"items":[]}') : answer(ITEMS))(request, response);
    });
    servers.push(server);
    const { wrong = 0 } = await MODELS[model](server.url, EXPECT);
    expect(wrong).toBeGreaterThan(0);
    expect(wrong).toBeLessThanOrEqual(bad);
    // Answers that were under way when the window ended count nowhere.
    expect(wrong).toBeGreaterThanOrEqual(bad * 0.9);
  });
});

it.each(['open', 'closed'] as const)('%s model: what has no body by design is no maintenance page', async (model) => {
  const [none, page] = [
    await listenHttp((_, response) => void response.writeHead(204).end()),
    await listenHttp(answer('soon')),
  ];
  servers.push(none, page);
  expect(await MODELS[model](none.url, { empty: true })).toMatchObject({ wrong: 0 });
  expect((await MODELS[model](page.url, { empty: true })).wrongBy).toEqual({ 'a body': expect.any(Number) as number });
});

it('what is never answered took at least as long as it was waited for', async () => {
  let seen = 0;
  const server = await listenHttp((_, response) => {
    seen += 1;
    if (seen % 5 !== 0) response.end('ok');
  });
  servers.push(server);
  const { latencies } = await runOpenLoad(
    { url: server.url, rate: 200, warmupMs: 0, durationMs: 500, timeoutMs: 300, maxConnections: 100 },
    targetOf(new URL(server.url), undefined, undefined),
    session,
  );
  expect(latencies.ofIntended?.find(([p]) => p === 90)).toEqual([90, null]);
  const least = new Map(latencies.atLeast).get(90) ?? 0;
  expect(least).toBeGreaterThanOrEqual(300_000);
});

/** A name with several addresses, of which one serves something else: half of the users see it. */
import { createServer, type Server } from 'node:http';
import { afterEach, expect, it } from 'vitest';
import { httpEndpoint } from '../../checks/traffic/http-endpoint/check.ts';
import type { HttpRequest } from '../../checks/contract/http.ts';
import { testContext } from '../../checks/kit/testing/cases.ts';
import { validateParams } from '../../checks/kit/params.ts';
import { nodeHttp } from '../../checks/kit/testing/node-http.ts';

const servers: Server[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));

async function serveAt(address: string, port: number, version: string): Promise<number> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'x-version': version, connection: 'close' }).end('{}');
  });
  servers.push(server);
  await new Promise<void>((listening) => server.listen(port, address, listening));
  const bound = server.address();
  return typeof bound === 'object' && bound ? bound.port : 0;
}

/** Judges the endpoint whose name has these addresses; requests go where the check sends them. */
async function judged(port: number, addresses: readonly string[], samples = 1) {
  const validated = validateParams(httpEndpoint, {
    endpoint: { url: `http://shop.test:${port}` },
    requests: [{ path: '/', headers: { 'x-version': '^v2$' }, samples }],
  });
  if (!validated.ok) throw new Error(JSON.stringify(validated.errors));
  const client = nodeHttp();
  const http = {
    request: async ({ address = addresses[0] ?? '', url, tellAddresses, ...request }: HttpRequest) => {
      const answer = await client.request({ ...request, url: url.replace('shop.test', address) });
      return tellAddresses ? { ...answer, addresses } : answer;
    },
  };
  const context = testContext('2026-01-15T12:00:00Z');
  const gathered = await httpEndpoint.gather(validated.params, { http } as never, context);
  return httpEndpoint.judge(validated.params, gathered, context);
}

it.each([
  ['127.0.0.1', '127.0.0.2'],
  ['127.0.0.2', '127.0.0.1'],
])('fails where %s is right and the other is old', async (good, old) => {
  const port = await serveAt(good, 0, 'v2');
  await serveAt(old, port, 'v1');
  const verdict = await judged(port, ['127.0.0.1', '127.0.0.2']);
  expect(verdict).toMatchObject({
    outcome: 'fail',
    findings: [
      {
        id: 'wrongHeader',
        subject: {
          name: `GET /${old === '127.0.0.1' ? '' : ` at ${old}`} (${old === '127.0.0.1' ? 2 : 1} of 3 answers)`,
        },
      },
    ],
  });
});

it('fails where one of them is down, and passes where all are right', async () => {
  const port = await serveAt('127.0.0.1', 0, 'v2');
  expect(await judged(port, ['127.0.0.1', '127.0.0.2'])).toMatchObject({
    outcome: 'fail',
    findings: [{ id: 'noAnswer' }],
  });
  await serveAt('127.0.0.2', port, 'v2');
  expect(await judged(port, ['127.0.0.1', '127.0.0.2'], 3)).toMatchObject({ outcome: 'pass' });
});

import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HttpRequest } from '../../contract/http.ts';
import { ObservationError } from '../../kit/kind.ts';
import { validateParams } from '../../kit/params.ts';
import { testContext } from '../../kit/testing/cases.ts';
import { nodeHttp } from '../../kit/testing/node-http.ts';
import { journey } from './check.ts';
import { masked, valueAt } from './saved-values.ts';

const TOKEN = 'token-of-the-test-0123456789';

/** A shop with a login and items, and the ways it can be wrong. */
class Shop {
  readonly items = new Map<number, string>();
  forgets = false;
  hangs = false;
  refusesDelete = false;
  colour = 'blue';
  type = 'application/json';
  pollsUntilDone = 3;
  #polls = 0;
  #server!: http.Server;
  url = '';

  async start(): Promise<void> {
    this.#server = http.createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += String(chunk)));
      request.on('end', () => {
        const [status, answer] = this.#answer(request, body);
        if (this.hangs && request.method === 'GET') return;
        response.writeHead(status, { 'content-type': this.type, 'x-colour': this.colour });
        response.end(JSON.stringify(answer));
      });
    });
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer({ method, url = '', headers }: http.IncomingMessage, body: string): [number, unknown] {
    if (url === '/login') return [200, { token: TOKEN }];
    if (headers.authorization !== `Bearer ${TOKEN}`) return [401, {}];
    const id = Number(url.split('/')[2]);
    if (method === 'POST') {
      this.items.set(7, (JSON.parse(body) as { name: string }).name);
      return [201, { id: 7 }];
    }
    if (method === 'DELETE') return this.refusesDelete ? [500, {}] : [this.items.delete(id) ? 204 : 404, {}];
    if (url === '/items') return [200, { items: [...this.items].map(([key, name]) => ({ id: key, name })) }];
    if (this.forgets || !this.items.has(id)) return [404, {}];
    return [200, { id, name: this.items.get(id), status: ++this.#polls >= this.pollsUntilDone ? 'done' : 'queued' }];
  }
}

const shop = new Shop();
beforeEach(async () => {
  Object.assign(shop, new Shop());
  await shop.start();
});
afterEach(() => shop.stop());

const item = {
  type: 'object',
  required: ['id', 'name'],
  properties: { id: { const: '{{id}}' }, name: { const: '{{nonce}}' } },
};
const bearer = '{{token}}';
function paramsFor(over: object = {}): object {
  const validated = validateParams(journey, {
    endpoint: { url: shop.url },
    everyAnswer: { headers: { 'X-Colour': '^blue$' } },
    stepTimeout: '300ms',
    steps: [
      { name: 'log in', method: 'POST', path: '/login', json: { password: 'x' }, save: { token: 'token' } },
      {
        name: 'create',
        method: 'POST',
        path: '/items',
        json: { name: '{{nonce}}' },
        bearer,
        expect: { status: 201 },
        save: { id: 'id' },
      },
      { name: 'read', path: '/items/{{id}}', bearer, expect: { schema: item } },
      {
        name: 'listed',
        path: '/items',
        bearer,
        expect: { schema: { type: 'object', properties: { items: { type: 'array', contains: item } } } },
      },
      {
        name: 'done',
        path: '/items/{{id}}',
        bearer,
        expect: { schema: { type: 'object', properties: { status: { const: 'done' } } } },
        until: { timeout: '500ms', interval: '10ms' },
      },
      { name: 'delete', method: 'DELETE', path: '/items/{{id}}', bearer, expect: { status: 204 } },
      { name: 'gone', path: '/items/{{id}}', bearer, expect: { status: 404 } },
    ],
    cleanup: [{ name: 'remove', method: 'DELETE', path: '/items/{{id}}', bearer }],
    ...over,
  });
  if (!validated.ok) throw new Error(JSON.stringify(validated.errors));
  return validated.params;
}

async function walked(over: object = {}) {
  const params = paramsFor(over);
  const context = {
    ...testContext('2026-01-15T12:00:00Z'),
    wait: (ms: number) => new Promise<void>((done) => setTimeout(done, ms)),
  };
  const gathered = await journey.gather(params, { http: nodeHttp() } as never, context);
  const judgement = journey.judge(params, gathered, context);
  const texts = judgement.outcome === 'fail' ? judgement.findings.map(({ says }) => says) : [];
  return { gathered, judgement, texts };
}

describe('against a server', () => {
  it('walks to the end, waits for what takes time, leaves nothing and records no token', async () => {
    const { gathered, judgement } = await walked();
    expect(judgement).toMatchObject({ outcome: 'pass' });
    expect(judgement).toHaveProperty('subjects.length', 7);
    expect(shop.items.size).toBe(0);
    expect(JSON.stringify([gathered, judgement])).not.toContain(TOKEN);
  });

  it('fails where JSON calls itself a page, as its clients parse it by its type', async () => {
    shop.type = 'text/html';
    const { texts } = await walked();
    expect(texts).toEqual([expect.stringContaining('header content-type is text/html') as string]);
  });

  it('fails where a write is forgotten, and cleans up', async () => {
    shop.forgets = true;
    const { texts } = await walked();
    expect(texts).toEqual(['Step "read": GET /items/{{id}} answered 404, expected 200.']);
    expect(shop.items.size).toBe(0);
  });

  it('fails where another deployment answers well', async () => {
    shop.colour = 'green';
    const { texts } = await walked();
    expect(texts[0]).toContain('header X-Colour is green, expected ^blue$ of every answer');
  });

  it('fails where something is never done, after its time', async () => {
    shop.pollsUntilDone = 100_000;
    const { texts } = await walked();
    expect(texts[0]).toMatch(/^Step "done": GET .* \/status must be equal to constant at the last of \d+ tries/);
    expect(shop.items.size).toBe(0);
  });

  it('fails where the service hangs, in the words of the step', async () => {
    shop.hangs = true;
    const { texts } = await walked();
    expect(texts[0]).toMatch(/^Step "read": GET \/items\/\{\{id\}\} got no answer/);
    expect(shop.items.size).toBe(0);
  });

  it('counts the total time, and cleans up all the same', async () => {
    shop.pollsUntilDone = 100_000;
    const { judgement } = await walked({ totalTimeout: '300ms' });
    expect(judgement).toMatchObject({ outcome: 'fail' });
    expect(JSON.stringify(judgement)).toContain('outOfTime');
    expect(shop.items.size).toBe(0);
  });

  it('tells what it could not clean up, by its marker', async () => {
    shop.refusesDelete = true;
    const { gathered, texts } = await walked();
    expect(texts).toHaveLength(2);
    expect(texts[1]).toContain('DELETE /items/{{id}} answered 500');
    expect([...shop.items.values()]).toEqual([(gathered as { nonce: string }).nonce]);
  });

  it('cleans up where a step could not be made at all', async () => {
    const client = nodeHttp();
    const request = async (asked: HttpRequest) => {
      if (asked.url.endsWith('/items') && asked.method === 'GET')
        throw new ObservationError('tls', 'the certificate is not trusted');
      return await client.request(asked);
    };
    const context = testContext('2026-01-15T12:00:00Z');
    await expect(journey.gather(paramsFor(), { http: { request } } as never, context)).rejects.toThrow('not trusted');
    expect(shop.items.size).toBe(0);
  });
});

describe('saved values', () => {
  it('are masked in texts, and are texts, numbers or truth values', () => {
    expect(masked('is abcdef', new Map([['token', 'abcdef']]))).toBe('is {{token}}');
    expect(valueAt({ items: [{ id: 3 }] }, 'items.0.id')).toBe(3);
    expect(valueAt({ id: { deep: 1 } }, 'id')).toBeUndefined();
    expect(valueAt({ id: '' }, 'id')).toBeUndefined();
  });
});

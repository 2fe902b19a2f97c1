import { createHash } from 'node:crypto';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { validateParams } from '../../kit/params.ts';
import { testContext } from '../../kit/testing/cases.ts';
import { nodeHttp } from '../../kit/testing/node-http.ts';
import { fileRoundTrip } from './check.ts';

const TOKEN = 'token-of-the-test-0123456789';

/** A file storage in memory, and what may be wrong with it. */
interface Mistake {
  readonly corrupts?: boolean;
  readonly keepsFirst?: boolean;
  readonly keepsRemoved?: boolean;
  readonly takesPaths?: boolean;
  readonly hangsOn?: string;
}
let mistake: Mistake = {};
const files = new Map<string, string>();
let server: http.Server;
let url = '';

function answer(request: http.IncomingMessage, body: string): [number, string] {
  if (request.url === '/auth/login') return [200, JSON.stringify({ token: TOKEN })];
  if (request.headers.authorization !== `Bearer ${TOKEN}`) return [401, '{}'];
  const name = decodeURIComponent((request.url ?? '').slice('/api/v1/files/'.length));
  if (/[/\\]/.test(name) && !mistake.takesPaths) return [400, '{}'];
  const stored = files.get(name);
  if (request.method === 'PUT') {
    if (stored === undefined || !mistake.keepsFirst) files.set(name, mistake.corrupts ? body.slice(0, -1) : body);
    return [201, ''];
  }
  if (stored === undefined) return [404, '{}'];
  if (request.method === 'DELETE') {
    if (!mistake.keepsRemoved) files.delete(name);
    return [204, ''];
  }
  return [200, stored];
}

beforeEach(async () => {
  mistake = {};
  files.clear();
  server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += String(chunk)));
    request.on('end', () => {
      if (request.method === mistake.hangsOn) return;
      const [status, text] = answer(request, body);
      const etag = createHash('sha256')
        .update(request.method === 'PUT' ? body : text)
        .digest('hex');
      response.writeHead(status, { etag: `"${etag}"` }).end(status === 204 ? undefined : text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function tried(wrong: Mistake = {}) {
  mistake = wrong;
  const validated = validateParams(fileRoundTrip, {
    endpoint: { url },
    login: { credential: { username: 'gate', password: { from: 'env', name: 'GATE_PASSWORD' } } },
    etag: 'sha256',
  });
  if (!validated.ok) throw new Error(JSON.stringify(validated.errors));
  const context = testContext('2026-01-15T12:00:00Z');
  const gathered = await fileRoundTrip.gather(validated.params, { http: nodeHttp() } as never, context);
  const judgement = fileRoundTrip.judge(validated.params, gathered, context);
  return judgement.outcome === 'fail' ? judgement.findings.map(({ says }) => says) : judgement;
}

describe('against a server', () => {
  it('passes one that keeps files, and leaves none behind', async () => {
    const judgement = await tried();
    expect(judgement).toMatchObject({ outcome: 'pass' });
    expect(JSON.stringify(judgement)).not.toContain(TOKEN);
    expect(files.size).toBe(0);
  });

  it('fails one that loses the last byte', async () => {
    expect(await tried({ corrupts: true })).toEqual([
      expect.stringMatching(/\(read\) answered 65535 bytes \(sha256 \w+…\), expected 65536 bytes/),
    ]);
    expect(files.size).toBe(0);
  });

  it('fails one that keeps what was overwritten', async () => {
    expect(await tried({ keepsFirst: true })).toEqual([expect.stringContaining('(read again) answered 65536 bytes')]);
  });

  it('fails one that keeps what was removed, and tells what is left', async () => {
    expect(await tried({ keepsRemoved: true })).toEqual([
      expect.stringContaining('answered 200 after it was removed, expected 404'),
      expect.stringContaining('is still there'),
    ]);
  });

  it('fails one that takes a path for a name, and removes what it wrote there', async () => {
    const texts = await tried({ takesPaths: true });
    expect(texts).toHaveLength(2);
    expect(texts).toContainEqual(expect.stringMatching(/PUT \S+\.\.%2f\S+ answered 201, expected it to be refused/));
    expect(files.size).toBe(0);
  });

  it('fails one that does not answer in time', async () => {
    const texts = await tried({ hangsOn: 'GET' });
    expect(texts).toContainEqual(expect.stringContaining('gave no answer when asked to read'));
  });
});

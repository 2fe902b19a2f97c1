import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { validateParams } from '../../kit/params.ts';
import { testContext } from '../../kit/testing/cases.ts';
import { nodeHttp } from '../../kit/testing/node-http.ts';
import { authorization } from './check.ts';

let checksRole = true;
/** How the router of the service reads a request, which its check does not. */
let routes = ({ url = '' }: http.IncomingMessage): string => url;
/** What the check looks at. */
let checks = (request: http.IncomingMessage): boolean => request.url === '/admin';
let server: http.Server;
let url = '';

/** Tokens are the user's name, so that the test can see that none is recorded. */
function statusOf(request: http.IncomingMessage): number {
  const user = /^Bearer token-of-(\w+)$/.exec(request.headers.authorization ?? '')?.[1];
  const path = routes(request);
  if (path !== '/admin' && path !== '/me') return 404;
  if (user === undefined) return 401;
  return checks(request) && user !== 'root' && checksRole ? 403 : 200;
}

beforeEach(async () => {
  checksRole = true;
  routes = ({ url: path = '' }) => path;
  checks = (request) => request.url === '/admin';
  server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += String(chunk)));
    request.on('end', () => {
      if (request.url === '/auth/login')
        response.end(JSON.stringify({ token: `token-of-${(JSON.parse(body) as { username: string }).username}` }));
      else response.writeHead(statusOf(request)).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function tried() {
  const password = { from: 'env', name: 'GATE_PASSWORD' };
  const validated = validateParams(authorization, {
    endpoint: { url },
    subjects: [
      { name: 'user', credential: { username: 'gate', password } },
      { name: 'admin', credential: { username: 'root', password } },
    ],
    rules: [
      { path: '/admin', allowed: ['admin'], denied: ['user', 'anonymous'] },
      { path: '/me', allowed: ['user'], denied: ['anonymous'] },
    ],
  });
  if (!validated.ok) throw new Error(JSON.stringify(validated.errors));
  const context = testContext('2026-01-15T12:00:00Z');
  const gathered = await authorization.gather(validated.params, { http: nodeHttp() } as never, context);
  return { gathered, judgement: authorization.judge(validated.params, gathered, context) };
}

describe('against a server', () => {
  it('passes one that checks roles, and keeps no token', async () => {
    const { gathered, judgement } = await tried();
    expect(judgement).toMatchObject({ outcome: 'pass', subjects: { length: 5 } });
    expect(JSON.stringify([gathered, judgement])).not.toContain('token-of');
  });

  it.each<[string, typeof routes, string]>([
    ['case', ({ url: path = '' }) => path.toLowerCase(), 'GET /ADMIN'],
    ['a slash more', ({ url: path = '' }) => path.replace(/\/$/, ''), 'GET /admin/'],
    ['doubled slashes', ({ url: path = '' }) => path.replace(/^\/+/, '/'), 'GET //admin'],
    ['encoding', ({ url: path = '' }) => decodeURIComponent(path), 'GET /%61dmin'],
    ['path parameters', ({ url: path = '' }) => path.replace(/;.*/, ''), 'GET /admin;golive=1'],
  ])('fails one whose check does not know what the router does with %s', async (_, how, request) => {
    routes = how;
    const { judgement } = await tried();
    const found = { id: 'wayRound', subject: { name: 'Subject "user"' }, data: { request, refused: 'GET /admin' } };
    expect(judgement).toMatchObject({ outcome: 'fail', findings: [found] });
  });

  it('fails one that checks GET alone', async () => {
    checks = ({ method, url: path }) => method === 'GET' && path === '/admin';
    expect((await tried()).judgement).toMatchObject({
      outcome: 'fail',
      findings: [{ data: { request: 'HEAD /admin' } }],
    });
  });

  it('passes one that answers every path it does not know', async () => {
    routes = ({ url: path = '' }) => (path === '/admin' ? path : '/me');
    expect((await tried()).judgement).toMatchObject({ outcome: 'pass' });
  });

  it('fails one that lets every user administer', async () => {
    checksRole = false;
    const { judgement } = await tried();
    expect(judgement).toMatchObject({
      outcome: 'fail',
      findings: [
        { id: 'notDenied', subject: { name: 'Subject "user"' }, data: { request: 'GET /admin', status: 200 } },
      ],
    });
  });
});

describe('params', () => {
  it('refuse a POST that nobody vouches for, and a rule without a positive control', () => {
    const subjects = [{ name: 'user', credential: { username: 'gate', password: { from: 'env', name: 'X' } } }];
    const check = (rule: object) =>
      validateParams(authorization, { endpoint: { url: 'http://shop.test' }, subjects, rules: [rule] }).ok;
    expect(check({ path: '/a', allowed: ['user'], denied: ['anonymous'] })).toBe(true);
    expect(check({ path: '/a', allowed: [], denied: ['anonymous'] })).toBe(false);
    expect(check({ method: 'POST', path: '/a', allowed: ['user'], denied: ['anonymous'] })).toBe(false);
  });
});

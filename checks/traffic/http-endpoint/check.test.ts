import { describe, expect, it } from 'vitest';
import { validateParams } from '../../params.ts';
import { runCases } from '../../testing/run-cases.ts';
import { httpEndpoint } from './check.ts';

runCases(import.meta.url);

describe('params', () => {
  const endpoint = { url: 'http://shop.test' };
  it('refuse a POST that nobody vouches for: the kind is read-only', () => {
    const request = { method: 'POST', path: '/items' };
    expect(validateParams(httpEndpoint, { endpoint, requests: [request] })).toMatchObject({ ok: false });
    expect(validateParams(httpEndpoint, { endpoint, requests: [{ ...request, changesNothing: true }] }).ok).toBe(true);
  });
});

import { describe, expect, it } from 'vitest';
import { hideCredentials } from './credentials.ts';
import { CANARIES } from './testing/canaries.ts';

describe('what looks like a credential is hidden', () => {
  it.each(Object.entries(CANARIES))('%s', (_, { text, secret }) => {
    for (const around of [text, `before ${text} after`, `"${text}",`, `(${text})`, `a\n${text}\nb`]) {
      const hidden = hideCredentials(around);
      expect(hidden).not.toContain(secret);
      expect(hidden).toContain('[redacted]');
      expect(hideCredentials(hidden)).toBe(hidden);
    }
    const json = JSON.stringify({ before: 1, text, after: 2 });
    expect(hideCredentials(json)).not.toContain(JSON.stringify(secret).slice(1, -1));
    expect(JSON.parse(hideCredentials(json))).toMatchObject({ before: 1, after: 2 });
  });
});

it.each([
  'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  'ghcr.io/codepr/server:v1.0.0@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  'commit 1a2b3c4d5e6f708192a3b4c5d6e7f80912a3b4c5',
  'Secret mcp-production/db-credentials-v2: key password: expected at least 16 characters',
  'secret: mcp-production/db-credentials-v2',
  'token: expected a value, found nothing',
  'secretName: mcp-tls-2026-11',
  'Basic authentication is required; Bearer authentication is refused',
  'password: must be set by the operator',
  'https://api.mcp.test:8443/health?x=1 answered 503',
  'https://grafana.example/d/abc123/overview?orgId=1',
  'https://host.example/users/ada@example.org',
  'mail to ada@example.org',
  'pod mcp-blue-7d9f8b6c5d-x2x4z on node ip-10-0-12-34.eu-west-1.compute.internal',
  'uid 5f0c1f5e-6a1b-4f5c-9a65-1f4c3f1f2a77',
  'traceparent 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  'spki fJ8Qm0o5cLq9o1XwJxVnUu3z4v5w6x7y8z9A0B1C2D3=',
  'tokenTTL: 3600s, passwordAgeDays: 90, keyPressed = true',
  'rate(http_requests_total{service="checkout"}[5m])',
  '/apis/apps/v1/namespaces/mcp-production/deployments/mcp-blue',
  'postgres://db.mcp.test:5432/mcp',
  'https://${USER}:${PASSWORD}@db.example',
  '/api/v1/namespaces/mcp/services/payment-service-v2-eu-west-1/proxy',
  'https://shop.example/webhooks/payment-service-v2-eu-west-1',
  'https://hooks.mcp.test:8443/',
  'https://hooks.mcp.test/v1/health-check',
  'docker-pullable://ghcr.io/org/api@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  'docker-pullable://ghcr.io:5000/org/api:v1@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
  'GET http://127.0.0.1:8080/x?token=…: connection refused',
  'password: { from: env, name: GOLIVE_PASSWORD }',
])('%s stays', (text) => {
  expect(hideCredentials(text)).toBe(text);
});

it.each([
  'password=',
  'a://b:',
  'Bearer ',
  '-----BEGIN PRIVATE KEY-----',
  'eyJabcdef.',
  '-eyJa',
  'Bearer a-',
  'a:/',
  'SG.',
  'xoxb-',
  '/hooks/',
  'name: X_TOKEN\n',
  'token',
  '@',
  'a.',
  'x-',
  '"',
])('a long text of %j takes a time that grows with it', (piece) => {
  const ms = (count: number): number => {
    const text = piece.repeat(count);
    const started = process.cpuUsage().user;
    hideCredentials(text);
    return (process.cpuUsage().user - started) / 1000;
  };
  ms(1000);
  expect(ms(32_000)).toBeLessThan(40 * Math.max(10, ms(4000)));
});

import { expect, it } from 'vitest';
import { readMarkdown } from './markdown.ts';
import { claims, domainsOf, names, present } from './names.ts';

const passages = (text: string) => readMarkdown('a.md', text).passages;
const named = (text: string, name: string): boolean => names(passages(text), name);
const claimed = (text: string, domains: readonly string[] = []) =>
  claims(passages(text), domains).map(({ kind, name }) => `${kind} ${name}`);

it.each([
  ['the `api` answers', 'api', true],
  ['the api answers', 'api', false],
  ['`api-green`', 'api', false],
  ['`old-api`', 'api', false],
  ['`redis.conf`', 'redis', false],
  ['`redis.shop.svc`', 'redis', true],
  ['the mcp-api, too.', 'mcp-api', true],
  ['It is mcp-api.', 'mcp-api', true],
  ['see api.example.com/items', 'api.example.com', true],
  ['see https://api.example.com:8443/', 'api.example.com', true],
  ['see old-api.example.com', 'api.example.com', false],
  ['see api.example.com.evil.test', 'api.example.com', false],
  ['<!-- mcp-api -->', 'mcp-api', false],
])('%s names %s: %s', (text, name, expected) => {
  expect(named(text, name)).toBe(expected);
});

it.each([
  ['The Deployments `a`, `b` and `c`', ['Deployment a', 'Deployment b', 'Deployment c']],
  ['the `a` Service', ['Service a']],
  ['| Deployment |\n|---|\n| `a`, `b` |', ['Deployment a', 'Deployment b']],
  ['| Service |\n|---|\n| Payments |\n| `none` |', []],
  ['`kubectl rollout status deployment/a -n shop`', ['Deployment a']],
  ['`kubectl get svc a`', ['Service a']],
  ['`kubectl apply -f deploy/production.yaml`', []],
  ['`kubectl get deployments -n shop`', []],
  ['`kubectl get deploy -l app=x`', []],
  ['see services/api and deploy/prod', []],
  ['`a.shop.svc.cluster.local:80`', ['Service a']],
  ['Services are small', []],
])('%s', (text, expected) => {
  expect(claimed(text)).toEqual(expected);
});

it('takes labels of diagrams for names, and words for people not', () => {
  const diagram = '```mermaid\nflowchart LR\n  u([users]) --> a[mcp-api]\n  a -->|uses the pool| b[(my-cache)]\n```';
  expect(claimed(diagram)).toEqual(['Thing mcp-api', 'Thing my-cache']);
});

it('takes hosts of the platform’s domain for hosts, and addresses of people not', () => {
  expect(domainsOf(['api.shop.test', 'shop.test', 'a.b.example.co.uk'])).toEqual(['shop.test', 'b.example.co.uk']);
  expect(claimed('beta.shop.test, ops@mail.shop.test, shop.test, other.test', ['shop.test'])).toEqual([
    'Host beta.shop.test',
  ]);
});

it('does not read sections about the past', () => {
  const document = { passages: passages('# A\n\n## Retired\n\nDeployment `old`\n\n## Now\n\nDeployment `a`\n') };
  expect(claims(present(document, ['retired']), []).map(({ name }) => name)).toEqual(['a']);
});

import { expect, it } from 'vitest';
import { readDescription } from './openapi.ts';

const description = (paths: object, more: object = {}) =>
  JSON.stringify({ openapi: '3.1.0', info: { title: 'a', version: '1' }, paths, ...more });
const ok = { responses: { 200: { description: 'fine' } } };

it('puts the base path of the nearest server in front, its variables filled in', async () => {
  const servers = [{ url: 'https://{host}/{base}/', variables: { host: { default: 'a' }, base: { default: 'v1' } } }];
  const paths = { '/a': { get: ok }, '/b': { servers: [{ url: '/other' }], get: ok } };
  const { operations } = await readDescription(description(paths, { servers }));
  expect(operations.map(({ method, path, example }) => [method, path, example])).toEqual([
    ['GET', '/v1/a', '/v1/a'],
    ['GET', '/other/b', '/other/b'],
  ]);
});

it('knows what needs a credential: an empty alternative lets everybody in', async () => {
  const paths = {
    '/a': { get: ok, post: { ...ok, security: [] }, put: { ...ok, security: [{ key: [] }, {}] } },
  };
  const more = {
    security: [{ key: [] }],
    components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
  };
  const { operations } = await readDescription(description(paths, more));
  expect(operations.map(({ method, isProtected }) => [method, isProtected])).toEqual([
    ['GET', true],
    ['POST', false],
    ['PUT', false],
  ]);
});

it('fills examples in, and says where there is none; what nobody has is no example', async () => {
  const id = { name: 'id', in: 'path', required: true, schema: { type: 'integer' } };
  const query = { name: 'q', in: 'query', required: true, example: 'a b', schema: { type: 'string' } };
  const paths = {
    '/a/{id}': { parameters: [{ ...id, example: 7 }], get: { ...ok, parameters: [query] } },
    '/b/{id}': { parameters: [id], get: ok },
  };
  const { operations, problems } = await readDescription(description(paths));
  expect(problems).toEqual([]);
  expect(operations.map(({ example, nobodys }) => [example, nobodys])).toEqual([
    ['/a/7?q=a%20b', '/a/0'],
    [null, '/b/0'],
  ]);
});

it('makes a JSON Schema of nullable in 3.0, and follows references within the document', async () => {
  const schema = { $ref: '#/components/schemas/A' };
  const paths = {
    '/a': { get: { responses: { 200: { description: '', content: { 'application/json': { schema } } } } } },
  };
  const components = { schemas: { A: { type: 'object', properties: { b: { type: 'string', nullable: true } } } } };
  const { operations } = await readDescription(description(paths, { openapi: '3.0.3', components }));
  expect(operations[0]?.schema).toEqual({
    type: 'object',
    properties: { b: { anyOf: [{ type: 'string' }, { type: 'null' }] } },
  });
});

it.each([
  ['no YAML', 'a: ['],
  ['something else', 'swagger: "2.0"'],
  ['another file', description({ '/a': { $ref: './a.yaml' } })],
  ['no responses', description({ '/a': { get: { responses: 3 } } })],
])('says what is wrong: %s', async (_, text) => {
  const { problems, operations } = await readDescription(text);
  expect(problems.length).toBeGreaterThan(0);
  expect(operations).toEqual([]);
});

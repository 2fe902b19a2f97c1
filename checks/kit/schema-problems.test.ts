import { expect, it } from 'vitest';
import { createAjv } from './params.ts';
import { schemaProblems } from './schema-problems.ts';

function problems(schema: object, value: unknown): string {
  const validate = createAjv({ useDefaults: false }).compile(schema);
  validate(value);
  return schemaProblems(validate.errors);
}

it('says once that no member of a list is the one', () => {
  const schema = {
    type: 'object',
    properties: { items: { type: 'array', contains: { type: 'object', properties: { id: { const: 7 } } } } },
  };
  expect(problems(schema, { items: [{ id: 1 }, { id: 2 }] })).toBe('/items must contain at least 1 valid item(s)');
});

it('names every member that is wrong, and no value', () => {
  const schema = { type: 'object', required: ['a'], properties: { b: { const: 1 } } };
  expect(problems(schema, { b: 'secret' })).toBe(
    "the answer must have required property 'a' and /b must be equal to constant",
  );
});

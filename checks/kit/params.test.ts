import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { kinds } from '../index.ts';
import { BUILT_VALIDATORS, createAjv, schemaDigest, schemaErrors, type BuiltValidators } from './params.ts';

const built = createRequire(import.meta.url)(`../../dist/${BUILT_VALIDATORS}`) as BuiltValidators;

describe('the validators that the build made', () => {
  it.each([...kinds.values()].map(({ meta }) => [meta.kind, meta.params] as const))(
    '%s: is of this schema and judges as it does',
    (kind, params) => {
      // Otherwise the build is older than the sources: npm run build.
      const fits = built[schemaDigest(params)];
      expect(fits, kind).toBeDefined();
      const fresh = createAjv({ useDefaults: true }).compile(params as object);
      for (const value of [
        {},
        { nonsense: 1 },
        { namespace: 7, namespaces: 'x', url: 5, endpoint: { url: 'no url' } },
        null,
        'text',
      ]) {
        const [one, other]: unknown[] = [structuredClone(value), structuredClone(value)];
        expect(fits?.(one)).toBe(fresh(other));
        // What is wrong is told by all errors, in the words of a validator that tells.
        expect(schemaErrors(params as object, one)).toEqual(fresh.errors ?? []);
        expect(one).toEqual(other);
      }
    },
  );
});

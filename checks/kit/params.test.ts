import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kinds } from '../index.ts';
import {
  BUILT_VALIDATORS,
  CODE_CACHE,
  codeCacheOf,
  compileBuilt,
  createAjv,
  schemaDigest,
  schemaErrors,
  type BuiltValidators,
} from './params.ts';

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

it('what V8 made of validators is used for these alone, however alike others are', () => {
  const dir = mkdtempSync(join(tmpdir(), 'golive-validators-'));
  const file = join(dir, BUILT_VALIDATORS);
  const write = (answer: string): void => writeFileSync(file, `module.exports = { fits: () => ${answer} };`);
  write('true');
  writeFileSync(`${file}${CODE_CACHE}`, codeCacheOf(file, compileBuilt(file).script));
  expect(compileBuilt(file).script.cachedDataRejected).toBe(false);
  write('null');
  const { script, validators } = compileBuilt(file);
  expect(script.cachedDataRejected).toBeUndefined();
  expect(validators['fits']?.({})).toBeNull();
  rmSync(dir, { recursive: true });
});

/** What does not meet a JSON Schema, for people. */
import type { ErrorObject } from 'ajv/dist/2020.js';
import { nameList } from './evidence.ts';

/** Keywords that try the same value several ways: why each of the ways failed says less than that none held. */
const TRIALS = new Set(['contains', 'anyOf', 'oneOf', 'if']);

/** `/items must contain at least 1 valid item(s) and /count must be number`; never a value. */
export function schemaProblems(errors: readonly ErrorObject[] | null | undefined): string {
  const all = errors ?? [];
  const trials = all.filter(({ keyword }) => TRIALS.has(keyword)).map(({ schemaPath }) => `${schemaPath}/`);
  const telling = all.filter(({ schemaPath }) => !trials.some((trial) => schemaPath.startsWith(trial)));
  return nameList(
    (telling.length > 0 ? telling : all).map(
      ({ instancePath, message }) => `${instancePath === '' ? 'the answer' : instancePath} ${message ?? ''}`,
    ),
  );
}

/** What items expect of HTTP answers: a JSON Schema of the body, a regular expression of a header. */
import { ObservationError } from '../contract/capabilities.ts';
import { shortened } from '../kit/evidence.ts';
import { createAjv } from '../kit/params.ts';
import { schemaProblems } from '../kit/schema-problems.ts';

/** Params that kinds of HTTP share. */
export const path = (description: string) => ({ type: 'string', pattern: '^/', description }) as const;
export const statusCode = { type: 'integer', minimum: 100, maximum: 599 } as const;
export const headerPatterns = (description: string) =>
  ({ type: 'object', additionalProperties: { type: 'string' }, default: {}, description }) as const;

type Texts = Readonly<Record<string, string>>;
const asItIs = (text: string): string => text;

export const isSuccess = (status: number): boolean => status >= 200 && status < 300;

/** The item's own mistakes, before anything is asked: wrong ones are the item's fault, not the service's. */
export function refuseBadExpectations(
  where: string,
  schema: object | undefined,
  patterns: readonly string[] = [],
): void {
  try {
    if (schema) createAjv({ useDefaults: false }).compile(schema);
    for (const pattern of patterns) new RegExp(pattern);
  } catch (error) {
    const why = error instanceof Error ? error.message : 'not valid';
    throw new ObservationError('misconfigured', `The item's schema or header pattern for ${where} is wrong: ${why}`, {
      fix: 'Correct the item.',
      cause: error,
    });
  }
}

/** What does not meet the schema, or null. */
export function schemaProblem(schema: object, value: unknown): string | null {
  const validate = createAjv({ useDefaults: false }).compile(schema);
  return validate(value) ? null : schemaProblems(validate.errors);
}

/** Headers that are missing or not as expected; `fill` completes a pattern, `mask` an actual value before it is shown. */
export function wrongHeaders(
  expected: Texts,
  headers: Texts,
  fill = asItIs,
  mask = asItIs,
): { readonly header: string; readonly actual: string; readonly expected: string }[] {
  return Object.entries(expected).flatMap(([header, pattern]) => {
    const actual = headers[header.toLowerCase()];
    if (actual !== undefined && new RegExp(fill(pattern)).test(actual)) return [];
    return [{ header, actual: actual === undefined ? 'missing' : shortened(mask(actual), 100), expected: pattern }];
  });
}

/** A JSON media type (RFC 6839: also `…+json`). */
const JSON_TYPE = '^application/([a-z0-9.-]+\\+)?json *(;|$)';

/**
 * Headers expected of an answer that must meet a schema. Clients parse by the content type: JSON that calls itself a page or a text is no
 * JSON to them. An item that names another type has the last word.
 */
export function withJsonType(headers: Texts, schema: object | undefined): Texts {
  const isNamed = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type');
  return schema && !isNamed ? { ...headers, 'content-type': JSON_TYPE } : headers;
}

/**
 * What a 2xx answer of a load run must be to count. A maintenance page, an empty list or a login form says 200, too, and a cache in front
 * of the service answers them faster than the service would: each answer is looked at, not a sample.
 */
import { brotliDecompressSync, constants, gunzipSync, inflateSync } from 'node:zlib';
import type { ExpectedAnswer } from '../contract/load.ts';
import { parseJson } from '../contract/json.ts';
import { shortened } from '../kit/evidence.ts';
import { createAjv } from '../kit/params.ts';
import { schemaProblems } from '../kit/schema-problems.ts';

/** Of a longer body the beginning is looked at. */
export const BODY_MAX = 1024 * 1024;

/** What is known of an answer when its body has come; header names in lower case. */
export interface WholeAnswer {
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly body: Buffer;
  readonly status?: number;
}
/** What is wrong with an answer, in a few words that hold none of its body; null when it is as expected. */
export type AnswerInspector = (answer: WholeAnswer) => string | null;

/** Compiles the expectation once. The same answer again, the usual case under load, costs one comparison of bytes. */
export function createInspector(expected: ExpectedAnswer): AnswerInspector {
  const problemIn = bodyInspector(expected);
  const type = expected.contentType?.toLowerCase();
  let good: WholeAnswer | undefined;
  return (answer) => {
    if (expected.status !== undefined && answer.status !== undefined && answer.status !== expected.status)
      return `status ${answer.status}`;
    if (good && isSame(good, answer)) return null;
    const actual = answer.contentType.replace(/;.*$/s, '').trim().toLowerCase();
    const problem =
      type !== undefined && actual !== type ? `content type ${shortened(actual || 'none', 60)}` : problemIn(answer);
    if (problem === null) good = answer;
    return problem;
  };
}

const isSame = (a: WholeAnswer, b: WholeAnswer): boolean =>
  a.contentType === b.contentType && a.contentEncoding === b.contentEncoding && a.body.equals(b.body);

function bodyInspector({ bodyIncludes = [], empty, schema }: ExpectedAnswer): AnswerInspector {
  const validate = schema === undefined ? undefined : createAjv({ useDefaults: false }).compile(schema);
  return (answer) => {
    const plain = decodedBody(answer);
    if (plain === null) return `content encoding ${shortened(answer.contentEncoding, 60)} that does not decode`;
    if (empty) return plain.length === 0 ? null : 'a body';
    if (plain.length === 0) return 'no body';
    if (bodyIncludes.some((text) => !plain.includes(text))) return 'other text';
    if (!validate) return null;
    if (plain.length >= BODY_MAX) return 'more than a MiB of JSON';
    const value = parseJson(plain.toString('utf8'));
    if (value === undefined) return 'no JSON';
    return validate(value) ? null : shortened(`JSON with ${schemaProblems(validate.errors)}`, 200);
  };
}

/** The body without its encoding; null where it does not decode. */
export const decodedBody = ({ body, contentEncoding }: WholeAnswer): Buffer | null =>
  decoded(body, contentEncoding.trim().toLowerCase());

function decoded(body: Buffer, encoding: string): Buffer | null {
  // Cut off at BODY_MAX a compressed body ends early: what there is of it is looked at.
  const limits = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: 16 * BODY_MAX };
  try {
    if (encoding === '' || encoding === 'identity') return body;
    if (encoding === 'gzip' || encoding === 'x-gzip') return gunzipSync(body, limits);
    if (encoding === 'deflate') return inflateSync(body, limits);
    if (encoding !== 'br') return null;
    return brotliDecompressSync(body, { ...limits, finishFlush: constants.BROTLI_OPERATION_FLUSH });
  } catch {
    return null;
  }
}

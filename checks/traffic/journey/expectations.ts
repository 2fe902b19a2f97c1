/** What is wrong with one answer of a journey. Pure; the texts never hold a body or a saved value. */
import type { HttpAnswer } from '../../contract/http.ts';
import type { Data } from '../../kit/define-check.ts';
import { createAjv } from '../../kit/params.ts';
import { shortened } from '../../kit/evidence.ts';
import { parseJson } from '../../contract/json.ts';
import { schemaProblems } from '../../kit/schema-problems.ts';
import type { Params, Step } from './params.ts';
import { filledIn, filledText, masked, valueAt, type Saved } from './saved-values.ts';

/** One thing that is not as expected, by its message. */
export interface Problem {
  readonly message: 'wrongStatus' | 'notJson' | 'wrongShape' | 'wrongHeader' | 'wrongAnswerer' | 'tooSlow' | 'notSaved';
  readonly data: Data;
}

/** Statuses that will do. */
export const statusesOf = (status: Step['expect']['status']): readonly number[] => [status].flat();
export const statusText = (status: Step['expect']['status']): string => statusesOf(status).join(' or ');

/** Headers that say who may answer at all: wrong ones are never waited for. */
export function wrongAnswerer(everyAnswer: Params['everyAnswer'], answer: HttpAnswer, saved: Saved): Problem[] {
  return wrongHeaders(everyAnswer.headers, answer, saved).map((data) => ({ message: 'wrongAnswerer', data }));
}

export function problemsOf({ expect, save }: Step, answer: HttpAnswer, saved: Saved): Problem[] {
  const { status, headers, maxMs } = expect;
  if (!statusesOf(status).includes(answer.status))
    return [{ message: 'wrongStatus', data: { actual: answer.status, expected: statusText(status) } }];
  const slow: Problem[] =
    maxMs !== undefined && answer.ms > maxMs
      ? [{ message: 'tooSlow', data: { actual: `${Math.round(answer.ms)} ms`, expected: `${maxMs} ms` } }]
      : [];
  return [
    ...bodyProblems(expect.schema, answer, saved),
    ...wrongHeaders(headers, answer, saved).map((data): Problem => ({ message: 'wrongHeader', data })),
    ...slow,
    ...Object.values(save)
      .filter((path) => valueAt(parseJson(answer.body), path) === undefined)
      .map((path): Problem => ({ message: 'notSaved', data: { path } })),
  ];
}

function bodyProblems(schema: Step['expect']['schema'], answer: HttpAnswer, saved: Saved): Problem[] {
  if (!schema) return [];
  const value = answer.truncated ? undefined : parseJson(answer.body);
  if (value === undefined)
    return [{ message: 'notJson', data: { type: answer.headers['content-type'] ?? 'no content type' } }];
  const validate = createAjv({ useDefaults: false }).compile(filledIn(schema, saved) as object);
  if (validate(value)) return [];
  return [{ message: 'wrongShape', data: { problems: masked(schemaProblems(validate.errors), saved) } }];
}

function wrongHeaders(expected: Readonly<Record<string, string>>, answer: HttpAnswer, saved: Saved): Data[] {
  return Object.entries(expected).flatMap(([name, pattern]) => {
    const actual = answer.headers[name.toLowerCase()];
    if (actual !== undefined && new RegExp(filledText(pattern, saved)).test(actual)) return [];
    const shown = actual === undefined ? 'missing' : shortened(masked(actual, saved), 100);
    return [{ header: name, actual: shown, expected: pattern }];
  });
}

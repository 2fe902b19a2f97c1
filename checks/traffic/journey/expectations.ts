/** What is wrong with one answer of a journey. Pure; the texts never hold a body or a saved value. */
import type { HttpAnswer } from '../../contract/http.ts';
import { parseJson } from '../../contract/json.ts';
import { schemaProblem, withJsonType, wrongHeaders } from '../../protocols/http-answers.ts';
import type { Params, Step } from './params.ts';
import { filledIn, filledText, masked, valueAt, type Saved } from './saved-values.ts';

type Wrong<Message extends string, Name extends string> = {
  readonly message: Message;
  readonly data: Readonly<Record<Name, string | number>>;
};
/** One thing that is not as expected, by its message. */
export type Problem =
  | Wrong<'wrongStatus' | 'tooSlow', 'actual' | 'expected'>
  | Wrong<'wrongHeader' | 'wrongAnswerer', 'header' | 'actual' | 'expected'>
  | Wrong<'notJson', 'type'>
  | Wrong<'wrongShape', 'problems'>
  | Wrong<'notSaved', 'path'>;

/** Statuses that will do. */
export const statusesOf = (status: Step['expect']['status']): readonly number[] => [status].flat();
export const statusText = (status: Step['expect']['status']): string => statusesOf(status).join(' or ');

/** Headers that say who may answer at all: wrong ones are never waited for. */
export function wrongAnswerer({ headers }: Params['everyAnswer'], answer: HttpAnswer, saved: Saved): Problem[] {
  return headerProblems('wrongAnswerer', headers, answer, saved);
}

export function problemsOf({ expect, save }: Step, answer: HttpAnswer, saved: Saved): Problem[] {
  const { status, headers, schema, maxMs = Infinity } = expect;
  if (!statusesOf(status).includes(answer.status))
    return [{ message: 'wrongStatus', data: { actual: answer.status, expected: statusText(status) } }];
  const took = { actual: `${Math.round(answer.ms)} ms`, expected: `${maxMs} ms` };
  return [
    ...(schema ? bodyProblems(schema, answer, saved) : []),
    ...headerProblems('wrongHeader', withJsonType(headers, schema), answer, saved),
    ...(answer.ms > maxMs ? [{ message: 'tooSlow', data: took } as const] : []),
    ...Object.values(save)
      .filter((path) => valueAt(parseJson(answer.body), path) === undefined)
      .map((path) => ({ message: 'notSaved', data: { path } }) as const),
  ];
}

function bodyProblems(schema: object, { body, truncated, headers }: HttpAnswer, saved: Saved): Problem[] {
  const value = truncated ? undefined : parseJson(body);
  if (value === undefined)
    return [{ message: 'notJson', data: { type: headers['content-type'] ?? 'no content type' } }];
  const problems = schemaProblem(filledIn(schema, saved) as object, value);
  return problems === null ? [] : [{ message: 'wrongShape', data: { problems: masked(problems, saved) } }];
}

function headerProblems(
  message: 'wrongHeader' | 'wrongAnswerer',
  expected: Readonly<Record<string, string>>,
  { headers }: HttpAnswer,
  saved: Saved,
): Problem[] {
  const fill = (pattern: string): string => filledText(pattern, saved);
  const mask = (actual: string): string => masked(actual, saved);
  return wrongHeaders(expected, headers, fill, mask).map((data) => ({ message, data }));
}

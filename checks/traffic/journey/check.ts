import type { SecretRef } from '../../contract/secrets.ts';
import { defineCheck, ObservationError, type Capabilities, type CheckContext } from '../../kit/define-check.ts';
import { createAjv } from '../../kit/params.ts';
import { isRecord } from '../../contract/json.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { judge, messages } from './judge.ts';
import { params, type Params } from './params.ts';
import { walk, type Gathered } from './run.ts';
import { filledIn, filledText, namesIn } from './saved-values.ts';

export const journey = defineCheck({
  meta: {
    kind: 'traffic/journey',
    title: 'A journey of requests ends as its users expect',
    why: 'Endpoints that answer well one by one may still lose between two of them what a user wrote.',
    sees: 'Each step’s answer, by status, headers and JSON Schema, with values of earlier answers put in; who answered every one of them; the time of all steps together; and that what was made is removed. Not: other users at the same time.',
    needs: ['http'],
    effect: 'mutating',
    mutation: 'apply',
    params,
    messages,
  },
  permissions: ({ steps, cleanup }: Params) =>
    mayReadSecrets([...steps, ...cleanup].flatMap(({ json }) => secretsIn(json))),
  gather: async (params: Params, { http }: Pick<Capabilities, 'http'>, context: CheckContext): Promise<Gathered> => {
    refuseMistakes(params);
    return await walk(params, http, context);
  },
  judge,
});

/** References to Secrets of the cluster in a body, at any depth. */
function secretsIn(value: unknown): SecretRef[] {
  if (Array.isArray(value)) return value.flatMap(secretsIn);
  if (!isRecord(value)) return [];
  const { from, namespace, name, key } = value;
  const texts = [namespace, name, key].filter((text) => typeof text === 'string');
  const [first, second, third] = texts;
  if (from === 'kubernetes-secret' && first !== undefined && second !== undefined && third !== undefined)
    return [{ from, namespace: first, name: second, key: third }];
  return Object.values(value).flatMap(secretsIn);
}

/** The item's own mistakes, before the first request: half a journey would leave something behind. */
function refuseMistakes(params: Params): void {
  const known = new Set(['nonce']);
  const names = new Set<string>();
  for (const step of params.steps) {
    if (names.has(step.name)) throw mistake(`two steps are called "${step.name}"`, 'Give each step a name of its own.');
    names.add(step.name);
    refuseUnknown(step.name, namesIn(step), known);
    refuseBadPatterns(step.name, step.expect.schema, Object.values(step.expect.headers));
    for (const saved of Object.keys(step.save)) known.add(saved);
  }
  for (const step of params.cleanup) refuseUnknown(step.name, namesIn(step), known);
  refuseUnknown('everyAnswer', namesIn(params.everyAnswer), new Set(['nonce']));
  refuseBadPatterns('everyAnswer', undefined, Object.values(params.everyAnswer.headers));
}

function refuseUnknown(where: string, names: readonly string[], known: ReadonlySet<string>): void {
  const unknown = names.find((name) => !known.has(name));
  if (unknown !== undefined)
    throw mistake(
      `"${where}" uses {{${unknown}}}, which no step before it saves`,
      'Add it to save of an earlier step.',
    );
}

function refuseBadPatterns(where: string, schema: object | undefined, patterns: readonly string[]): void {
  // Any value will do: a pattern holds its own without the braces.
  const sample = new Map(namesIn([schema, patterns]).map((name) => [name, 'x'] as const));
  try {
    if (schema) createAjv({ useDefaults: false }).compile(filledIn(schema, sample) as object);
    for (const pattern of patterns) new RegExp(filledText(pattern, sample));
  } catch (error) {
    const why = error instanceof Error ? error.message : 'not valid';
    throw mistake(`the schema or a header pattern of "${where}" is wrong: ${why}`, 'Correct the item.');
  }
}

function mistake(what: string, fix: string): ObservationError {
  return new ObservationError('misconfigured', `The item's journey is wrong: ${what}.`, { fix });
}

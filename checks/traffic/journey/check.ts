import type { SecretRef } from '../../contract/secrets.ts';
import { isRecord } from '../../contract/json.ts';
import { kind, ObservationError } from '../../kit/kind.ts';
import { refuseBadExpectations } from '../../protocols/http-answers.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { judge, messages } from './judge.ts';
import { params, type Params } from './params.ts';
import { walk } from './run.ts';
import { filledIn, filledText, namesIn } from './saved-values.ts';

export const journey = kind('traffic/journey', {
  title: 'A journey of requests ends as its users expect',
  why: 'Endpoints that answer well one by one may still lose between two of them what a user wrote.',
  sees: [
    'Each step’s answer, by status, headers and JSON Schema, with values of earlier answers put in.',
    'Who answered every one of them, and the time of all steps together.',
    'That what was made is removed.',
  ],
  not: ['Other users at the same time.'],
  needs: ['http'],
  changes: 'apply',
  required: ['endpoint', 'steps'],
  params,
  messages,
  rights: ({ steps, cleanup }) => mayReadSecrets([...steps, ...cleanup].flatMap(({ json }) => secretsIn(json))),
  judge,

  gather: async (given, { http }, context) => {
    refuseMistakes(given);
    return await walk(given, http, context);
  },
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
  const filled = schema && (filledIn(schema, sample) as object);
  refuseBadExpectations(
    `"${where}"`,
    filled,
    patterns.map((pattern) => filledText(pattern, sample)),
  );
}

function mistake(what: string, fix: string): ObservationError {
  return new ObservationError('misconfigured', `The item's journey is wrong: ${what}.`, { fix });
}

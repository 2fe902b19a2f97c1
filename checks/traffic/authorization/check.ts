import type { HttpClient } from '../../contract/http.ts';
import { credential, endpoint } from '../../contract/param-schemas.ts';
import {
  defineCheck,
  ObservationError,
  type Capabilities,
  type FromSchema,
  type JSONSchema,
} from '../../define-check.ts';
import { addressOf, logIn, login, unlessDown } from '../../support/api-requests.ts';
import { mayReadSecrets } from '../../support/kubernetes.ts';
import { judge, messages, type Attempt, type Gathered } from './judge.ts';

const subjectNames = (description: string) =>
  ({
    type: 'array',
    uniqueItems: true,
    items: { type: 'string', minLength: 1, description: 'Name of a subject.' },
    description,
  }) as const;
const statuses = (description: string, byDefault: number[]) =>
  ({
    type: 'array',
    minItems: 1,
    items: { type: 'integer', minimum: 100, maximum: 599 },
    default: byDefault,
    description,
  }) as const;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['endpoint', 'subjects', 'rules'],
  properties: {
    endpoint,
    subjects: {
      type: 'array',
      minItems: 1,
      description: 'Who asks; "anonymous" is there besides, and sends no token.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'credential'],
        properties: {
          name: {
            type: 'string',
            pattern: '^(?!anonymous$).+',
            description: 'Name of the subject in rules: its role.',
          },
          credential,
        },
      },
    },
    login: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'Where subjects get their tokens.',
      properties: { path: login.properties.path, tokenField: login.properties.tokenField },
    },
    rules: {
      type: 'array',
      minItems: 1,
      description:
        'Requests, and who may make each. Every denial needs somebody who may: nobody would be let in by a broken path.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['path', 'allowed', 'denied'],
        dependencies: { json: ['method'] },
        if: { required: ['method'], properties: { method: { enum: ['POST', 'PUT', 'DELETE'] } } },
        then: { required: ['changesNothing'] },
        properties: {
          method: {
            type: 'string',
            enum: ['GET', 'POST', 'PUT', 'DELETE'],
            description: 'GET is sent when this is absent.',
          },
          path: { type: 'string', pattern: '^/', description: 'Path, and query if any.' },
          changesNothing: {
            const: true,
            description: 'Required with another method than GET: this request stores and triggers nothing.',
          },
          json: { type: 'object', description: 'Body, sent as JSON.' },
          allowed: { ...subjectNames('Subjects that may: the positive controls.'), minItems: 1 },
          denied: { ...subjectNames('Subjects that may not.'), minItems: 1 },
          allowedStatus: statuses('Statuses that mean it was allowed.', [200]),
          deniedStatus: statuses('Statuses that mean a known subject may not.', [403]),
          anonymousStatus: statuses('Statuses that mean somebody unknown may not.', [401]),
        },
      },
    },
  },
} as const satisfies JSONSchema;
export type Params = FromSchema<typeof params>;
export type Rule = Params['rules'][number];

/** Who asks without a token. */
export const ANONYMOUS = 'anonymous';

export const authorization = defineCheck({
  meta: {
    kind: 'traffic/authorization',
    title: 'Everybody may do what is declared and nothing else',
    why: 'A role check that was dropped lets every user administer, and no log shows anything but 200.',
    sees: 'Each declared request made by each declared subject, logged in as itself or without a token: allowed or refused with the declared status, each refusal beside somebody else whom the same request let in. Not: requests and roles that no rule names.',
    needs: ['http'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ subjects }: Params) => mayReadSecrets(subjects.map(({ credential }) => credential.password)),
  gather,
  judge,
});

async function gather(params: Params, { http }: Pick<Capabilities, 'http'>): Promise<Gathered> {
  refuseMistakes(params);
  const tokens = new Map<string, string>();
  for (const { name, credential } of params.subjects) {
    const session = await logIn(params.endpoint, { credential, ...params.login }, http);
    if ('down' in session) return { loginDown: session.down, attempts: [] };
    tokens.set(name, session.bearer);
  }
  const attempts: Attempt[] = [];
  for (const rule of params.rules)
    for (const subject of [...rule.allowed, ...rule.denied])
      attempts.push(await attempt(params, rule, subject, tokens.get(subject), http));
  return { attempts };
}

async function attempt(
  { endpoint }: Params,
  { method, path, json }: Rule,
  subject: string,
  bearer: string | undefined,
  http: HttpClient,
): Promise<Attempt> {
  const answer = await unlessDown(
    http.request({
      ...addressOf(endpoint, path),
      method: method ?? 'GET',
      ...(json ? { json } : {}),
      ...(bearer === undefined ? {} : { bearer }),
    }),
  );
  const request = `${method ?? 'GET'} ${path}`;
  // Never the body: it is what only some may see.
  if (answer.answered) return { subject, request, status: answer.status, ms: Math.round(answer.ms) };
  return { subject, request, status: null, ms: null, why: answer.why };
}

function refuseMistakes({ subjects, rules }: Params): void {
  const names = [ANONYMOUS, ...subjects.map(({ name }) => name)];
  for (const { path, allowed, denied } of rules) {
    const unknown = [...allowed, ...denied].find((name) => !names.includes(name));
    if (unknown !== undefined)
      throw mistake(`${path} names the subject "${unknown}", which params.subjects does not have`);
    const both = allowed.find((name) => denied.includes(name));
    if (both !== undefined) throw mistake(`"${both}" is both allowed and denied ${path}`);
  }
}

function mistake(what: string): ObservationError {
  return new ObservationError('misconfigured', `The item's rules are wrong: ${what}.`, { fix: 'Correct the item.' });
}

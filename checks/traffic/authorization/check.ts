import type { HttpClient } from '../../contract/http.ts';
import { defineCheck, ObservationError, type Capabilities } from '../../kit/define-check.ts';
import { addressOf, logIn, unlessDown } from '../../protocols/api-requests.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { judge, messages, type Attempt, type Gathered } from './judge.ts';
import { ANONYMOUS, params, type Params, type Rule } from './params.ts';

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

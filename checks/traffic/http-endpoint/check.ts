import type { HttpClient } from '../../contract/http.ts';
import { kind, ObservationError, type CheckContext } from '../../kit/kind.ts';
import { addressOf, logIn, unlessDown, type Session } from '../../protocols/api-requests.ts';
import { refuseBadExpectations } from '../../protocols/http-answers.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { judge, messages, type Exchange } from './judge.ts';
import { params, type Params, type Request } from './params.ts';

export const httpEndpoint = kind('traffic/http-endpoint', {
  title: 'Endpoints answer as their clients expect',
  why: 'A release that answers 200 with another shape breaks every client and no health check.',
  sees: [
    'Status, headers, time and body of each answer, the body against a JSON Schema.',
    'With samples also the P95 of its latency.',
  ],
  not: ['More answers than those.', 'What happens under load.'],
  needs: ['http'],
  required: ['endpoint', 'requests'],
  params,
  messages,
  rights: ({ login }) => mayReadSecrets([login?.credential.password]),
  judge,

  async gather(given, { http }, context) {
    const { endpoint, requests } = given;
    for (const { path, schema, headers } of requests) refuseBadExpectations(path, schema, Object.values(headers));
    const session = requests.some(({ authenticated }) => authenticated) ? await sessionOf(given, http) : { bearer: '' };
    const exchanges: (readonly Exchange[])[] = [];
    for (const request of requests) {
      const { method, path, json, body, authenticated } = request;
      if (authenticated && 'down' in session) {
        exchanges.push([{ answered: false, asked: false, why: 'not asked: the login gave no token' }]);
        continue;
      }
      const ask = () =>
        unlessDown(
          http.request({
            ...addressOf(endpoint, path),
            method: method ?? 'GET',
            ...(json ? { json } : {}),
            ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
            ...(authenticated && 'bearer' in session ? { bearer: session.bearer } : {}),
          }),
        );
      exchanges.push(await sampled(request, ask, context));
    }
    return { exchanges, ...('down' in session ? { loginDown: session.down } : {}) };
  },
});

/** One without an answer is the last: a service that hangs would be waited for as often as it is asked. */
async function sampled(
  { path, samples }: Request,
  ask: () => Promise<Exchange>,
  context: CheckContext,
): Promise<Exchange[]> {
  const all = [await ask()];
  while (all.at(-1)?.answered === true && all.length < samples) {
    all.push(await ask());
    if (all.length % 10 === 1) context.progress(`${path}: ${all.length} of ${samples} asked`);
  }
  return all;
}

async function sessionOf({ endpoint, login }: Params, http: HttpClient): Promise<Session> {
  if (!login)
    throw new ObservationError('misconfigured', 'A request is authenticated, but the item has no params.login.', {
      fix: 'Add login with its credential to the item.',
    });
  return await logIn(endpoint, login, http);
}

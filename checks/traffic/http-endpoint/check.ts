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
    'Status, headers, time and body of each answer, the body against a JSON Schema; at each address that the host has.',
    'With samples also the P95 of its latency. No redirect from https to http.',
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
      const ask = async (address?: string): Promise<Exchange> => {
        const answer = await unlessDown(
          http.request({
            ...addressOf(endpoint, path),
            ...(address === undefined ? { tellAddresses: true } : { address }),
            method: method ?? 'GET',
            ...(json ? { json } : {}),
            ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
            ...(authenticated && 'bearer' in session ? { bearer: session.bearer } : {}),
          }),
        );
        return address === undefined ? answer : { ...answer, at: address };
      };
      exchanges.push(await sampled(request, ask, context));
    }
    return { exchanges, ...('down' in session ? { loginDown: session.down } : {}) };
  },
});

/**
 * And once at each address where the host has several, in turn. One without an answer is the last: a service that hangs would be waited for as often as it is asked.
 */
async function sampled(
  { path, samples }: Request,
  ask: (address?: string) => Promise<Exchange>,
  context: CheckContext,
): Promise<Exchange[]> {
  const first = await ask();
  const all = [first];
  const { addresses = [] } = first.answered ? first : {};
  const several = addresses.length > 1 ? addresses : [];
  const needed = Math.max(samples, 1 + several.length);
  while (all.at(-1)?.answered === true && all.length < needed) {
    all.push(await ask(several[(all.length - 1) % several.length]));
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

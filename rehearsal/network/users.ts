/**
 * The rehearsal's users: they come at a steady rate by the public name, log in, look, order, use features and say how satisfied they are,
 * so that the business moves without golive. How they rate follows from how they were served.
 *
 * The lever `users.log-in-twice`: each opens a second session and does nothing in it.
 */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { pause } from '../../checks/contract/pause.ts';
import type { PlatformContext } from '../platform-types.ts';
import type { RehearsalSecrets } from '../secrets.ts';
import { ITEMS } from '../services/typescript-api/prices.ts';
import { HOSTS } from '../topology.ts';
import type { GatewayProcess } from './gateway-process.ts';
import { USERS_PER_SECOND } from './users-per-second.ts';

const CONNECTIONS = 16;
/** One who is answered no sooner gives up. */
const PATIENCE_MS = 3000;
/** Between two things that one does. */
const THINK_MS = 50;
/** So many at a time; further ones stay away, as they would of a shop that does not open. */
const MOST_AT_A_TIME = 64;
const TICK_MS = 50;
/** One who waits longer on average is not satisfied, and after twice as long is angry. */
const SATISFIED_MS = 400;

interface Answer {
  readonly ok: boolean;
  readonly ms: number;
  readonly body: Readonly<Record<string, unknown>>;
}
type Ask = (method: 'GET' | 'POST', path: string, json?: object, token?: string) => Promise<Answer>;

/** They come until they are told to leave. */
export function startUsers(
  context: PlatformContext,
  { port }: Pick<GatewayProcess, 'port'>,
  login: Pick<RehearsalSecrets, 'apiUser' | 'apiPassword'>,
): { readonly stop: () => void } {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, ca: readFileSync(context.authority.caFile) });
  const ask = asker(agent, port);
  const times = evenly();
  let sessionsEach = 1;
  let here = 0;
  let stopped = false;
  context.levers.add('users.log-in-twice', () => {
    sessionsEach = 2;
    return Promise.resolve(() => {
      sessionsEach = 1;
      return Promise.resolve();
    });
  });
  const visit = async (): Promise<void> => {
    here += 1;
    await session(ask, login, { sessionsEach, times, gone: () => stopped }).finally(() => (here -= 1));
  };
  const from = performance.now();
  let come = 0;
  const pace = setInterval(() => {
    const due = Math.floor(((performance.now() - from) * USERS_PER_SECOND.sessions) / 1000);
    for (; come < due; come += 1) if (here < MOST_AT_A_TIME) void visit();
  }, TICK_MS);
  pace.unref();
  return {
    stop() {
      stopped = true;
      clearInterval(pace);
      agent.destroy();
    },
  };
}

interface Habits {
  readonly sessionsEach: number;
  readonly times: (what: keyof typeof USERS_PER_SECOND) => number;
  readonly gone: () => boolean;
}

/** One user, from the first page to the last. */
async function session(
  ask: Ask,
  { apiUser: username, apiPassword: password }: Pick<RehearsalSecrets, 'apiUser' | 'apiPassword'>,
  { sessionsEach, times, gone }: Habits,
): Promise<void> {
  const answers: Answer[] = [];
  const act: Ask = async (...asked) => {
    const answer = await ask(...asked);
    answers.push(answer);
    await pause(THINK_MS);
    return answer;
  };
  const repeat = async (what: keyof typeof USERS_PER_SECOND, once: () => Promise<unknown>): Promise<void> => {
    for (let left = times(what); left > 0 && !gone(); left -= 1) await once();
  };
  let token = '';
  for (let left = sessionsEach; left > 0; left -= 1) {
    const { body } = await act('POST', '/auth/login', { username, password });
    token = typeof body['token'] === 'string' ? body['token'] : '';
  }
  // One who is not let in has nothing to order, and has had enough.
  if (token === '' || gone()) return;
  await act('GET', '/api/v1/items?limit=20');
  const item = (): number => 1 + Math.floor(Math.random() * ITEMS);
  await act('GET', `/api/v1/items/${item()}`);
  await repeat('orders', () => act('POST', '/api/v1/orders', { item: item(), quantity: 1 }, token));
  await repeat('inference', () => act('POST', '/api/v1/inference', { features: [5, 3, 1, 0] }, token));
  await repeat('compute', () =>
    act(
      'POST',
      '/api/v1/compute',
      {
        operation: 'determinant',
        input: [
          [2, 1],
          [1, 2],
        ],
      },
      token,
    ),
  );
  await repeat('ratings', () => act('POST', '/api/v1/ratings', { score: scoreOf(answers) }, token));
}

/** 4 or 5 of 5 for one who was served well; every failure costs a point, and so does waiting. */
function scoreOf(answers: readonly Answer[]): number {
  const failed = answers.filter(({ ok }) => !ok).length;
  const mean = answers.reduce((sum, { ms }) => sum + ms, 0) / Math.max(1, answers.length);
  const waiting = Math.min(3, Math.floor(mean / SATISFIED_MS) * 2);
  return Math.max(1, (Math.random() < 0.7 ? 5 : 4) - failed - waiting);
}

/** How often each thing is due in this session: exact over time, so that a short while says as much as it can. */
function evenly(): Habits['times'] {
  const owed = new Map<string, number>();
  return (what) => {
    const due = (owed.get(what) ?? 0) + USERS_PER_SECOND[what] / USERS_PER_SECOND.sessions;
    const now = Math.floor(due + 1e-9);
    owed.set(what, due - now);
    return now;
  };
}

function asker(agent: Agent, port: number): Ask {
  return (method, path, json, token) =>
    new Promise((answered) => {
      const from = performance.now();
      const body = json === undefined ? undefined : JSON.stringify(json);
      const end = (ok: boolean, text = ''): void => answered({ ok, ms: performance.now() - from, body: parsed(text) });
      const headers = {
        host: HOSTS.public,
        'user-agent': 'Mozilla/5.0 (rehearsal)',
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      };
      const options = { host: '127.0.0.1', port, servername: HOSTS.public, agent, method, path, headers };
      const asked = request({ ...options, timeout: PATIENCE_MS }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', () => end(false));
        const ok = (response.statusCode ?? 0) < 400;
        response.on('end', () => end(ok, Buffer.concat(chunks).toString('utf8')));
      });
      asked.on('timeout', () => asked.destroy(new Error('out of patience')));
      asked.on('error', () => end(false));
      asked.end(body);
    });
}

function parsed(text: string): Answer['body'] {
  if (!text.startsWith('{')) return {};
  try {
    return JSON.parse(text) as Answer['body'];
  } catch {
    return {};
  }
}

/**
 * A load profile by k6. What arrivals send is decided by the same code as in golive's own engine. k6 runs this as it was built
 * (`dist/k6-profile.js`); GOLIVE_PROFILE names the profile's file, GOLIVE_TOKENS holds the tokens of its sessions.
 */
import { sleep } from 'k6';
import exec from 'k6/execution';
import http, { type RefinedResponse } from 'k6/http';
import { Counter } from 'k6/metrics';
import type { Options } from 'k6/options';
import { durationMs } from '../../contract/units.ts';
import { K6_END, K6_STARTED, K6_WRONG, RATE_SECONDS, type K6Profile, type K6Step } from '../profile/for-k6.ts';
import { flowOf, nameOfStep, requestFor, takeValues, type Journey } from '../profile/walk.ts';

const profile = JSON.parse(open(__ENV['GOLIVE_PROFILE'] ?? 'profile.json')) as K6Profile;
const tokens = JSON.parse(__ENV['GOLIVE_TOKENS'] ?? '[]') as readonly string[];

export const options: Options = {
  hosts: { ...profile.hosts },
  userAgent: 'golive',
  systemTags: ['status', 'name', 'error', 'error_code'],
  scenarios: {
    // k6's types call this plain object a class.
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
    profile: {
      executor: 'ramping-arrival-rate',
      startRate: profile.startRate,
      timeUnit: `${RATE_SECONDS}s`,
      stages: [...profile.stages],
      preAllocatedVUs: profile.users,
      gracefulStop: `${profile.timeoutMs}ms`,
    },
  },
};

const started = new Counter(K6_STARTED);
const wrong = new Counter(K6_WRONG);
type Validate = (value: unknown) => boolean;
const validators = new Map<K6Step, Validate>();
for (const step of profile.flows.flatMap(({ steps }) => steps)) {
  if (step.validator === undefined) continue;
  const module: { exports: unknown } = { exports: undefined };
  // Compiled by golive from the schema of the profile; k6 has no ajv.
  // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call
  new Function('module', 'require', step.validator)(module, helperOf);
  validators.set(step, module.exports as Validate);
}

/** What compiled schemas ask for. */
function helperOf(name: string): unknown {
  if (name.endsWith('ucs2length')) return { default: (text: string): number => Array.from(text).length };
  if (name.endsWith('equal'))
    return { default: (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b) };
  throw new Error(`nothing is known of ${name}`);
}

/** One arrival. */
export default function (): void {
  const arrival = exec.scenario.iterationInTest;
  if (exec.scenario.iterationInInstance === 0) started.add(exec.scenario.startTime);
  const token = tokens[arrival % tokens.length];
  const journey: Journey = { arrival, token, values: new Map() };
  const flow = profile.flows[flowOf(profile.flows, arrival)];
  for (const step of flow?.steps ?? []) if (!goes(step, journey)) return;
}

/** Sends a step; whether the next one may follow. */
function goes(step: K6Step, journey: Journey): boolean {
  if (step.think !== undefined) sleep(durationMs(step.think) / 1000);
  const { method, path, headers, body } = requestFor(step, journey, profile.data);
  const name = nameOfStep(step);
  const answer = http.request(method, `${profile.urls[step.target ?? profile.target] ?? ''}${path}`, body ?? null, {
    headers: { ...profile.headers, ...headers },
    redirects: 0,
    timeout: profile.timeoutMs,
    tags: { name },
    responseType: 'text',
  });
  if (answer.status < 200 || answer.status > 299) return false;
  const how = problemOf(step, answer) ?? takeValues(step, textOf(answer), journey.values);
  if (how !== null) wrong.add(1, { how, name });
  return how === null;
}

/** How a 2xx answer is not what is expected, in the words of golive's own engine. */
function problemOf(step: K6Step, answer: RefinedResponse<'text'>): string | null {
  const { expect } = step;
  const { status, headers } = answer;
  if (expect.status !== undefined && status !== expect.status) return `status ${status}`;
  const type = (headers['Content-Type'] ?? '').replace(/;.*$/, '').trim().toLowerCase();
  if (expect.contentType !== undefined && type !== expect.contentType.toLowerCase())
    return `content type ${type === '' ? 'none' : type}`;
  return bodyProblem(step, textOf(answer));
}

/** Whatever its types say, an answer without a body has none. */
const textOf = ({ body }: { readonly body: unknown }): string => (typeof body === 'string' ? body : '');

function bodyProblem(step: K6Step, text: string): string | null {
  const { empty, bodyIncludes = [] } = step.expect;
  if (empty) return text === '' ? null : 'a body';
  if (text === '') return 'no body';
  if (bodyIncludes.some((part) => !text.includes(part))) return 'other text';
  const validate = validators.get(step);
  if (!validate) return null;
  try {
    return validate(JSON.parse(text)) ? null : 'JSON that does not fit the schema';
  } catch {
    return 'no JSON';
  }
}

interface Summary {
  readonly metrics: Readonly<Record<string, { readonly values: Readonly<Record<string, number>> } | undefined>>;
}

/** Of k6's own summary nothing is used but how many requests there were: whether the output before it is whole. */
export function handleSummary({ metrics }: Summary): Record<string, string> {
  return { stdout: `\n${K6_END}${metrics['http_reqs']?.values['count'] ?? 0}\n` };
}

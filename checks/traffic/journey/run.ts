/** Walks a journey: its steps as far as they go, then the cleaning up. */
import { randomBytes } from 'node:crypto';
import type { HttpClient } from '../../contract/http.ts';
import { durationMs } from '../../contract/units.ts';
import type { CheckContext } from '../../kit/kind.ts';
import { addressOf, unlessDown, type Answered } from '../../protocols/api-requests.ts';
import { parseJson } from '../../contract/json.ts';
import { isSuccess } from '../../protocols/http-answers.ts';
import { problemsOf, statusesOf, wrongAnswerer, type Problem } from './expectations.ts';
import type { CleanupStep, Params, Step } from './params.ts';
import { filledIn, filledPath, filledText, masked, namesIn, valueAt, type Saved } from './saved-values.ts';

/** What became of a step. Paths stand as the item writes them, so that no saved value is in them. */
export interface Walked {
  readonly name: string;
  /** `POST /items/{{id}}`. */
  readonly request: string;
  /** Of its last answer; null without one. */
  readonly status: number | null;
  readonly ms: number | null;
  /** How often it was asked. */
  readonly tries: number;
  /** Why there was no answer to the last try. */
  readonly noAnswer?: string;
  /** What is wrong with the last answer; empty when it is as expected. */
  readonly problems: readonly Problem[];
}
export interface Cleaned {
  readonly name: string;
  readonly request: string;
  readonly status: number | null;
  /** Why it was not made: a value that no step saved. */
  readonly needless?: string;
  /** Why it did not work. */
  readonly failed?: string;
}
export interface Gathered {
  /** The steps that were made; the last one may have gone wrong. */
  readonly walked: readonly Walked[];
  readonly cleaned: readonly Cleaned[];
  /** Random marker of what this run made, to find it by. */
  readonly nonce: string;
  readonly tookMs: number;
  /** Set when the time for all steps was used up. */
  readonly outOfTime: boolean;
}

/** Time that is left is never less than this for the one request that is under way. */
const SHORTEST_TIMEOUT_MS = 50;

export async function walk(params: Params, http: HttpClient, context: CheckContext): Promise<Gathered> {
  const nonce = randomBytes(8).toString('hex');
  const saved = new Map<string, string | number | boolean>([['nonce', nonce]]);
  const walked: Walked[] = [];
  const cleaned: Cleaned[] = [];
  const startedAt = performance.now();
  const left = (): number => durationMs(params.totalTimeout) - (performance.now() - startedAt);
  let outOfTime = false;
  let tookMs = 0;
  try {
    for (const step of params.steps) {
      outOfTime = left() <= 0;
      if (outOfTime) break;
      context.progress(`${step.name} (${walked.length + 1} of ${params.steps.length})`);
      const made = await takeStep(step, { params, saved, http, context, left });
      walked.push(made);
      if (!isGood(made)) break;
    }
    tookMs = performance.now() - startedAt;
    outOfTime ||= left() <= 0;
  } finally {
    for (const step of params.cleanup) cleaned.push(await cleanUp(params, step, saved, http));
  }
  return { walked, cleaned, nonce, tookMs: Math.round(tookMs), outOfTime };
}

export const isGood = ({ problems, noAnswer }: Walked): boolean => problems.length === 0 && noAnswer === undefined;
export const requestName = ({ method, path }: Step | CleanupStep): string => `${method} ${path}`;

interface Walk {
  readonly params: Params;
  readonly saved: Map<string, string | number | boolean>;
  readonly http: HttpClient;
  readonly context: CheckContext;
  /** Milliseconds that are left for all steps together. */
  readonly left: () => number;
}

/** Asks once, or with `until` until the answer is as expected or the time for it is used up. */
async function takeStep(step: Step, on: Walk): Promise<Walked> {
  const { context, left } = on;
  const { until } = step;
  const end = performance.now() + (until === undefined ? 0 : durationMs(until.timeout));
  for (let tries = 1; ; tries += 1) {
    const walked = await ask(step, tries, on);
    const interval = until === undefined ? 0 : durationMs(until.interval);
    const wrongOne = walked.problems.some(({ message }) => message === 'wrongAnswerer');
    if (until === undefined || isGood(walked) || wrongOne || performance.now() + interval > end) return walked;
    if (left() <= interval) {
      await context.wait(Math.max(0, Math.ceil(left())));
      return walked;
    }
    await context.wait(interval);
  }
}

async function ask(step: Step, tries: number, { params, saved, http, left }: Walk): Promise<Walked> {
  const timeoutMs = Math.max(SHORTEST_TIMEOUT_MS, Math.floor(Math.min(durationMs(params.stepTimeout), left())));
  const answer = await send(params, step, saved, http, timeoutMs);
  const about = { name: step.name, request: requestName(step), tries };
  if (!answer.answered) return { ...about, status: null, ms: null, noAnswer: masked(answer.why, saved), problems: [] };
  const problems = [...wrongAnswerer(params.everyAnswer, answer, saved), ...problemsOf(step, answer, saved)];
  // What was made must be cleaned up also where the answer is wrong otherwise.
  if (statusesOf(step.expect.status).includes(answer.status) || isSuccess(answer.status))
    for (const [name, path] of Object.entries(step.save)) {
      const value = valueAt(parseJson(answer.body), path);
      if (value !== undefined) saved.set(name, value);
    }
  return { ...about, status: answer.status, ms: Math.round(answer.ms), problems };
}

async function send(
  { endpoint }: Params,
  step: Step | CleanupStep,
  saved: Saved,
  http: HttpClient,
  timeoutMs: number,
): Promise<Answered> {
  const { method, path, json, body, headers, bearer } = step;
  return await unlessDown(
    http.request({
      ...addressOf(endpoint, filledPath(path, saved)),
      method,
      timeoutMs,
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, filledText(value, saved)])),
      ...(json ? { json: filledIn(json, saved) as typeof json } : {}),
      ...(body === undefined ? {} : { body: filledText(body, saved) }),
      ...(bearer === undefined ? {} : { bearer: filledText(bearer, saved) }),
    }),
  );
}

/** Never throws: what is left behind must be told, whatever else went wrong. */
async function cleanUp(params: Params, step: CleanupStep, saved: Saved, http: HttpClient): Promise<Cleaned> {
  const about = { name: step.name, request: requestName(step) };
  const unknown = namesIn(step).filter((name) => !saved.has(name));
  if (unknown.length > 0)
    return { ...about, status: null, needless: `no step saved ${unknown.map((name) => `{{${name}}}`).join(', ')}` };
  try {
    const answer = await send(params, step, saved, http, durationMs(params.stepTimeout));
    if (!answer.answered) return { ...about, status: null, failed: masked(answer.why, saved) };
    const good = statusesOf(step.status).includes(answer.status);
    return { ...about, status: answer.status, ...(good ? {} : { failed: `answered ${answer.status}` }) };
  } catch (error) {
    const why = error instanceof Error ? error.message : 'no reason given';
    return { ...about, status: null, failed: masked(why, saved) };
  }
}

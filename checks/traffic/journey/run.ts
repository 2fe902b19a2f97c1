/** Walks a journey: its steps as far as they go, then the cleaning up. */
import { randomBytes } from 'node:crypto';
import type { HttpAnswer, HttpClient } from '../../contract/http.ts';
import { durationMs } from '../../contract/units.ts';
import type { CheckContext } from '../../kit/define-check.ts';
import { addressOf, unlessDown, type Answered } from '../../protocols/api-requests.ts';
import { parseJson } from '../../contract/json.ts';
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
      const made = await new StepRun(params, step, saved, http, context, left).run();
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

class StepRun {
  readonly #params: Params;
  readonly #step: Step;
  readonly #saved: Map<string, string | number | boolean>;
  readonly #http: HttpClient;
  readonly #context: CheckContext;
  readonly #left: () => number;

  constructor(
    params: Params,
    step: Step,
    saved: Map<string, string | number | boolean>,
    http: HttpClient,
    context: CheckContext,
    left: () => number,
  ) {
    this.#params = params;
    this.#step = step;
    this.#saved = saved;
    this.#http = http;
    this.#context = context;
    this.#left = left;
  }

  /** Asks once, or with `until` until the answer is as expected or the time for it is used up. */
  async run(): Promise<Walked> {
    const { until } = this.#step;
    const end = performance.now() + (until === undefined ? 0 : durationMs(until.timeout));
    for (let tries = 1; ; tries += 1) {
      const walked = await this.#ask(tries);
      const interval = until === undefined ? 0 : durationMs(until.interval);
      const wrongOne = walked.problems.some(({ message }) => message === 'wrongAnswerer');
      if (until === undefined || isGood(walked) || wrongOne || performance.now() + interval > end) return walked;
      if (this.#left() <= interval) {
        await this.#context.wait(Math.max(0, Math.ceil(this.#left())));
        return walked;
      }
      await this.#context.wait(interval);
    }
  }

  async #ask(tries: number): Promise<Walked> {
    const timeoutMs = Math.max(
      SHORTEST_TIMEOUT_MS,
      Math.floor(Math.min(durationMs(this.#params.stepTimeout), this.#left())),
    );
    const answer = await send(this.#params, this.#step, this.#saved, this.#http, timeoutMs);
    const about = { name: this.#step.name, request: requestName(this.#step), tries };
    if (!answer.answered)
      return { ...about, status: null, ms: null, noAnswer: masked(answer.why, this.#saved), problems: [] };
    const wrongOne = wrongAnswerer(this.#params.everyAnswer, answer, this.#saved);
    const problems = [...wrongOne, ...problemsOf(this.#step, answer, this.#saved)];
    // What was made must be cleaned up also where the answer is wrong otherwise.
    this.#save(answer);
    return { ...about, status: answer.status, ms: Math.round(answer.ms), problems };
  }

  #save({ status, body }: HttpAnswer): void {
    if (!statusesOf(this.#step.expect.status).includes(status) && (status < 200 || status > 299)) return;
    for (const [name, path] of Object.entries(this.#step.save)) {
      const value = valueAt(parseJson(body), path);
      if (value !== undefined) this.#saved.set(name, value);
    }
  }
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

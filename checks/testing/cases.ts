/**
 * Cases of a kind as files: `cases/<outcome>.<name>.yaml`. A judged case is `{params, gathered, expect}`; an error case is
 * `{params, capabilities, expect}` and goes through `gather` with capabilities that throw.
 *
 *     params: { namespace: shop }                       # validated against the kind's schema, defaults filled in
 *     gathered: { … }                                   # what `gather` would have returned
 *     now: 2026-01-15T12:00:00Z                         # optional, the judging clock
 *     expect: { outcome: fail, messages: [tooFew], subjects: [Deployment shop/api] }
 *
 *     params: { namespace: shop }
 *     capabilities: { cluster: { throws: { code: forbidden, message: may not list } } }
 *     expect: { outcome: error, reason: forbidden }
 *
 * A capability may also answer by method: `{ cluster: { list: { returns: {…} }, get: { throws: {…} } } }`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { load } from 'js-yaml';
import type { Capabilities, CheckContext } from '../contract/capabilities.ts';
import { OUTCOMES, type OutcomeName, type ReasonCode } from '../contract/outcome.ts';
import { ObservationError } from '../contract/capabilities.ts';
import type { CheckKind } from '../kit/kind.ts';
import type { Verdict } from '../kit/verdict.ts';
import { validateParams } from '../params.ts';

interface Thrown {
  readonly code: ReasonCode;
  readonly message: string;
}
interface Answer {
  readonly throws?: Thrown;
  readonly returns?: unknown;
}
export interface CheckCase {
  /** `fail.one-replica`. */
  readonly name: string;
  readonly file: string;
  readonly params: unknown;
  readonly gathered?: unknown;
  readonly capabilities?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly now?: string;
  readonly expect: {
    readonly outcome: OutcomeName;
    readonly reason?: ReasonCode;
    /** Message ids of the findings, in any order, each as often as it is found. */
    readonly messages?: readonly string[];
    /** Everything judged, by name, in any order. */
    readonly subjects?: readonly string[];
  };
}

/** What came of a case, in the words of `expect`. */
export interface CaseResult {
  readonly outcome: OutcomeName;
  readonly reason?: ReasonCode;
  readonly messages: readonly string[];
  readonly subjects: readonly string[];
  /** For people: the findings' texts, or why. */
  readonly texts: readonly string[];
}

const CASE_KEYS = new Set(['params', 'gathered', 'capabilities', 'now', 'expect', 'why']);
const EXPECT_KEYS = new Set(['outcome', 'reason', 'messages', 'subjects']);
const DEFAULT_NOW = '2026-01-15T12:00:00Z';

/** The cases in a folder, sorted by name. Throws on a file that is no case: a case that cannot run proves nothing. */
export function readCases(folder: string): readonly CheckCase[] {
  return readdirSync(folder)
    .filter((file) => /\.ya?ml$/.test(file))
    .sort()
    .map((file) => readCase(join(folder, file)));
}

function readCase(file: string): CheckCase {
  const name = basename(file).replace(/\.ya?ml$/, '');
  const value = load(readFileSync(file, 'utf8')) as Partial<CheckCase> | null;
  const problem = caseProblem(name, value);
  if (problem) throw new Error(`${file}: ${problem}`);
  return { ...(value as CheckCase), name, file };
}

function caseProblem(name: string, value: Partial<CheckCase> | null): string | undefined {
  const stated = name.split('.')[0] ?? '';
  if (!(OUTCOMES as readonly string[]).includes(stated)) return 'the file name must start with the outcome it expects';
  if (typeof value !== 'object' || value === null) return 'must be a map';
  const unknown = Object.keys(value).find((key) => !CASE_KEYS.has(key));
  if (unknown !== undefined) return `unknown key ${unknown}`;
  if (!('params' in value)) return 'params is missing';
  if (value.expect?.outcome !== stated) return `expect.outcome must be ${stated}, as the file name says`;
  const unknownExpect = Object.keys(value.expect).find((key) => !EXPECT_KEYS.has(key));
  if (unknownExpect !== undefined) return `unknown key expect.${unknownExpect}`;
  if ('gathered' in value === 'capabilities' in value) return 'needs either gathered or capabilities';
  if (stated === 'error' && !value.expect.reason) return 'expect.reason is missing';
  if (stated === 'fail' && !value.expect.messages?.length) return 'expect.messages is missing';
  return undefined;
}

/** Runs one case: through schema validation, then `judge`, or `gather` and `judge`. */
export async function runCase(kind: CheckKind, check: CheckCase): Promise<CaseResult> {
  const validated = validateParams(kind, check.params);
  if (!validated.ok) {
    throw new Error(
      `params do not fit the schema: ${validated.errors.map((e) => `${e.instancePath} ${e.message ?? ''}`).join('; ')}`,
    );
  }
  const context = caseContext(check.now ?? DEFAULT_NOW);
  if (!check.capabilities) return resultOf(kind.judge(validated.params, check.gathered, context));
  try {
    const gathered = await kind.gather(validated.params, cannedCapabilities(check.capabilities), context);
    return resultOf(kind.judge(validated.params, gathered, context));
  } catch (error) {
    if (!(error instanceof ObservationError)) throw error;
    return { outcome: 'error', reason: error.code, messages: [], subjects: [], texts: [error.message] };
  }
}

function resultOf({ outcome, findings, doubts, subjects, absent }: Verdict): CaseResult {
  const [doubt] = doubts;
  return {
    outcome,
    ...(findings.length === 0 && doubt ? { reason: doubt.reason } : {}),
    messages: findings.map(({ id }) => id),
    subjects: outcome === 'pass' || outcome === 'fail' ? subjects : [],
    texts: [...findings.map(({ says, fix }) => `${says} Fix: ${fix}`), ...doubts.map(({ why }) => why), absent ?? ''],
  };
}

function caseContext(now: string): CheckContext {
  return {
    item: 'CASE-001',
    signal: new AbortController().signal,
    now: new Date(now),
    fresh: true,
    progress: () => undefined,
    wait: () => Promise.resolve(),
  };
}

/** Capabilities that answer what the case says; one the case does not name throws a defect. */
export function cannedCapabilities(answers: NonNullable<CheckCase['capabilities']>): Capabilities {
  return proxyOf((capability) =>
    proxyOf((method) => {
      const answer = answers[capability];
      if (!answer) throw new Error(`the case does not say what ${capability}.${method} answers`);
      if (method === 'where') return typeof answer['where'] === 'string' ? answer['where'] : 'the case';
      const own = (answer[method] ?? answer) as Answer;
      return () => {
        if (own.throws) return Promise.reject(new ObservationError(own.throws.code, own.throws.message));
        if ('returns' in own) return Promise.resolve(own.returns);
        throw new Error(`the case does not say what ${capability}.${method} answers`);
      };
    }),
  ) as Capabilities;
}

/** Capabilities that can look at nothing: every method throws `code`. */
export function blindCapabilities(code: ReasonCode): Capabilities {
  return proxyOf((capability) =>
    proxyOf((method) =>
      method === 'where'
        ? 'nowhere'
        : () => Promise.reject(new ObservationError(code, `${capability}.${method} cannot look`)),
    ),
  ) as Capabilities;
}

/** A context for running a kind outside a gate run. */
export { caseContext as testContext };

function proxyOf(member: (name: string) => unknown): unknown {
  return new Proxy({}, { get: (_, name) => (typeof name === 'string' && name !== 'then' ? member(name) : undefined) });
}

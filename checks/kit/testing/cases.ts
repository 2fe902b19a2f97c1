/** Runs the cases of a kind, as `kit/cases-file.ts` reads them, and hands kinds capabilities that answer without a world behind them. */
import type { Capabilities, CheckContext } from '../../contract/capabilities.ts';
import { ObservationError } from '../../contract/capabilities.ts';
import type { OutcomeName, ReasonCode } from '../../contract/outcome.ts';
import type { CheckCase } from '../cases-file.ts';
import type { CheckKind } from '../kind.ts';
import type { Verdict } from '../verdict.ts';
import { isUnobserved } from '../verdict.ts';
import { validateParams } from '../params.ts';

interface Thrown {
  readonly code: ReasonCode;
  readonly message: string;
}
interface Answer {
  readonly throws?: Thrown;
  readonly returns?: unknown;
}
/** What came of a case, in the words of `expect`. */
export interface CaseResult {
  readonly outcome: OutcomeName;
  /** Of an error. */
  readonly reason?: ReasonCode;
  readonly findings: readonly string[];
  readonly doubts: readonly ReasonCode[];
  readonly subjects: readonly string[];
  /** For people: the findings' texts, or why. */
  readonly texts: readonly string[];
}

const DEFAULT_NOW = '2026-01-15T12:00:00Z';

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
    return { ...NOTHING, outcome: 'error', reason: error.code, texts: [error.message] };
  }
}

const NOTHING = { findings: [], doubts: [], subjects: [], texts: [] };

/** The only place that knows what a kind answers. */
function resultOf({ outcome, findings, doubts, subjects, absent }: Verdict): CaseResult {
  const [unobserved] = doubts.filter(({ reason }) => isUnobserved(reason));
  return {
    outcome,
    ...(outcome === 'error' && unobserved ? { reason: unobserved.reason } : {}),
    findings: findings.map(({ id }) => id),
    doubts: doubts.map(({ reason }) => reason),
    subjects,
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

/** The bundle of a run: all that its decision was made from, and the decision, in one file that can be replayed anywhere. */
import type { Decision } from '../../../checks/contract/decision.ts';
import type { DecisionInput, LedgerOutcome, LedgerPhase } from '../../decide/input.ts';
import { upgradedOutcome } from '../first-version.ts';
import type { OutcomeRecord } from '../../../checks/contract/outcome.ts';
import { isDecisionSchema, isIdentity, isObject, isPlan, isRunHeader } from '../shapes.ts';

/** v1 held outcomes without findings; it still replays. */
const BUNDLE_SCHEMAS = ['golive/bundle/v1', 'golive/bundle/v2'] as const;

export interface Bundle {
  readonly schema: (typeof BUNDLE_SCHEMAS)[number];
  readonly input: Omit<DecisionInput, 'now'> & { readonly now: string };
  /** Of a v1 bundle as it was written: a decision of `golive/decision/v1`. */
  readonly decision: Decision;
}

export function bundleOf(input: DecisionInput, decision: Decision): Bundle {
  return { schema: 'golive/bundle/v2', input: { ...input, now: input.now.toISOString() }, decision };
}

/** The input as it was, with its recorded now. */
export function inputOf({ input }: Bundle): DecisionInput {
  return {
    ...input,
    outcomes: input.outcomes.map((outcome) => upgradedOutcome(outcome) as OutcomeRecord),
    ledger: input.ledger.map(upgradedPhase),
    now: new Date(input.now),
  };
}

function upgradedPhase(phase: LedgerPhase): LedgerPhase {
  return { ...phase, outcomes: phase.outcomes.map((outcome) => upgradedOutcome(outcome) as LedgerOutcome) };
}

export function isBundle(value: unknown): value is Bundle {
  if (!isObject(value) || !(BUNDLE_SCHEMAS as readonly unknown[]).includes(value['schema'])) return false;
  const { input, decision } = value;
  if (!isObject(input) || !isObject(decision) || !isDecisionSchema(decision['schema'])) return false;
  const lists = ['outcomes', 'events', 'waivers', 'attestations', 'approvals', 'ledger'];
  return (
    isPlan(input['plan']) &&
    isRunHeader(input['runHeader']) &&
    (input['identity'] === null || isIdentity(input['identity'])) &&
    lists.every((name) => Array.isArray(input[name])) &&
    typeof input['now'] === 'string' &&
    !Number.isNaN(Date.parse(input['now']))
  );
}

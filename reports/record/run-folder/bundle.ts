/**
 * The bundle of a run: all that its decision was made from, and the decision, in one file that can be replayed anywhere. Of the ledger it
 * holds what the decision rests on, and each piece of evidence once, under the digest of its content: outcomes and decided items name it.
 */
import { isRecord } from '../../../checks/contract/json.ts';
import { digestOf } from '../../../checks/contract/canonical.ts';
import type { Decision } from '../../../checks/contract/decision.ts';
import type { LedgerOutcome } from '../../../checks/contract/ledger.ts';
import type { DecisionInput, LedgerPhase } from '../../decide/input.ts';
import { upgradedOutcome } from '../first-version.ts';
import type { Evidence, OutcomeRecord } from '../../../checks/contract/outcome.ts';
import { isDecisionSchema, isIdentity, isRunHeader } from '../shapes.ts';
import { isPlan } from '../../../specs/loader/plan-file.ts';

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

interface Evident {
  readonly evidence: readonly Evidence[];
}

/** What is written of a bundle. */
export function packed({ input, decision, ...rest }: Bundle): object {
  const evidence: Record<string, Evidence> = {};
  const known = new Map<Evidence, string>();
  const addressOf = (one: Evidence): string => {
    const address = known.get(one) ?? digestOf(one);
    known.set(one, address);
    evidence[address] ??= one;
    return address;
  };
  const pack = (of: Evident): object => ({ ...of, evidence: of.evidence.map(addressOf) });
  const outcomes = input.outcomes.map(pack);
  const items = decision.items.map(pack);
  return { ...rest, input: { ...input, outcomes }, decision: { ...decision, items }, evidence };
}

/**
 * The bundle that was written, whatever version wrote it; null for what is none. Evidence that is not what its address says, or is nowhere,
 * makes it none, too.
 */
export function unpacked(value: unknown): Bundle | null {
  if (!isRecord(value) || !isRecord(value['input']) || !isRecord(value['decision'])) return null;
  const { input, decision, evidence = {}, ...rest } = value;
  if (!isRecord(evidence) || !Object.entries(evidence).every(([address, one]) => digestOf(one) === address))
    return null;
  const unpack = (of: unknown): unknown =>
    isRecord(of) ? { ...of, evidence: withEvidence(of['evidence'], evidence) } : of;
  const lists = (of: Fields, name: string): Fields => {
    const list = of[name];
    return Array.isArray(list) ? { ...of, [name]: list.map(unpack) } : of;
  };
  const bundle = { ...rest, input: lists(input, 'outcomes'), decision: lists(decision, 'items') };
  return isBundle(bundle) ? bundle : null;
}

type Fields = Readonly<Record<string, unknown>>;

/** Earlier versions wrote evidence where it belongs. Undefined where an address is nowhere. */
function withEvidence(list: unknown, evidence: Fields): unknown {
  if (!Array.isArray(list)) return list;
  const found = list.map((one: unknown) => (typeof one === 'string' ? evidence[one] : one));
  return found.includes(undefined) ? undefined : found;
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

function isBundle(value: unknown): value is Bundle {
  if (!isRecord(value) || !(BUNDLE_SCHEMAS as readonly unknown[]).includes(value['schema'])) return false;
  const { input, decision } = value;
  if (!isRecord(input) || !isRecord(decision) || !isDecisionSchema(decision['schema'])) return false;
  const lists = ['outcomes', 'events', 'waivers', 'attestations', 'approvals', 'ledger'];
  return (
    isPlan(input['plan']) &&
    isRunHeader(input['runHeader']) &&
    (input['identity'] === null || isIdentity(input['identity'])) &&
    lists.every((name) => Array.isArray(input[name])) &&
    [input['outcomes'], decision['items']].every(areEvident) &&
    typeof input['now'] === 'string' &&
    !Number.isNaN(Date.parse(input['now']))
  );
}

function areEvident(list: unknown): boolean {
  return Array.isArray(list) && list.every((one) => isRecord(one) && Array.isArray(one['evidence']));
}

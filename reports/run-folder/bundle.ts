/** The bundle of a run: all that its decision was made from, and the decision, in one file that can be replayed anywhere. */
import type { Decision } from '../../checks/contract/decision.ts';
import type { DecisionInput } from '../decide/input.ts';
import { isIdentity, isObject, isPlan, isRunHeader } from './shapes.ts';

export interface Bundle {
  readonly schema: 'golive/bundle/v1';
  readonly input: Omit<DecisionInput, 'now'> & { readonly now: string };
  readonly decision: Decision;
}

export function bundleOf(input: DecisionInput, decision: Decision): Bundle {
  return { schema: 'golive/bundle/v1', input: { ...input, now: input.now.toISOString() }, decision };
}

/** The input as it was, with its recorded now. */
export function inputOf({ input }: Bundle): DecisionInput {
  return { ...input, now: new Date(input.now) };
}

export function isBundle(value: unknown): value is Bundle {
  if (!isObject(value) || value['schema'] !== 'golive/bundle/v1') return false;
  const { input, decision } = value;
  if (!isObject(input) || !isObject(decision) || decision['schema'] !== 'golive/decision/v1') return false;
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

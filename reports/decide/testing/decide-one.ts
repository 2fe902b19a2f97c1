import type { OutcomeRecord } from '../../../checks/contract/outcome.ts';
import type { Decision } from '../../../checks/contract/decision.ts';
import { decide } from '../decide.ts';
import type { DecisionInput } from '../input.ts';
import { inputOf, itemOf, planOf, recordOf } from './inputs.ts';

/** One item of interest beside one that passes, so that the phase has been judged. */
export function decideOne(
  item: Parameters<typeof itemOf>[1],
  record: Partial<OutcomeRecord> | null,
  over: Partial<DecisionInput> = {},
): Decision {
  const plan = planOf([itemOf('A', item), itemOf('B')]);
  const outcomes = [recordOf(plan, 'B')];
  if (record) outcomes.push(recordOf(plan, 'A', record.outcome ?? 'pass', record));
  return decide(inputOf(plan, { outcomes, ...over }));
}

import type { ItemOutcome } from '../../contract/run-reader.ts';
import {
  defineCheck,
  ObservationError,
  type Capabilities,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { nameList } from '../../kit/evidence.ts';
import { judged } from '../../kit/judged.ts';
import { outcomesTable, saidOf, subjectOf, unsettledText } from '../outcomes.ts';

const messages = {
  missed: {
    says: '{subject}: the target is missed ({said}), expected it to be met.',
    fix: 'Repair what it says and measure again.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['items'],
  properties: {
    items: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: { type: 'string', minLength: 1 },
      description: 'Ids of the items that measure the targets.',
    },
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

export const targetsMet = defineCheck({
  meta: {
    kind: 'decision/targets-met',
    title: 'All targets are met',
    why: 'What was promised is decided by its measured values together, not by the one that looks best.',
    sees: 'What became of each listed item, by this run or by the latest that judged it, with the values it measured. Not: anything those items do not measure.',
    needs: ['runs'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: () => [],
  gather,
  judge,
});

async function gather({ items }: Params, { runs }: Pick<Capabilities, 'runs'>): Promise<readonly ItemOutcome[]> {
  const outcomes = await runs.outcomes();
  const unknown = items.filter((id) => !outcomes.some(({ item }) => item === id));
  if (unknown.length === 0) return outcomes;
  throw new ObservationError('misconfigured', `The checklist has no item ${nameList(unknown)}.`, {
    fix: 'Correct params.items',
  });
}

function judge({ items }: Params, outcomes: readonly ItemOutcome[]): Judgement<Id> {
  const listed = outcomes.filter(({ item }) => items.includes(item));
  const counted = listed.filter(({ outcome }) => outcome !== 'not-applicable');
  const findings = counted
    .filter(({ outcome }) => outcome === 'fail')
    .map((item): Finding<Id> => ({ message: 'missed', subject: subjectOf(item), data: { said: saidOf(item) } }));
  const evidence = [outcomesTable('Targets', listed)] as const;
  const unsettled = counted.filter(({ outcome }) => outcome !== 'pass');
  if (findings.length === 0 && unsettled.length > 0)
    return {
      outcome: 'inconclusive',
      reason: 'too-few-subjects',
      why: `No target is known to be missed, but not all were measured. ${unsettledText(unsettled)}`,
      evidence,
    };
  return judged<Id>(findings, counted.map(subjectOf), evidence, 'No listed target is applicable here.');
}

import type { ItemOutcome } from '../../contract/run-reader.ts';
import {
  defineCheck,
  ObservationError,
  type Capabilities,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../define-check.ts';
import { nameList } from '../../support/evidence.ts';
import { judged } from '../../support/judged.ts';
import { outcomesTable, saidOf, subjectOf } from '../../support/outcomes.ts';

const messages = {
  missed: {
    says: '{subject}: the target is missed ({said}), expected it to be met.',
    fix: 'Repair what it says and measure again.',
  },
  notMeasured: {
    says: '{subject}: {outcome} ({said}), expected a target that was measured and met.',
    fix: 'Remove what keeps it from being measured, and run its phase again.',
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
  const findings = counted.flatMap((item): Finding<Id>[] => {
    const { outcome } = item;
    if (outcome === 'pass') return [];
    const [subject, said] = [subjectOf(item), saidOf(item)];
    return outcome === 'fail'
      ? [{ message: 'missed', subject, data: { said } }]
      : [{ message: 'notMeasured', subject, data: { outcome, said } }];
  });
  const evidence = [outcomesTable('Targets', listed)] as const;
  return judged<Id>(findings, counted.map(subjectOf), evidence, 'No listed target is applicable here.');
}

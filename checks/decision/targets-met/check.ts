import { nameList } from '../../kit/evidence.ts';
import { kind, ObservationError } from '../../kit/kind.ts';
import { judgeItems, outcomesTable } from '../outcomes.ts';

export const targetsMet = kind('decision/targets-met', {
  title: 'All targets are met',
  why: 'What was promised is decided by its measured values together, not by the one that looks best.',
  sees: ['What became of each listed item, by this run or by the latest that judged it, with the values it measured.'],
  not: ['Anything those items do not measure.'],
  needs: ['runs'],
  params: {
    items: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: { type: 'string', minLength: 1 },
      description: 'Ids of the items that measure the targets.',
    },
  },
  required: ['items'],
  messages: {
    missed: {
      says: '{subject}: the target is missed ({said}), expected it to be met.',
      fix: 'Repair what it says and measure again.',
    },
  },

  async gather({ items }, { runs }) {
    const outcomes = await runs.outcomes();
    const unknown = items.filter((id) => !outcomes.some(({ item }) => item === id));
    if (unknown.length === 0) return outcomes;
    throw new ObservationError('misconfigured', `The checklist has no item ${nameList(unknown)}.`, {
      detail: 'unknown-item',
      fix: 'Correct params.items.',
    });
  },

  judge({ items }, outcomes, say) {
    const listed = outcomes.filter(({ item }) => items.includes(item));
    const counted = listed.filter(({ outcome }) => outcome !== 'not-applicable');
    judgeItems(counted, say, (subject, data) => say.fail('missed', subject, data));
    if (counted.length === 0) say.unsure('no-subjects', 'No listed target is applicable here.');
    say.show(outcomesTable('Targets', listed));
  },
});

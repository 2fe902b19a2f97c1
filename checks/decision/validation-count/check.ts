import { kind } from '../../kit/kind.ts';
import { countsOf, judgeItems, outcomesTable } from '../outcomes.ts';

/** They come after, or are judged by, what this counts. */
const NOT_COUNTED = ['final', 'post-deployment'];
const JUDGED = ['pass', 'fail', 'error', 'inconclusive'];

export const validationCount = kind('decision/validation-count', {
  title: 'Enough checks ran, and all of them passed',
  why: 'A checklist that shrank, or of which half was skipped, is green as well.',
  sees: [
    'What became of every other item of this release in this environment, by this run or by the latest that judged it: how many passed, and that each of those that ran did.',
  ],
  not: [
    'Items of the final phase and of the scheduled verification.',
    'Planned, not applicable, pending and not run ones, which are shown and not counted.',
  ],
  needs: ['runs'],
  params: {
    min: { type: 'integer', minimum: 1, default: 67, description: 'Items that must have run and passed.' },
  },
  messages: {
    notPassed: {
      says: '{subject}: failed ({said}), expected pass.',
      fix: 'Repair what these items say, and run their phases again.',
    },
  },
  gather: (_, { runs }) => runs.outcomes(),

  judge({ min }, outcomes, say) {
    const items = outcomes.filter(({ phase }) => !NOT_COUNTED.includes(phase));
    const ran = items.filter(({ outcome }) => JUDGED.includes(outcome));
    judgeItems(ran, say, (subject, data) => say.fail('notPassed', subject, data));
    if (ran.length < min)
      say.unsure('too-few-subjects', `${ran.length} checks ran, at least ${min} are needed (${countsOf(items)}).`);
    say.show(
      {
        type: 'value',
        title: 'Items that passed',
        value: ran.filter(({ outcome }) => outcome === 'pass').length,
        unit: 'count',
        bound: { comparison: '>=', value: min },
      },
      { type: 'text', title: 'All items', text: countsOf(items) },
      outcomesTable('Items that ran', ran),
    );
  },
});

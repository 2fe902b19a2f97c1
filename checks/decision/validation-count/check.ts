import type { ItemOutcome } from '../../contract/run-reader.ts';
import {
  defineCheck,
  type Capabilities,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { judged } from '../../kit/judged.ts';
import { countsOf, outcomesTable, saidOf, subjectOf, unsettledText } from '../outcomes.ts';

const messages = {
  notPassed: {
    says: '{subject}: failed ({said}), expected pass.',
    fix: 'Repair what these items say, and run their phases again.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  properties: {
    min: { type: 'integer', minimum: 1, default: 67, description: 'Items that must have run and passed.' },
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

export const validationCount = defineCheck({
  meta: {
    kind: 'decision/validation-count',
    title: 'Enough checks ran, and all of them passed',
    why: 'A checklist that shrank, or of which half was skipped, is green as well.',
    sees: 'What became of every other item of this release in this environment, by this run or by the latest that judged it: how many passed, and that none failed or could not be told. Not: items of the final phase and of the scheduled verification; planned, not applicable, pending and not run ones are told and not counted.',
    needs: ['runs'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: () => [],
  gather: async (_: Params, { runs }: Pick<Capabilities, 'runs'>) => await runs.outcomes(),
  judge,
});

/** They come after, or are judged by, what this counts. */
const NOT_COUNTED = ['final', 'post-deployment'];
const JUDGED = ['pass', 'fail', 'error', 'inconclusive'];

function judge({ min }: Params, outcomes: readonly ItemOutcome[]): Judgement<Id> {
  const items = outcomes.filter(({ phase }) => !NOT_COUNTED.includes(phase));
  const ran = items.filter(({ outcome }) => JUDGED.includes(outcome));
  const evidence = [
    {
      type: 'value',
      title: 'Items that passed',
      value: ran.filter(({ outcome }) => outcome === 'pass').length,
      unit: 'count',
      bound: { comparison: '>=', value: min },
    },
    { type: 'text', title: 'All items', text: countsOf(items) },
    outcomesTable('Items that ran', ran),
  ] as const;
  const findings = ran
    .filter(({ outcome }) => outcome === 'fail')
    .map((item): Finding<Id> => ({ message: 'notPassed', subject: subjectOf(item), data: { said: saidOf(item) } }));
  const inconclusive = (why: string): Judgement<Id> => ({
    outcome: 'inconclusive',
    reason: 'too-few-subjects',
    why,
    evidence,
  });
  if (findings.length === 0 && ran.length < min)
    return inconclusive(`${ran.length} checks ran, at least ${min} are needed (${countsOf(items)}).`);
  const unsettled = ran.filter(({ outcome }) => outcome !== 'pass');
  if (findings.length === 0 && unsettled.length > 0)
    return inconclusive(`No check failed, but not all could be judged. ${unsettledText(unsettled)}`);
  return judged<Id>(findings, ran.map(subjectOf), evidence, '');
}

import type { ItemOutcome } from '../../contract/run-reader.ts';
import {
  defineCheck,
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
  failed: {
    says: '{subject}: failed ({said}), expected every critical security check to pass.',
    fix: 'Repair what it says and run its phase again; a critical security failure goes live with nobody.',
  },
};
type Id = keyof typeof messages;

const names = (description: string) =>
  ({ type: 'array', uniqueItems: true, items: { type: 'string', minLength: 1 }, description }) as const;

const params = {
  type: 'object',
  additionalProperties: false,
  properties: {
    owners: { ...names('Owners whose critical items are security checks.'), default: ['security-team'] },
    sections: { ...names('Sections of the checklist whose critical items are security checks, too.'), default: [] },
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

export const securityFailures = defineCheck({
  meta: {
    kind: 'decision/security-failures',
    title: 'No critical security check fails',
    why: 'A waiver, a skipped phase or an error must not carry an open security failure into production.',
    sees: 'What became of every critical item of these owners and sections, by this run or by the latest that judged it: passed, and not merely without a failure. Not: planned items, which nobody has built, and items of the final phase.',
    needs: ['runs'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: () => [],
  gather: async (_: Params, { runs }: Pick<Capabilities, 'runs'>) => await runs.outcomes(),
  judge,
});

function judge({ owners, sections }: Params, outcomes: readonly ItemOutcome[]): Judgement<Id> {
  const concerned = outcomes.filter(
    ({ severity, owner, section, phase }) =>
      severity === 'critical' &&
      !['final', 'post-deployment'].includes(phase) &&
      (owners.includes(owner) || (section !== undefined && sections.includes(section))),
  );
  const counted = concerned.filter(({ outcome }) => outcome !== 'planned' && outcome !== 'not-applicable');
  const left = concerned.filter((item) => !counted.includes(item));
  const evidence = [
    {
      type: 'value',
      title: 'Critical security checks that did not pass',
      value: counted.filter(({ outcome }) => outcome !== 'pass').length,
      unit: 'count',
      bound: { comparison: '==', value: 0 },
    },
    outcomesTable('Critical security checks', counted),
    {
      type: 'text',
      title: 'Planned or not applicable',
      text: nameList(
        left.map(({ item, outcome }) => `${item} (${outcome})`),
        50,
      ),
    },
  ] as const;
  const findings = counted
    .filter(({ outcome }) => outcome === 'fail')
    .map((item): Finding<Id> => ({ message: 'failed', subject: subjectOf(item), data: { said: saidOf(item) } }));
  const unsettled = counted.filter(({ outcome }) => outcome !== 'pass');
  if (findings.length === 0 && unsettled.length > 0)
    return {
      outcome: 'inconclusive',
      reason: 'too-few-subjects',
      why: `No critical security check failed, but not all were judged. ${unsettledText(unsettled)}`,
      evidence,
    };
  return judged<Id>(
    findings,
    counted.map(subjectOf),
    evidence,
    `No critical item of ${nameList([...owners, ...sections])} is there to be judged.`,
  );
}

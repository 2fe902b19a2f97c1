import { nameList } from '../../kit/evidence.ts';
import { kind } from '../../kit/kind.ts';
import { judgeItems, outcomesTable } from '../outcomes.ts';

const names = (description: string) =>
  ({ type: 'array', uniqueItems: true, items: { type: 'string', minLength: 1 }, description }) as const;

/** They judge, or come after, what this looks at. */
const NOT_LOOKED_AT = ['final', 'post-deployment'];

export const securityFailures = kind('decision/security-failures', {
  title: 'No critical security check fails',
  why: 'A waiver, a skipped phase or an error must not carry an open security failure into production.',
  sees: [
    'What became of every critical item of these owners and sections, by this run or by the latest that judged it: passed, and not merely without a failure.',
  ],
  not: ['Items of the final phase.', 'What is not applicable.'],
  needs: ['runs'],
  params: {
    owners: { ...names('Owners whose critical items are security checks.'), default: ['security-team'] },
    sections: { ...names('Sections of the checklist whose critical items are security checks, too.'), default: [] },
  },
  messages: {
    failed: {
      says: '{subject}: failed ({said}), expected every critical security check to pass.',
      fix: 'Repair what it says and run its phase again; a critical security failure goes live with nobody.',
    },
  },
  gather: (_, { runs }) => runs.outcomes(),

  judge({ owners, sections }, outcomes, say) {
    const concerned = outcomes.filter(
      ({ severity, owner, section, phase }) =>
        severity === 'critical' &&
        !NOT_LOOKED_AT.includes(phase) &&
        (owners.includes(owner) || (section !== undefined && sections.includes(section))),
    );
    // What is not implemented has been looked at by nobody.
    const counted = concerned.filter(({ outcome }) => outcome !== 'not-applicable');
    const left = concerned.filter((item) => !counted.includes(item)).map(({ item }) => item);
    judgeItems(counted, say, (subject, data) => say.fail('failed', subject, data));
    if (counted.length === 0)
      say.unsure('no-subjects', `No critical item of ${nameList([...owners, ...sections])} is there to be judged.`);
    say.show(
      {
        type: 'value',
        title: 'Critical security checks that did not pass',
        value: counted.filter(({ outcome }) => outcome !== 'pass').length,
        unit: 'count',
        bound: { comparison: '==', value: 0 },
      },
      outcomesTable('Critical security checks', counted),
      { type: 'text', title: 'Not applicable', text: nameList(left, 50) },
    );
  },
});

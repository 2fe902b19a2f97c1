import { MUTATIONS } from '../../contract/environment.ts';
import type { Mutation } from '../../contract/environment.ts';
import type { Evidence, NonEmpty } from '../../contract/outcome.ts';
import { defineCheck, ObservationError } from '../../kit/define-check.ts';
import type { FromSchema, JSONSchema, Judgement } from '../../kit/define-check.ts';

/** What a test of a team's spec left when it ended by itself, passed or failed by assertions: what this kind judges. */
export interface SpecReport {
  /** In order; the same subject may be observed often. */
  readonly observations: readonly { readonly subject: string; readonly evidence: Evidence }[];
  /** Messages of the assertions that failed, soft ones included; without colours and stacks. */
  readonly failedAssertions: readonly string[];
  /** The test says `test.fail()`. */
  readonly markedToFail: boolean;
}

const messages = {
  assertionFailed: {
    says: '{subject}: {assertion}',
    fix: "Repair what the assertion looked at; Playwright's report shows its line in the spec.",
  },
  markedToFail: {
    says: '{subject}: is marked by test.fail(), and a test that must fail proves nothing, expected a plain test.',
    fix: 'Remove test.fail() from the spec; a known failure is a waiver.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['file', 'title'],
  properties: {
    file: {
      type: 'string',
      pattern: '^[^/\\n\\r][^\\n\\r]*\\.spec\\.ts$',
      description: 'The spec, relative to specs/, for example shop/checkout.spec.ts.',
    },
    title: {
      type: 'string',
      pattern: '^\\S([^\\n\\r]*\\S)?$',
      description:
        'Title of one test in it, or its title path: the titles of its describes and its own, with " › " between them.',
    },
    mutation: {
      type: 'string',
      enum: MUTATIONS,
      description:
        "Class of change the test makes. Without it the test only reads; with it the item changes something: it must stand in a sequential phase, needs the class in the environment's mutations, and arming.",
    },
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

/**
 * A Playwright test of a team. It looks for itself: Playwright runs it, the `test` of fixtures/test.ts records what it saw, and
 * the engine never calls `gather`. It is handed no capability and needs no right in the cluster.
 */
export const playwrightSpec = defineCheck({
  meta: {
    kind: 'playwright/spec',
    title: "A team's own Playwright test passes and says what it saw",
    why: 'What only the team knows how to try, such as a purchase from end to end, breaks without any other check noticing.',
    sees: 'The things that the test reported by evidence.observe(subject, evidence), and that none of its assertions failed. Not: whether its assertions are enough. The rights it uses are its own and are not in the generated Role.',
    needs: [],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: () => [],
  mutationOf: ({ mutation }: Params): Mutation | undefined => mutation,
  gather: ({ file, title }: Params): Promise<SpecReport> =>
    Promise.reject(
      new ObservationError('misconfigured', `${specName(file, title)} looks for itself: only Playwright can run it`, {
        fix: 'Run it by npx playwright test',
      }),
    ),
  judge,
});

/** The test as messages and reports name it. */
export function specName(file: string, title: string): string {
  return `${file} › ${title}`;
}

function judge({ file, title }: Params, report: SpecReport): Judgement<Id> {
  const subject = specName(file, title);
  const evidence = report.observations.map((observation) => observation.evidence);
  const subjects = [...new Set(report.observations.map((observation) => observation.subject))];
  const [assertion, ...others] = report.failedAssertions;
  if (assertion !== undefined) {
    const finding = (text: string) =>
      ({ message: 'assertionFailed', subject, data: { assertion: firstLines(text) } }) as const;
    return {
      outcome: 'fail',
      findings: [finding(assertion), ...others.map(finding)],
      subjects: subjects.length > 0 ? subjects : [subject],
      evidence: [{ type: 'text', title: 'Failed assertions', text: report.failedAssertions.join('\n\n') }, ...evidence],
    };
  }
  if (report.markedToFail) {
    const text = 'The test passed although it says test.fail().';
    return {
      outcome: 'fail',
      findings: [{ message: 'markedToFail', subject }],
      subjects: subjects.length > 0 ? subjects : [subject],
      evidence: [{ type: 'text', title: 'Marked to fail', text }, ...evidence],
    };
  }
  if (!isNonEmpty(subjects) || !isNonEmpty(evidence)) {
    return {
      outcome: 'inconclusive',
      reason: 'no-subjects',
      why: `${subject}: the test passed but reported nothing that it saw. Fix: call evidence.observe(subject, evidence) for each thing it looked at.`,
      evidence: [],
    };
  }
  return { outcome: 'pass', subjects, evidence };
}

function isNonEmpty<T>(list: readonly T[]): list is NonEmpty<T> {
  return list.length > 0;
}

const LINES_KEPT = 8;

/** The start of an assertion's message, without empty lines: what was expected and what came. */
function firstLines(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.length > LINES_KEPT ? [...lines.slice(0, LINES_KEPT), '…'].join('\n') : lines.join('\n');
}

import { MUTATIONS } from '../../contract/environment.ts';
import { kind, ObservationError, type Evidence } from '../../kit/kind.ts';

/** What a test of a team's spec left when it ended by itself, passed or failed by assertions: what this kind judges. */
export interface SpecReport {
  /** In order; the same subject may be observed often. */
  readonly observations: readonly { readonly subject: string; readonly evidence: Evidence }[];
  /** Messages of the assertions that failed, soft ones included; without colours and stacks. */
  readonly failedAssertions: readonly string[];
  /** The test says `test.fail()`. */
  readonly markedToFail: boolean;
}

/**
 * A Playwright test of a team. It looks for itself: Playwright runs it, the `test` of fixtures/test.ts records what it saw, and
 * the engine never calls `gather`. It is handed no capability and needs no right in the cluster.
 */
export const playwrightSpec = kind('playwright/spec', {
  title: "A team's own Playwright test passes and says what it saw",
  why: 'What only the team knows how to try, such as a purchase from end to end, breaks without any other check noticing.',
  sees: [
    'The things that the test reported by evidence.observe(subject, evidence), and that none of its assertions failed.',
  ],
  not: [
    'Whether its assertions are enough.',
    'The rights that the test uses: they are its own and are not in the generated Role.',
  ],
  needs: [],
  params: {
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
  required: ['file', 'title'],
  messages: {
    assertionFailed: {
      says: '{subject}: {assertion}',
      fix: "Repair what the assertion looked at; Playwright's report shows its line in the spec.",
    },
    markedToFail: {
      says: '{subject}: is marked by test.fail(), and a test that must fail proves nothing, expected a plain test.',
      fix: 'Remove test.fail() from the spec; a known failure is a waiver.',
    },
  },
  mutationOf: ({ mutation }) => mutation,
  gather: ({ file, title }): Promise<SpecReport> =>
    Promise.reject(
      new ObservationError('misconfigured', `${specName(file, title)} looks for itself: only Playwright can run it`, {
        fix: 'Run it by npx playwright test',
      }),
    ),

  judge({ file, title }, { observations, failedAssertions, markedToFail }, say) {
    const subject = specName(file, title);
    const failed = failedAssertions.length > 0 || markedToFail;
    say.judged(...observations.map((one) => one.subject));
    for (const assertion of failedAssertions)
      say.fail('assertionFailed', subject, { assertion: firstLines(assertion) });
    if (failedAssertions.length > 0)
      say.show({ type: 'text', title: 'Failed assertions', text: failedAssertions.join('\n\n') });
    // Marked to fail, it must fail: that it did says nothing more.
    else if (markedToFail) say.fail('markedToFail', subject);
    say.show(...observations.map((one) => one.evidence));
    if (observations.length > 0) return;
    if (failed) return say.judged(subject);
    say.unsure(
      'no-subjects',
      `${subject}: the test passed but reported nothing that it saw. Fix: call evidence.observe(subject, evidence) for each thing it looked at.`,
      { subject },
    );
  },
});

/** The test as messages and reports name it. */
export function specName(file: string, title: string): string {
  return `${file} › ${title}`;
}

const LINES_KEPT = 8;

/** The start of an assertion's message, without empty lines: what was expected and what came. */
function firstLines(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.length > LINES_KEPT ? [...lines.slice(0, LINES_KEPT), '…'].join('\n') : lines.join('\n');
}

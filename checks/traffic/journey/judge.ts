/** How a walked journey is judged. */
import { durationMs, formatMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import type { Say } from '../../kit/kind.ts';
import { statusText, type Problem } from './expectations.ts';
import type { Params, Step } from './params.ts';
import { isGood, requestName, type Gathered, type Walked } from './run.ts';

export const messages = {
  noAnswer: {
    says: '{subject}: {request} got no answer ({why}), expected {expected}.',
    fix: 'Start the service, or open the way to it from where the gate runs.',
  },
  wrongStatus: {
    says: '{subject}: {request} answered {actual}{tries}, expected {expected}.',
    fix: 'Read the log of the service for that request, and what the steps before it left behind.',
  },
  notJson: {
    says: '{subject}: {request} answered something that is no JSON ({type}){tries}, expected JSON that meets its schema.',
    fix: 'Check the path: an error or start page is answering, or the answer was cut off.',
  },
  wrongShape: {
    says: '{subject}: {request}: {problems}{tries}, expected an answer that meets the schema of the step.',
    fix: 'Compare the answer with what the steps before it wrote: the service forgot it, changed it or answers another shape.',
  },
  wrongHeader: {
    says: '{subject}: {request}: header {header} is {actual}{tries}, expected {expected}.',
    fix: 'Set the header in the service or in the proxy before it.',
  },
  wrongAnswerer: {
    says: '{subject}: {request}: header {header} is {actual}{tries}, expected {expected} of every answer: another deployment may be answering.',
    fix: 'Compare the route, the Service and its selector with the deployment that is to be tried.',
  },
  tooSlow: {
    says: '{subject}: {request} took {actual}{tries}, expected at most {expected}.',
    fix: 'Find where the time goes before users wait for it.',
  },
  notSaved: {
    says: '{subject}: {request}: the answer has no {path}{tries}, expected a value that later steps use.',
    fix: 'Correct the path in save, or restore the member in the answer of the service.',
  },
  outOfTime: {
    says: '{subject}: took {actual} for {made} of {total} steps, expected all of them within {expected}.',
    fix: 'See in the table of steps which of them took long.',
  },
  notCleanedUp: {
    says: '{subject}: {request} {why}, expected nothing to be left behind.',
    fix: 'Remove by hand what carries the marker {nonce}.',
  },
} as const;

type Speaks = Say<typeof messages>;

export function judge(params: Params, seen: Gathered, say: Speaks): void {
  const { steps, totalTimeout } = params;
  const { walked, cleaned, nonce, tookMs, outOfTime } = seen;
  for (const made of walked) judgeStep(made, steps, say);
  if (outOfTime)
    say.fail('outOfTime', 'All steps together', {
      actual: formatMs(tookMs),
      made: walked.length,
      total: steps.length,
      expected: formatMs(durationMs(totalTimeout)),
    });
  else if (walked.length < steps.length && walked.every(isGood))
    say.unsure('too-few-subjects', `${walked.length} of ${steps.length} steps were made.`);
  for (const { name, request, failed } of cleaned)
    if (failed !== undefined) say.fail('notCleanedUp', `Cleaning up "${name}"`, { request, why: failed, nonce });
  showAll(params, seen, say);
}

function judgeStep(made: Walked, steps: readonly Step[], say: Speaks): void {
  const { name, request, noAnswer } = made;
  const subject = `Step "${name}"`;
  say.judged(subject);
  if (noAnswer !== undefined) {
    const step = steps.find((one) => one.name === name);
    const expected = step ? statusText(step.expect.status) : 'an answer';
    return say.fail('noAnswer', subject, { request, why: noAnswer, expected });
  }
  const tries = made.tries > 1 ? ` at the last of ${made.tries} tries` : '';
  for (const problem of made.problems) sayProblem(problem, subject, { request, tries }, say);
}

/** A branch for each set of data, so that what a message lacks is a compile error. */
function sayProblem(
  problem: Problem,
  subject: string,
  about: { readonly request: string; readonly tries: string },
  say: Speaks,
): void {
  switch (problem.message) {
    case 'wrongStatus':
    case 'tooSlow':
      return say.fail(problem.message, subject, { ...problem.data, ...about });
    case 'wrongHeader':
    case 'wrongAnswerer':
      return say.fail(problem.message, subject, { ...problem.data, ...about });
    case 'notJson':
      return say.fail(problem.message, subject, { ...problem.data, ...about });
    case 'wrongShape':
      return say.fail(problem.message, subject, { ...problem.data, ...about });
    case 'notSaved':
      return say.fail(problem.message, subject, { ...problem.data, ...about });
  }
}

/** Neither bodies nor saved values: both may hold tokens and customers' data. */
function showAll({ endpoint, steps, totalTimeout }: Params, seen: Gathered, say: Speaks): void {
  const { walked, cleaned, nonce, tookMs } = seen;
  say.show(
    table(
      `Steps at ${endpoint.url}`,
      ['step', 'request', 'expected', 'status', 'tries', 'ms', 'verdict'],
      steps.map((step) => {
        const about = [step.name, requestName(step), statusText(step.expect.status)];
        const made = walked.find(({ name }) => name === step.name);
        if (!made) return [...about, null, 0, null, 'not reached'];
        const wrong = made.noAnswer ?? made.problems.map(({ message }) => message).join(', ');
        return [...about, made.status, made.tries, made.ms, wrong === '' ? 'as expected' : wrong];
      }),
    ),
    table(
      'Cleaning up',
      ['step', 'request', 'status', 'verdict'],
      cleaned.map(({ name, request, status, needless, failed }) => [
        name,
        request,
        status,
        failed ?? (needless === undefined ? 'done' : `not needed: ${needless}`),
      ]),
    ),
    {
      type: 'value',
      title: 'All steps together',
      value: tookMs,
      unit: 'ms',
      bound: { comparison: '<=', value: durationMs(totalTimeout) },
    },
    { type: 'text', title: 'Marker of what this run made', text: nonce },
  );
}

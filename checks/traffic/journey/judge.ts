/** How a walked journey is judged. */
import { durationMs, formatMs } from '../../contract/units.ts';
import type { Evidence, Finding, Judgement } from '../../kit/define-check.ts';
import { table } from '../../kit/evidence.ts';
import { judged } from '../../kit/judged.ts';
import { statusText } from './expectations.ts';
import type { Params, Step } from './params.ts';
import { requestName, type Gathered, type Walked } from './run.ts';

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
};
type Id = keyof typeof messages;

export function judge(params: Params, gathered: Gathered): Judgement<Id> {
  const { walked, outOfTime } = gathered;
  const evidence = evidenceOf(params, gathered);
  const findings = [
    ...walked.flatMap((made) => findingsOf(made, params)),
    ...(outOfTime ? [outOfTimeFinding(params, gathered)] : []),
    ...cleanupFindings(gathered),
  ];
  if (findings.length === 0 && walked.length < params.steps.length)
    return {
      outcome: 'inconclusive',
      reason: 'too-few-subjects',
      why: `${walked.length} of ${params.steps.length} steps were made.`,
      evidence,
    };
  return judged(findings, walked.map(subjectOf), evidence, '');
}

const subjectOf = ({ name }: { readonly name: string }): string => `Step "${name}"`;

function findingsOf(made: Walked, { steps }: Params): Finding<Id>[] {
  const subject = subjectOf(made);
  const { request } = made;
  const tries = made.tries > 1 ? ` at the last of ${made.tries} tries` : '';
  if (made.noAnswer !== undefined) {
    const step = steps.find(({ name }) => name === made.name);
    const expected = step ? statusText(step.expect.status) : 'an answer';
    return [{ message: 'noAnswer', subject, data: { request, why: made.noAnswer, expected } }];
  }
  return made.problems.map(({ message, data }) => ({ message, subject, data: { ...data, request, tries } }));
}

function outOfTimeFinding({ steps, totalTimeout }: Params, { walked, tookMs }: Gathered): Finding<Id> {
  return {
    message: 'outOfTime',
    subject: 'All steps together',
    data: {
      actual: formatMs(tookMs),
      made: walked.length,
      total: steps.length,
      expected: formatMs(durationMs(totalTimeout)),
    },
  };
}

function cleanupFindings({ cleaned, nonce }: Gathered): Finding<Id>[] {
  return cleaned.flatMap(({ name, request, failed }): Finding<Id>[] =>
    failed === undefined
      ? []
      : [{ message: 'notCleanedUp', subject: `Cleaning up "${name}"`, data: { request, why: failed, nonce } }],
  );
}

/** Neither bodies nor saved values: both may hold tokens and customers' data. */
function evidenceOf(params: Params, gathered: Gathered): readonly [Evidence, ...Evidence[]] {
  const { walked, cleaned, nonce, tookMs } = gathered;
  return [
    table(
      `Steps at ${params.endpoint.url}`,
      ['step', 'request', 'expected', 'status', 'tries', 'ms', 'verdict'],
      params.steps.map((step) =>
        rowOf(
          step,
          walked.find(({ name }) => name === step.name),
        ),
      ),
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
      bound: { comparison: '<=', value: durationMs(params.totalTimeout) },
    },
    { type: 'text', title: 'Marker of what this run made', text: nonce },
  ];
}

function rowOf(step: Step, made: Walked | undefined) {
  const about = [step.name, requestName(step), statusText(step.expect.status)];
  if (!made) return [...about, null, 0, null, 'not reached'];
  const wrong = made.noAnswer ?? made.problems.map(({ message }) => message).join(', ');
  return [...about, made.status, made.tries, made.ms, wrong === '' ? 'as expected' : wrong];
}

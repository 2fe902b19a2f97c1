/** What of a run people want to hear: one stream of events, made from what the run has recorded so far. Pure. */
import { valueText } from '../../checks/protocols/prometheus.ts';
import { NOTICE_MS } from '../../reports/decide/people.ts';
import { regressions } from './regressions.ts';
import type { NotifyEvent, RunSoFar } from './run-so-far.ts';

/** Findings in one message. */
const MOST_LINES = 10;

/** Every event of the run until now, the first first. */
export function eventsOf(run: RunSoFar): readonly NotifyEvent[] {
  return [
    ...phasesBegun(run),
    ...blockingFailures(run),
    ...rollbacks(run),
    ...emergencies(run),
    ...decided(run),
    ...ending(run),
    ...regressions(run, about(run)),
  ];
}

const about = ({ plan }: RunSoFar): string =>
  `${plan.release.name} ${plan.release.version} on ${plan.environment.name}`;

function phasesBegun(run: RunSoFar): readonly NotifyEvent[] {
  const phases = new Set(run.outcomes.map(({ item }) => run.plan.items.find(({ id }) => id === item)?.phase));
  return [...phases]
    .filter((phase) => phase !== undefined)
    .map((phase) => ({
      event: 'phase-began',
      id: `${run.runId}-${phase}-began`,
      subject: `${phase} has begun: ${about(run)}`,
      text: `The gate is in ${phase}.`,
      severity: 'info',
    }));
}

/** The first item that blocks with a failure: whoever waits for the release knows before the run has ended. */
function blockingFailures(run: RunSoFar): readonly NotifyEvent[] {
  const failed = run.outcomes.find(({ item, outcome }) => {
    const planned = run.plan.items.find(({ id }) => id === item);
    return outcome === 'fail' && planned !== undefined && planned.severity !== 'minor';
  });
  if (!failed) return [];
  const text = `${failed.item} failed: ${failed.message}`;
  return [{ event: 'no-go', id: `${run.runId}-no-go`, subject: `NO-GO: ${about(run)}`, text, severity: 'critical' }];
}

function rollbacks(run: RunSoFar): readonly NotifyEvent[] {
  const begun = run.cutover.find((one) => one.event === 'rollback-begun');
  if (!begun) return [];
  const subject = `Traffic goes back: ${about(run)}`;
  return [{ event: 'rollback', id: `${run.runId}-rollback`, subject, text: begun.reason.text, severity: 'critical' }];
}

/** Branches of the decision tree that leave traffic where it is: a person has to act. Each once, however often it is taken. */
function emergencies(run: RunSoFar): readonly NotifyEvent[] {
  const taken = run.cutover.filter((one) => one.event === 'emergency');
  const first = taken.filter((one, index) => taken.findIndex(({ branch }) => branch === one.branch) === index);
  return first.map(({ branch, action, value, above, contact, weight }) => ({
    event: 'emergency',
    id: `${run.runId}-emergency-${branch}`,
    subject: `${branch}: ${about(run)}`,
    text:
      `${branch} is ${valueText(value)}, above ${above}, while ${weight} % of the traffic is on the new release. ` +
      (action === 'stop'
        ? 'No more traffic moves. Look into it, then: golive cutover resume --reason …, or abort.'
        : `Nothing is taken back: ${contact ?? 'the contact'} decides (golive cutover hold or abort --reason …).`),
    severity: 'critical',
    ...(contact === undefined ? {} : { contact }),
  }));
}

function decided(run: RunSoFar): readonly NotifyEvent[] {
  const { decision } = run;
  if (decision?.decision === 'GO')
    return [
      {
        event: 'go',
        id: `${run.runId}-go`,
        subject: `GO: ${about(run)}`,
        text: 'Every check has passed and everybody has signed.',
        severity: 'info',
      },
    ];
  if (decision?.decision !== 'HOLD' || decision.readiness !== 'GO') return [];
  const text = decision.reasons
    .map((one) => one.text)
    .slice(0, MOST_LINES)
    .join('\n');
  return [
    {
      event: 'sign-off-needed',
      id: `${run.runId}-sign`,
      subject: `Ready to be signed: ${about(run)}`,
      text,
      severity: 'info',
    },
  ];
}

/** Waivers that this decision stands on and that end soon. */
function ending(run: RunSoFar): readonly NotifyEvent[] {
  const { decision } = run;
  if (!decision) return [];
  const until = Date.parse(decision.decidedAt) + NOTICE_MS;
  return decision.items.flatMap(({ id, waived }) =>
    waived && Date.parse(waived.expires) <= until
      ? [
          {
            event: 'waiver-expires',
            id: `${run.runId}-waiver-${id}`,
            subject: `The waiver of ${id} ends ${waived.expires}: ${about(run)}`,
            text: `${waived.approver} (${waived.ticket}): ${waived.reason}`,
            severity: 'warning',
          } as const,
        ]
      : [],
  );
}

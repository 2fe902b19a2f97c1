/** What of a run people want to hear: one stream of events, made from what the run has recorded so far. Pure. */
import type { Decision } from '../../checks/contract/decision.ts';
import type { CutoverEvent } from '../../checks/contract/cutover.ts';
import type { History } from '../../checks/contract/history.ts';
import type { NotifyEventName } from '../../checks/contract/notify.ts';
import type { OutcomeRecord } from '../../checks/contract/outcome.ts';
import type { Plan } from '../../checks/contract/plan.ts';
import { NOTICE_MS } from '../../reports/decide/people.ts';
import { regressions } from './regressions.ts';

export interface NotifyEvent {
  readonly event: NotifyEventName;
  /** The same event is told once: by this. */
  readonly id: string;
  readonly subject: string;
  readonly text: string;
  readonly severity: 'critical' | 'warning' | 'info';
  /** The role whose item it is about; absent: the whole release. */
  readonly owner?: string;
  readonly item?: string;
}
/** A run as it is recorded by now. */
export interface RunSoFar {
  readonly runId: string;
  readonly plan: Pick<Plan, 'release' | 'items'> & { readonly environment: Pick<Plan['environment'], 'name'> };
  readonly outcomes: readonly Pick<OutcomeRecord, 'item' | 'outcome' | 'message' | 'startedAt'>[];
  readonly cutover: readonly CutoverEvent[];
  /** Null until the run has ended. */
  readonly decision: Pick<Decision, 'decision' | 'readiness' | 'reasons' | 'items' | 'decidedAt'> | null;
  /** What was approved and what came since; null where nothing was, or while the run goes on. */
  readonly history: Pick<History, 'approved' | 'since'> | null;
}

/** Findings in one message. */
const MOST_LINES = 10;

/** Every event of the run until now, the first first. */
export function eventsOf(run: RunSoFar): readonly NotifyEvent[] {
  return [
    ...phasesBegun(run),
    ...blockingFailures(run),
    ...rollbacks(run),
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

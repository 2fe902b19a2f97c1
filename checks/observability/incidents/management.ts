/** What incident management opened in a window, and where the window begins. */
import type { HttpClient } from '../../contract/http.ts';
import type { Channel } from '../../contract/notify.ts';
import type { RunReader } from '../../contract/run-reader.ts';
import { durationMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import { ObservationError, type Messages, type Refusal, type Say } from '../../kit/kind.ts';
import { apiOf, DRILL_KEY, GATE_KEY, incidentsSince, type PagerIncident } from '../../protocols/notify/pagerduty.ts';

/** Alerts of golive's own drills come through Alertmanager, whose keys say nothing. */
const DRILL_TITLE = /\bGoliveDrill\b/;
const URGENT_PRIORITIES = ['P0', 'P1'];

export const messages = {
  opened: {
    says: '{subject}: was opened at {at} ({status}), expected no incident in {window}.',
    fix: 'Find whether this release caused it; do not sign the release before that is known.',
  },
} as const satisfies Messages;

/** Incidents of P0 and P1, or of high urgency where there are no priorities; golive's drills left out. */
export async function openedIncidents(
  http: HttpClient,
  management: Channel | undefined,
  window: { readonly since: Date; readonly until: Date },
): Promise<readonly PagerIncident[]> {
  if (management === undefined) return [];
  if (management.type !== 'pagerduty')
    throw new ObservationError('misconfigured', `A channel of type ${management.type} lists no incidents.`, {
      fix: 'Name a channel of type pagerduty.',
    });
  const { service } = management;
  const all = await incidentsSince(http, apiOf(management), {
    ...window,
    services: service === undefined ? [] : [service],
  });
  return all.filter((one) => isUrgent(one) && !isDrill(one));
}

const isUrgent = ({ priority, urgency }: PagerIncident): boolean =>
  priority === '' ? urgency !== 'low' : URGENT_PRIORITIES.includes(priority.toUpperCase());
const isDrill = ({ key, title }: PagerIncident): boolean =>
  key.startsWith(DRILL_KEY) || key.startsWith(GATE_KEY) || DRILL_TITLE.test(title);

/** The window as it is declared; or since the first item of a phase, once it has begun. */
export async function windowOf(
  { from, window }: { readonly from: string; readonly window: string },
  runs: RunReader,
  now: Date,
): Promise<number> {
  const declared = durationMs(window);
  if (from === '') return declared;
  const begun = (await runs.outcomes())
    .filter(({ phase, at }) => phase === from && at !== undefined)
    .map(({ at = '' }) => Date.parse(at));
  const first = Math.min(...begun);
  // The shortest that can be asked about: a phase may have begun this very second.
  return Number.isFinite(first) ? Math.max(SHORTEST_MS, now.getTime() - first) : declared;
}
const SHORTEST_MS = 10_000;

/** What was opened is red; where it could not be asked nothing is said of it. */
export function judgeOpened(
  {
    opened,
    unknownIncidents,
  }: { readonly opened: readonly PagerIncident[]; readonly unknownIncidents?: Refusal | undefined },
  isNamed: boolean,
  window: string,
  say: Pick<Say<typeof messages>, 'judged' | 'fail' | 'refused' | 'show'>,
): void {
  if (!isNamed) return;
  if (unknownIncidents) return say.refused(unknownIncidents, 'Incident management');
  say.judged('Incident management');
  for (const { title, id, createdAt, status } of opened)
    say.fail('opened', `Incident ${title || id}`, { at: createdAt, status: status || 'status unknown', window });
  say.show(
    table(
      'Incidents that were opened',
      ['id', 'title', 'status', 'priority', 'urgency', 'at'],
      opened.map((one) => [one.id, one.title, one.status, one.priority, one.urgency, one.createdAt]),
    ),
  );
}

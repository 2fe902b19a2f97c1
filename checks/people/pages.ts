/** Pages that golive opens to see them: the pager among the channels, and waiting for what it says of an incident. */
import type { HttpClient } from '../contract/http.ts';
import type { Channel } from '../contract/notify.ts';
import { ObservationError } from '../kit/kind.ts';
import { incidentOf, type Pager, type PagerApi, type PagerIncident } from '../protocols/notify/pagerduty.ts';

const LOOK_MS = 250;

/** The channel, where it is a pager. */
export const pagerOf = (channel: Channel): Pager | null => (channel.type === 'pagerduty' ? channel : null);

export const notAPager = (type: string): ObservationError =>
  new ObservationError('misconfigured', `A channel of type ${type} opens no incidents.`, {
    fix: 'Name a channel of type pagerduty.',
  });

export interface Looking {
  readonly http: HttpClient;
  readonly api: PagerApi;
  readonly key: string;
  readonly limit: number;
  readonly wait: (ms: number) => Promise<void>;
}
/** The incident as it was seen last, and how long that took. */
export interface Looked {
  readonly incident: PagerIncident | null;
  readonly ms: number;
}

/** Looks until the incident is as wanted, or the time is over. */
export async function untilIncident(
  { http, api, key, limit, wait }: Looking,
  isWanted: (incident: PagerIncident | null) => boolean,
): Promise<Looked> {
  const began = performance.now();
  for (;;) {
    const incident = await incidentOf(http, api, key);
    const ms = performance.now() - began;
    if (isWanted(incident) || ms >= limit) return { incident, ms };
    await wait(LOOK_MS);
  }
}

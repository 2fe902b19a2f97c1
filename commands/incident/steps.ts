/** The steps of the emergency procedure: each answers what was seen, and none throws. */
import type { Channel, IncidentStep, Message } from '../../checks/contract/notify.ts';
import { hideCredentials } from '../../checks/contract/credentials.ts';
import { errorText } from '../../checks/contract/text.ts';
import { channelTo, deliver } from '../../checks/protocols/notify/deliver.ts';
import { apiOf, incidentOf, sendEvent } from '../../checks/protocols/notify/pagerduty.ts';
import type { IncidentMeans } from './means.ts';

/** How long a receipt is looked for: in a drill as long as a message may take, in an emergency only for what is there at once. */
const RECEIPT_MS = { drill: 15_000, emergency: 3000 } as const;
const LOOK_MS = 250;

export type Told = Omit<IncidentStep, 'at'>;
export interface Procedure {
  readonly id: string;
  readonly summary: string;
  readonly drill: boolean;
  add(told: Told): void;
}

/** Tells each channel where the bridge and the runbook are. */
export async function announce(means: IncidentMeans, log: Procedure): Promise<void> {
  await Promise.all(
    means.plan.announce.map(async (name) => {
      const sent = await send(means, log, { name, channel: means.channels[name], id: `${log.id}-${name}` });
      log.add({ step: 'bridge', on: name, ...sent });
    }),
  );
}

/** Pages who is on call; answers what became of it. */
export async function page(means: IncidentMeans, log: Procedure): Promise<Outcome> {
  const name = means.plan.page;
  const sent = await send(means, log, { name, channel: means.channels[name], id: log.id });
  log.add({ step: 'page', on: name, ...sent });
  return sent;
}

/** Reaches every contact by its channel; whom the page reaches, it has reached. */
export async function reachContacts(means: IncidentMeans, log: Procedure, paged: Outcome): Promise<void> {
  const reachable = means.contacts.filter(({ channel }) => channel !== undefined);
  await Promise.all(
    reachable.map(async (contact, index) => {
      const { channel: name = '' } = contact;
      const channel = channelTo(means.channels, contact);
      const sent =
        name === means.plan.page ? paged : await send(means, log, { name, channel, id: `${log.id}-contact-${index}` });
      log.add({ step: 'contact', on: contact.name, ...sent });
    }),
  );
}

/** Reaches one contact by its channel. */
export async function reachContact(means: IncidentMeans, log: Procedure, name: string | undefined): Promise<void> {
  const contact = means.contacts.find((one) => one.name === name);
  const { channel: through = '' } = contact ?? {};
  const channel = contact && channelTo(means.channels, contact);
  const sent = await send(means, log, { name: through, channel, id: `${log.id}-escalated` });
  log.add({ step: 'contact', on: name ?? 'nobody', ...sent });
}

/** Resolves the page and looks whether it is resolved. */
export async function closePage(means: IncidentMeans, log: Procedure, id: string): Promise<void> {
  const name = means.plan.page;
  log.add({ step: 'resolve', on: name, ...(await resolved(means, log, id)) });
}

async function resolved(means: IncidentMeans, { drill }: Procedure, id: string): Promise<Outcome> {
  const pager = means.channels[means.plan.page];
  if (pager?.type !== 'pagerduty') return { state: 'failed', detail: `${means.plan.page} is no pager` };
  try {
    const refused = await sendEvent(means.http, pager, 'resolve', id);
    if (refused !== null) return { state: 'refused', detail: refused };
    const until = performance.now() + limitOf(drill);
    for (;;) {
      const incident = await incidentOf(means.http, apiOf(pager), id);
      const status = incident?.status ?? 'not there';
      if (status === 'resolved') return { state: 'resolved', detail: `incident ${incident?.id ?? ''}` };
      if (performance.now() > until) return { state: 'lost', detail: `the incident is ${status}` };
      await means.wait(LOOK_MS);
    }
  } catch (error) {
    return { state: 'failed', detail: hideCredentials(errorText(error)) };
  }
}

type Outcome = Pick<IncidentStep, 'state' | 'detail'>;
const limitOf = (drill: boolean): number => (drill ? RECEIPT_MS.drill : RECEIPT_MS.emergency);

async function send(
  means: IncidentMeans,
  log: Procedure,
  to: { readonly name: string; readonly channel: Channel | undefined; readonly id: string },
): Promise<Outcome> {
  if (!to.channel) return { state: 'failed', detail: `there is no channel ${to.name}` };
  try {
    const receipt = await deliver(means, to.channel, messageOf(means, log, to.id), limitOf(log.drill));
    return { state: receipt.state, detail: receipt.state === 'refused' ? receipt.why : receipt.where };
  } catch (error) {
    return { state: 'failed', detail: hideCredentials(errorText(error)) };
  }
}

function messageOf({ plan, environment }: IncidentMeans, { drill, summary }: Procedure, id: string): Message {
  const text = `${summary} (${environment}). Join the bridge, follow the runbook.`;
  return {
    id,
    subject: drill ? 'DRILL by golive, nothing has happened' : `INCIDENT: ${summary}`,
    text: drill ? `A drill of the emergency procedure on ${environment}. Nobody needs to act.` : text,
    severity: drill ? 'info' : 'critical',
    links: [
      { text: 'Bridge', href: plan.bridge },
      { text: 'Runbook', href: plan.runbook },
    ],
  };
}

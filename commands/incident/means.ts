/** What the emergency procedure works with: the environment as it is now, and who is reached by what. */
import { ObservationError } from '../../checks/contract/capabilities.ts';
import type { Channels, Contact, IncidentPlan } from '../../checks/contract/notify.ts';
import type { Plan } from '../../checks/contract/plan.ts';
import type { Means } from '../../checks/protocols/notify/deliver.ts';
import { openHost } from '../../fixtures/capabilities/host-impl.ts';
import { openMessaging } from '../../fixtures/capabilities/messaging.ts';
import { liveEnvironment } from '../live-environment.ts';

/** The cluster is asked who it is; an emergency does not wait for it longer than this. */
const UID_LIMIT_MS = 3000;

export interface IncidentMeans extends Means {
  readonly environment: string;
  /** Of the cluster; an empty text where it does not answer. */
  readonly uid: string;
  readonly plan: IncidentPlan;
  readonly channels: Channels;
  readonly contacts: readonly Contact[];
  close(): Promise<void>;
}

/** Opens what is needed. The plan's environment must declare an incident. */
export async function openMeans(root: string, plan: Plan, folder: string): Promise<IncidentMeans> {
  const environment = await liveEnvironment(root, plan.environment);
  const { incident, channels = {}, contacts = [], name } = environment;
  if (!incident) throw new Error(`environment ${name} declares no incident`);
  const host = openHost({ environment, runDir: folder, phase: 'incident' });
  const uid = await host.environmentUid(AbortSignal.timeout(UID_LIMIT_MS)).catch((error: unknown) => {
    if (error instanceof ObservationError) return '';
    throw error;
  });
  return {
    ...openMessaging(host, 'golive incident'),
    environment: name,
    uid,
    plan: incident,
    channels,
    contacts,
    close: () => host.close(),
  };
}

import { channelSchema } from '../../contract/notify-schemas.ts';
import { duration } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import { kind } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { secretsIn } from '../../protocols/notify/deliver.ts';
import { drillMessage } from '../../protocols/notify/drill.ts';
import { apiOf, sendEvent } from '../../protocols/notify/pagerduty.ts';
import { notAPager, pagerOf, untilIncident, type Looked } from '../pages.ts';

export const incidentManagement = kind('people/incident-management', {
  title: 'Incident management opens and resolves incidents',
  why: 'An event that is only taken over pages nobody, and one that cannot be resolved rings all night.',
  sees: [
    'An incident that golive opened for this was read back at the pager as open, and after it was resolved as resolved.',
  ],
  not: ['Who was called by it: the escalation drill shows that.'],
  needs: ['http'],
  changes: 'notify',
  params: {
    pager: { ...channelSchema, description: 'The pager, from the environment file: ${environment.channels.pager}.' },
    within: duration('How long each of both may take to be seen.', '60s'),
  },
  required: ['pager'],
  messages: {
    refused: {
      says: '{subject}: refused the event ({why}), expected it to be taken over.',
      fix: 'Correct the integration key of the service in the environment file.',
    },
    notOpened: {
      says: '{subject}: showed no incident {after} after the event was taken over, expected one within {within}.',
      fix: 'See whether the service is in maintenance or suppresses such events.',
    },
    notResolved: {
      says: '{subject}: the incident was still {status} {after} after it was resolved, expected it to be resolved within {within}.',
      fix: 'Resolve it by hand, and see which integration the resolving event came through.',
    },
  },
  rights: ({ pager }) => mayReadSecrets(secretsIn(pager)),

  async gather(params, { http }, context) {
    const pager = pagerOf(params.pager);
    if (!pager) throw notAPager(params.pager.type);
    const limit = durationMs(params.within);
    const message = drillMessage('incident', `The go-live gate (${context.item}) opens an incident and resolves it.`);
    const looking = { http, api: apiOf(pager), key: message.id, limit, wait: (ms: number) => context.wait(ms) };
    const refused = await sendEvent(http, pager, 'trigger', message.id, message);
    if (refused !== null) return { key: message.id, refused, opened: null, resolved: null };
    try {
      const opened = await untilIncident(looking, (one) => one !== null);
      await sendEvent(http, pager, 'resolve', message.id);
      const resolved = opened.incident ? await untilIncident(looking, (one) => one?.status === 'resolved') : null;
      return { key: message.id, refused: null, opened, resolved };
    } catch (error) {
      // Nobody shall be woken by what could not be looked at; the failure that is told is the first one.
      await sendEvent(http, pager, 'resolve', message.id).catch(() => null);
      throw error;
    }
  },

  judge(params, { key, refused, opened, resolved }, say) {
    const within = formatMs(durationMs(params.within));
    say.judged(SUBJECT);
    if (refused !== null) say.fail('refused', SUBJECT, { why: refused });
    if (opened && !opened.incident) say.fail('notOpened', SUBJECT, { after: formatMs(opened.ms), within });
    if (resolved?.incident?.status === '') say.unknown(SUBJECT, 'the status of the incident');
    else if (resolved && statusOf(resolved) !== 'resolved')
      say.fail('notResolved', SUBJECT, { status: statusOf(resolved), after: formatMs(resolved.ms), within });
    say.show(
      table(
        `Incident ${key}`,
        ['moment', 'status', 'milliseconds'],
        [
          ['after it was opened', statusOf(opened), opened ? opened.ms : null],
          ['after it was resolved', statusOf(resolved), resolved ? resolved.ms : null],
        ],
      ),
    );
  },
});

const SUBJECT = 'Incident management';
const statusOf = (looked: Looked | null): string => looked?.incident?.status ?? 'not there';

import { channelSchema } from '../../contract/notify-schemas.ts';
import { duration } from '../../contract/param-schemas.ts';
import { durationMs } from '../../contract/units.ts';
import { kind, ObservationError, type Capabilities, type CheckContext } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { secretsIn } from '../../protocols/notify/deliver.ts';
import { drillMessage } from '../../protocols/notify/drill.ts';
import { apiOf, escalationLevels, onCalls, sendEvent, type Pager } from '../../protocols/notify/pagerduty.ts';
import { notAPager, pagerOf, untilIncident } from '../pages.ts';
import { judge, messages, type Drilled, type Seen } from './judge.ts';

const MINUTE_MS = 60_000;

export const escalation = kind('people/escalation', {
  title: 'A page that nobody acknowledges reaches the second level',
  why: 'The first level sleeps, is ill or has no signal: then the page must find somebody else, and stop once it has.',
  sees: [
    'The levels of the escalation policy, their delays, and who stands on them: the second is another person than the first.',
    'A page of a drill that golive left unacknowledged was with the second level after its delay.',
    'After golive acknowledged it, it went no further for the length of the next delay. It is resolved whatever happens.',
  ],
  not: ['Whether the phones rang.'],
  needs: ['http'],
  changes: 'notify',
  params: {
    pager: {
      ...channelSchema,
      description: 'The pager with its policy, from the environment file: ${environment.channels.pager}.',
    },
    longestDelay: duration('Longest that a page may wait on the first level.', '15m'),
    late: duration('How much later than its delay it may be seen.', '60s'),
  },
  required: ['pager'],
  messages,
  rights: ({ pager }) => mayReadSecrets(secretsIn(pager)),

  async gather({ pager: channel, ...params }, { http }, context): Promise<Seen> {
    const pager = pagerOf(channel);
    if (!pager) throw notAPager(channel.type);
    const { policy } = pager;
    if (policy === undefined)
      throw new ObservationError('misconfigured', 'The pager names no escalation policy.', {
        fix: 'Add policy, the id of the escalation policy, to the channel in the environment file.',
      });
    const [rules, standing] = await Promise.all([
      escalationLevels(http, apiOf(pager), policy),
      onCalls(http, apiOf(pager), policy),
    ]);
    const levels = rules.map(({ delayMinutes }, index) => ({
      delayMs: delayMinutes * MINUTE_MS,
      people: standing.filter(({ level }) => level === index + 1).map(({ user, name }) => ({ user, name })),
    }));
    const [first, second] = levels;
    // A drill of a policy that cannot escalate would only wake people.
    const isDrillable = first && second && first.delayMs <= durationMs(params.longestDelay) && second.people.length > 0;
    if (!isDrillable) return { levels, drill: null };
    const waits = { first: first.delayMs, second: second.delayMs, late: durationMs(params.late) };
    return {
      levels,
      drill: await drill({ pager, waits, second: second.people.map(({ user }) => user) }, http, context),
    };
  },
  judge,
});

interface Drill {
  readonly pager: Pager;
  readonly waits: { readonly first: number; readonly second: number; readonly late: number };
  /** Ids of those on the second level. */
  readonly second: readonly string[];
}

async function drill(
  { pager, waits, second }: Drill,
  http: Capabilities['http'],
  context: Pick<CheckContext, 'item' | 'wait' | 'progress'>,
): Promise<Drilled> {
  const message = drillMessage('escalation', `The go-live gate (${context.item}) sees whether a page escalates.`);
  const api = apiOf(pager);
  const looking = { http, api, key: message.id, wait: (ms: number) => context.wait(ms) };
  const refused = await sendEvent(http, pager, 'trigger', message.id, message);
  if (refused !== null) return { refused };
  try {
    context.progress('waiting for the page to escalate');
    const limit = waits.first + waits.late;
    const reached = await untilIncident({ ...looking, limit }, (one) =>
      (one?.assignees ?? []).some((user) => second.includes(user)),
    );
    if (!reached.incident?.assignees.some((user) => second.includes(user))) return { refused: null, reached };
    await sendEvent(http, pager, 'acknowledge', message.id);
    const taken = await untilIncident({ ...looking, limit: waits.late }, (one) => one?.status === 'acknowledged');
    context.progress('waiting whether it goes on');
    await context.wait(waits.second);
    const after = await untilIncident({ ...looking, limit: 0 }, () => true);
    return { refused: null, reached, taken, after };
  } finally {
    await sendEvent(http, pager, 'resolve', message.id).catch(() => null);
  }
}

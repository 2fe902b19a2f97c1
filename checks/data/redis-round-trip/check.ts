import { randomBytes } from 'node:crypto';
import { redisStore } from '../../contract/param-schemas.ts';
import { kind } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { redisName } from '../../protocols/redis.ts';
import { awayStepMessages, downId, REDIS, unlessDown } from '../../protocols/stores.ts';
import { KEPT_MS, redirection, Trial } from './trial.ts';

export const redisRoundTrip = kind('data/redis-round-trip', {
  title: 'Redis keeps what is set, for as long as it was told',
  why: 'A server that answers PING may still refuse writes, evict what was just set, or keep for ever what was to expire.',
  sees: [
    'A random value set with a time to live and read back over a second connection, its time to live counting down.',
    'A second key gone when its time was over, and both removed.',
    'Of a cluster, the node that its redirection names; both keys share a hash tag.',
    'It writes two small keys (class "apply").',
  ],
  not: ['That they survive a restart or reach the replicas.', 'Of a cluster, the other nodes.'],
  needs: ['redis'],
  changes: 'apply',
  required: ['store'],
  params: {
    store: redisStore,
    prefix: {
      type: 'string',
      pattern: '^[A-Za-z0-9:_.-]{1,100}$',
      default: 'golive:probe:',
      description: 'What the names of the two keys start with; the rest is random.',
    },
    expiry: {
      type: 'integer',
      minimum: 200,
      maximum: 60_000,
      default: 1000,
      description: 'Time to live, in milliseconds, of the key that is watched until it is gone.',
    },
  },
  messages: {
    ...awayStepMessages(REDIS, 'a server that takes a write'),
    refused: {
      says: '{subject}: refused to {step} ({why}), expected it to be done.',
      fix: 'Repair what the server names: a replica that is written to (READONLY), no memory (OOM), a disk it cannot write (MISCONF), a missing right.',
    },
    notReadBack: {
      says: '{subject}: the key was read back as {actual}, expected the value that had just been written.',
      fix: 'Look for what removes or changes keys (eviction under memory pressure, FLUSHALL by somebody), or for a proxy that reads from a replica that lags.',
    },
    noCountdown: {
      says: '{subject}: the time to live was {first} ms and {elapsed} ms later {second} ms, expected it to count down from {ttl} ms.',
      fix: 'Look for who changes keys of the gate, and for a proxy that answers TTL itself.',
    },
    notExpired: {
      says: '{subject}: the key is still there {late} ms after its time to live was over, expected it to be gone.',
      fix: 'Ask the primary itself: a replica that lost it keeps expired keys.',
    },
    notCleanedUp: {
      says: '{subject}: the key {key} {left}, expected nothing to be left.',
      fix: 'Remove it by hand (DEL); with its time to live it goes by itself.',
    },
  },
  rights: ({ store }) => mayReadSecrets([store.password]),

  async gather({ store, prefix, expiry }, { redis }, context) {
    const name = `${prefix}{${randomBytes(8).toString('hex')}}`;
    const trial = (at: typeof store) =>
      unlessDown(redis, at, (session) => new Trial({ redis, store: at, name, expiry, context }).run(session));
    const first = await trial(store);
    const node = first.up ? redirection(first.refused?.why, store) : null;
    return node === null ? first : { ...(await trial(node)), node: `${node.host}:${node.port}` };
  },

  judge({ store, expiry }, seen, say) {
    const subject = redisName(store);
    const node = 'node' in seen ? seen.node : null;
    say.judged(subject);
    const why = seen.up ? seen.refused?.why : seen.why;
    // The way from here to a cluster's nodes says nothing of the cluster.
    if (node !== null && (!seen.up || redirection(why, store)))
      return say.unsure(
        seen.up ? 'misconfigured' : 'unreachable',
        `${subject}: is a cluster and sends the key to its node ${node} (${why ?? ''}). Name a node in the environment file whose cluster announces addresses that the gate reaches; golive speaks to one node at a time.`,
        { subject, detail: 'MOVED' },
      );
    if (!seen.up) return say.fail(downId(seen), subject, { step: 'open a connection', why: seen.why });
    const { readBack, countdown, expired, refused, left, keys } = seen;
    if (refused) say.fail(refused.hung ? 'hung' : 'refused', subject, { step: refused.step, why: refused.why });
    else if (readBack === null || countdown === null || expired === null)
      say.unsure('too-few-samples', `${subject}: not every step was tried, though none was refused.`, { subject });
    if (readBack !== null && readBack !== 'the value') say.fail('notReadBack', subject, { actual: readBack });
    // A key that was not read back has no time to live either: one finding says it.
    else if (countdown !== null && !countsDown(countdown))
      say.fail('noCountdown', subject, { ...countdown, ttl: KEPT_MS });
    if (expired?.gone === false) say.fail('notExpired', subject, { late: expired.late });
    if (left !== null) say.fail('notCleanedUp', subject, { key: keys[0] ?? '', left });

    const [kept = '', expiring = ''] = keys;
    const times = countdown && `${countdown.first} ms, ${countdown.elapsed} ms later ${countdown.second} ms`;
    const end = expired && `${expired.gone ? 'gone' : 'still there'} ${expired.late} ms later`;
    say.show({
      type: 'table',
      title: `Round trip through ${subject}${node === null ? '' : `, redirected to ${node}`}`,
      columns: ['command', 'answer'],
      rows: [
        [`SET ${kept} … PX ${KEPT_MS}; GET over a second connection`, readBack ?? 'not tried'],
        [`PTTL ${kept}`, times ?? 'not tried'],
        [`SET ${expiring} … PX ${expiry}; GET when its time was over`, end ?? 'not tried'],
        ['DEL, EXISTS', left ?? 'nothing left'],
      ],
    });
  },
});

/** It must be a time to live of ours, and have shrunk by about the time that passed (half of it at least: clocks may be slewed). */
function countsDown({ first, second, elapsed }: { first: number; second: number; elapsed: number }): boolean {
  return first > 0 && first <= KEPT_MS && second > 0 && first - second >= elapsed / 2;
}

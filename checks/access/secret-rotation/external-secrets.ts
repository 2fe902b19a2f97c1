/**
 * Secrets that the External Secrets Operator brings from elsewhere: a rotation there arrives only as long as it goes on bringing them.
 * Its condition Ready stays as a controller left it that is gone; `status.refreshTime` moves with every refresh.
 */
import type { ClusterReader, KubeObject } from '../../contract/cluster.ts';
import { textAt } from '../../contract/json.ts';
import { formatMs } from '../../contract/units.ts';
import { attempt, objectSubject, type Refusal, type Say } from '../../kit/kind.ts';
import { conditionsOf } from '../../protocols/load-balancers.ts';
import { goDurationMs } from '../../protocols/pod-metrics.ts';

const KIND = { kind: 'ExternalSecret', resource: 'externalsecrets' } as const;
/** As of version 0.14, and before. */
const VERSIONS = [
  { ...KIND, apiVersion: 'external-secrets.io/v1' },
  { ...KIND, apiVersion: 'external-secrets.io/v1beta1' },
] as const;
export const EXTERNAL_SECRETS = VERSIONS[0];

/** The operator backs off that long after failures. */
const BACK_OFF_MS = 15 * 60_000;
const BY_DEFAULT = { interval: '1h', policy: 'Periodic' } as const;

export const externalMessages = {
  notRefreshed: {
    says: '{subject}: was last refreshed {age} ago, expected every {interval}: a rotation at its source does not arrive.',
    fix: 'See whether the External Secrets Operator runs, and its log for this object. Ready=True is what it said last.',
  },
  notSynced: {
    says: '{subject}: is not synced ({why}), expected the content of its source.',
    fix: 'See kubectl describe externalsecret: the store, its credentials or the key at the source.',
  },
} as const;

export interface ExternalSecretsSeen {
  readonly objects: readonly KubeObject[];
  readonly refusals: readonly Refusal[];
}

/** Of the newest version that is served; none where the operator is not installed. */
export async function readExternalSecrets(
  cluster: Pick<ClusterReader, 'list'>,
  namespaces: readonly string[],
): Promise<ExternalSecretsSeen> {
  const objects: KubeObject[] = [];
  const refusals: Refusal[] = [];
  for (const namespace of namespaces)
    for (const type of VERSIONS) {
      const { seen, refusal } = await attempt(() => cluster.list(type, { namespace }));
      if (seen) objects.push(...seen.items);
      else if (refusal.code === 'not-found') continue;
      else refusals.push(refusal);
      break;
    }
  return { objects, refusals };
}

export function judgeExternalSecrets(
  { objects, refusals }: ExternalSecretsSeen,
  say: Say<typeof externalMessages>,
  now: Date,
): void {
  for (const refusal of refusals) say.refused(refusal);
  for (const object of objects) judgeOne(object, say, now);
}

function judgeOne(object: KubeObject, say: Say<typeof externalMessages>, now: Date): void {
  const subject = objectSubject('ExternalSecret', object.metadata);
  say.judged(subject);
  const ready = conditionsOf(object['status']).find(({ type }) => type === 'Ready');
  if (ready === undefined) say.unknown(subject, 'whether it is synced (condition Ready)');
  else if (ready.status !== 'True') say.fail('notSynced', subject, { why: ready.reason || `Ready is ${ready.status}` });
  const policy = textAt(object, BY_DEFAULT.policy, 'spec', 'refreshPolicy');
  const interval = textAt(object, BY_DEFAULT.interval, 'spec', 'refreshInterval');
  const every = goDurationMs(interval);
  if (policy !== 'Periodic' || every === 0) {
    const how = policy === 'Periodic' ? `refreshInterval ${interval}` : `refreshPolicy ${policy}`;
    return say.unsure(
      'unknown-value',
      `It is not brought again by itself (${how}): a rotation at its source may not arrive.`,
      {
        subject,
      },
    );
  }
  const age = now.getTime() - Date.parse(textAt(object, '', 'status', 'refreshTime'));
  if (every === null) return say.unknown(subject, `how often it is refreshed (refreshInterval ${interval})`);
  if (!(age >= -BACK_OFF_MS)) return say.unknown(subject, 'when it was last refreshed (status.refreshTime)');
  if (age > 2 * every + BACK_OFF_MS) say.fail('notRefreshed', subject, { age: formatMs(age), interval });
}

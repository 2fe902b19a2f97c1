import { randomBytes } from 'node:crypto';
import { parseJson } from '../../contract/json.ts';
import { duration, endpoint, kubernetesName, secretRef } from '../../contract/param-schemas.ts';
import { durationMs } from '../../contract/units.ts';
import { kind, ObservationError, type Capabilities, type CheckContext, type ParamsOf } from '../../kit/kind.ts';
import { heldAlerts } from '../../protocols/alertmanager.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { alerts, rules } from '../../protocols/prometheus.ts';
import { alertmanagerOf, alertmanagerParams, prometheusOf, prometheusParams } from '../../protocols/telemetry.ts';
import { judge, messages, truncatedIn, type Seen } from './judge.ts';

const LOOK_MS = 250;
const params = {
  ...prometheusParams,
  ...alertmanagerParams,
  alert: {
    type: 'string',
    minLength: 1,
    default: 'GoliveDrill',
    description:
      'Name of the alert that fires while a pod named golive-alert-drill-… exists, and carries its label pod.',
  },
  namespace: kubernetesName('Namespace that the pod of the drill is put into; it is never started.'),
  image: { type: 'string', minLength: 1, default: 'registry.k8s.io/pause:3.10', description: 'Image that it names.' },
  receipts: {
    ...endpoint,
    description: 'Where what the receiver of critical alerts has got can be read: a GET that shows it with its labels.',
  },
  receiptsToken: { ...secretRef, description: 'Bearer token for it.' },
  within: duration('How long the alert may take from its cause to the receiver.', '5m'),
} as const;
type Params = ParamsOf<typeof params, 'prometheus' | 'alertmanager' | 'namespace' | 'receipts'>;

export const alertDelivery = kind('observability/alert-delivery', {
  title: 'A critical alert arrives at who is on call',
  why: 'Rules, routes and receivers are each in order, and still no message comes: only one that has arrived shows that they fit together.',
  sees: [
    'An alert labelled as a drill, made to fire for this: firing in Prometheus, held by Alertmanager, and read back at the receiver of critical alerts, by a name that only this drill has.',
    'The pod that makes it fire is never scheduled, and is deleted whatever happens.',
  ],
  not: ['Whether a person has read it.'],
  needs: ['http', 'changes'],
  changes: 'notify',
  params,
  required: ['prometheus', 'alertmanager', 'namespace', 'receipts'],
  messages,
  rights: ({ namespace, prometheusToken, alertmanagerToken, receiptsToken }) => [
    { namespace, groups: [''], resources: ['pods'], verbs: ['get', 'create', 'delete'] },
    ...mayReadSecrets([prometheusToken, alertmanagerToken, receiptsToken]),
  ],

  async gather(given, { http, changes }, context): Promise<Seen> {
    const name = `golive-alert-drill-${randomBytes(4).toString('hex')}`;
    const loaded = await rules(http, prometheusOf(given));
    const rule = loaded.find((one) => one.kind === 'alerting' && one.name === given.alert) ?? null;
    const none = { name, firing: null, held: null, received: null, truncated: 0 };
    if (!rule) return { ...none, rule: null };
    const of = { health: rule.health, labels: rule.labels };
    const pod = podOf(given, name, context.item);
    return await changes.createPod(pod, async () => ({ ...(await follow(given, name, http, context)), rule: of }));
  },
  judge,
});

/** A pod that no node takes: it costs nothing, and is known to who counts pods at once. */
function podOf({ namespace, image }: Params, name: string, item: string) {
  return {
    metadata: {
      name,
      namespace,
      labels: { 'app.kubernetes.io/managed-by': 'golive', 'app.kubernetes.io/name': 'golive-alert-drill' },
      annotations: { 'golive.dev/item': item },
    },
    spec: {
      nodeSelector: { 'golive.dev/alert-drill': 'never' },
      activeDeadlineSeconds: 900,
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 65_534, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'drill',
          image,
          resources: { requests: { cpu: '1m', memory: '1Mi' }, limits: { cpu: '10m', memory: '10Mi' } },
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
        },
      ],
    },
  };
}

type Followed = Omit<Seen, 'rule'>;

/** Looks at each station until the alert has been seen at the last one, or the time is over. */
async function follow(
  given: Params,
  name: string,
  http: Capabilities['http'],
  context: Pick<CheckContext, 'wait' | 'progress'>,
): Promise<Followed> {
  const limit = durationMs(given.within);
  const began = performance.now();
  const isOwn = (labels: Readonly<Record<string, string>>): boolean =>
    labels['alertname'] === given.alert && labels['pod'] === name;
  let seen: Followed = { name, firing: null, held: null, received: null, truncated: 0 };
  context.progress('waiting for the alert of the drill');
  for (;;) {
    const ms = Math.round(performance.now() - began);
    if (seen.firing === null) {
      const fires = (await alerts(http, prometheusOf(given))).some(
        ({ labels, state }) => state === 'firing' && isOwn(labels),
      );
      seen = { ...seen, firing: fires ? ms : null };
    } else {
      if (seen.held === null && (await heldAlerts(http, alertmanagerOf(given))).some(isOwn))
        seen = { ...seen, held: ms };
      const text = await receiptsOf(given, http);
      seen = { ...seen, received: text.includes(name) ? ms : null, truncated: truncatedIn(parseJson(text)) };
      // What has arrived was held, however short.
      if (seen.received !== null) return { ...seen, held: seen.held ?? ms };
    }
    if (ms >= limit) return seen;
    await context.wait(LOOK_MS);
  }
}

async function receiptsOf({ receipts, receiptsToken }: Params, http: Capabilities['http']): Promise<string> {
  const { url, caFile } = receipts;
  const answer = await http.request({
    url,
    maxBytes: 16 * 1024 * 1024,
    ...(caFile === undefined ? {} : { caFile }),
    ...(receiptsToken === undefined ? {} : { bearer: receiptsToken }),
  });
  if (answer.status === 200 && !answer.truncated) return answer.body;
  const said = answer.truncated ? 'answered more than golive reads' : `answered ${answer.status}, expected 200`;
  throw new ObservationError('protocol', `Where the receiver's messages are read: ${said}.`, {
    detail: `http-${answer.status}`,
    fix: 'Correct receipts in the item.',
  });
}

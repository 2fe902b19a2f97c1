import { endpoint, kubernetesName } from '../../contract/param-schemas.ts';
import { table } from '../../kit/evidence.ts';
import { attempt, kind, type Refusal, type Say } from '../../kit/kind.ts';
import { mayList, mayReadSecrets, PODS } from '../../protocols/kubernetes.ts';
import { query, valueText } from '../../protocols/prometheus.ts';
import { prometheusOf, prometheusParams } from '../../protocols/telemetry.ts';
import { isLeaving } from '../../protocols/workloads.ts';
import { costByPrices, type HourlyCost } from './prices.ts';
import { costByOpenCost } from './open-cost.ts';

const release = (which: string) =>
  ({
    type: 'object',
    additionalProperties: false,
    required: ['selector', 'rate'],
    description: `${which}: its pods and its users.`,
    properties: {
      selector: { type: 'string', minLength: 1, description: 'Label selector of its pods.' },
      rate: {
        type: 'string',
        minLength: 1,
        description: 'PromQL of users’ requests a second while it carried them, for example their peak.',
      },
      allocation: { type: 'string', minLength: 1, description: 'Its name in OpenCost’s answer, by params.aggregate.' },
    },
  }) as const;

const messages = {
  dearer: {
    says: '{subject}: costs {actual} {currency}, {increase} more than the release before ({before}), expected {expected} more at most.',
    fix: 'Find what the release needs more of (replicas, requests of CPU and memory) or raise params.maxIncrease with the reason.',
  },
} as const;

export const requestCost = kind('observability/request-cost', {
  title: 'A thousand requests cost no more than with the release before',
  why: 'A release that needs twice the pods for the same users shows in no alert, and on the bill a month later.',
  sees: [
    'What each release’s pods cost an hour: their requests of CPU and memory by a price file, or what OpenCost allocated to them.',
    'Users’ requests a second while each carried them; both together are the cost of a thousand.',
  ],
  not: [
    'Discounts, traffic and licences, unless OpenCost knows them.',
    'What a release would cost under another load.',
  ],
  needs: ['cluster', 'files', 'http'],
  params: {
    ...prometheusParams,
    namespace: kubernetesName('Namespace of the pods.'),
    release: release('The release that goes live'),
    before: release('The release before'),
    prices: {
      type: 'string',
      pattern: '\\.ya?ml$',
      description: 'Price file in the project: currency, perHour.cpu of a core, perHour.memory of a GiB.',
    },
    openCost: { ...endpoint, description: 'OpenCost, instead of a price file.' },
    aggregate: { type: 'string', minLength: 1, default: 'deployment', description: 'What OpenCost adds up by.' },
    window: { type: 'string', pattern: '^\\d+[hd]$', default: '1h', description: 'What OpenCost looks back on.' },
    maxIncrease: { type: 'number', minimum: 0, default: 0.2, description: 'How much dearer it may be: 0.2 is 20 %.' },
    minRate: {
      type: 'number',
      exclusiveMinimum: 0,
      default: 1,
      description: 'Requests a second that each must have carried: the cost of a few says nothing.',
    },
  },
  required: ['prometheus', 'namespace', 'release', 'before'],
  rules: { oneOf: [{ required: ['prices'] }, { required: ['openCost'] }] },
  messages,
  rights: ({ namespace, prometheusToken }) => [...mayList([PODS], namespace), ...mayReadSecrets([prometheusToken])],

  async gather(params, { cluster, files, http }, { fresh, now }) {
    const source = prometheusOf(params);
    const { namespace, openCost, prices } = params;
    const text = prices === undefined ? '' : await files.read(prices);
    const one = async (of: typeof params.release) => {
      const rate = await attempt(() => query(http, source, of.rate));
      if (openCost)
        return { rate, cost: await costByOpenCost(http, openCost, { ...params, name: of.allocation ?? '' }) };
      const { items } = await cluster.list(PODS, { namespace, labelSelector: of.selector, fresh });
      return {
        rate,
        cost: costByPrices(
          text,
          items.filter((pod) => !isLeaving(pod, now)),
        ),
      };
    };
    const [release, before] = await Promise.all([one(params.release), one(params.before)]);
    return { release: plain(release), before: plain(before) };
  },

  judge({ maxIncrease, minRate }, { release, before }, say) {
    const [actual, earlier] = [
      perThousand('This release', release, minRate, say),
      perThousand('The release before', before, minRate, say),
    ];
    say.show(
      table(
        'Cost',
        ['release', 'an hour', 'pods', 'requests a second', 'a thousand'],
        [
          ['this', release.cost.perHour ?? '', release.cost.pods, release.rate ?? '', actual ?? ''],
          ['before', before.cost.perHour ?? '', before.cost.pods, before.rate ?? '', earlier ?? ''],
        ],
      ),
    );
    if (actual === null || earlier === null) return;
    const { currency } = release.cost;
    if (actual > earlier * (1 + maxIncrease))
      say.fail('dearer', 'A thousand requests', {
        actual: valueText(actual),
        before: valueText(earlier),
        currency,
        increase: `${Math.round((actual / earlier - 1) * 100)} %`,
        expected: `${Math.round(maxIncrease * 100)} %`,
      });
  },
});

interface Seen {
  readonly rate: number | null;
  readonly refused?: Refusal | undefined;
  readonly cost: HourlyCost;
}

/** The one value of the query; null where it has none, or several. */
function plain({
  rate,
  cost,
}: {
  rate: Awaited<ReturnType<typeof attempt<readonly { value: number }[]>>>;
  cost: HourlyCost;
}) {
  const [only, ...more] = rate.seen ?? [];
  return { rate: only && more.length === 0 ? only.value : null, refused: rate.refusal, cost };
}

function perThousand(
  subject: string,
  { rate, refused, cost }: Seen,
  minRate: number,
  say: Say<typeof messages>,
): number | null {
  say.judged(subject);
  if (refused) say.refused(refused, subject);
  else if (rate === null || !(rate >= minRate))
    say.unsure(
      'too-few-samples',
      `${subject}: carried ${rate === null ? 'nothing that the query finds' : `${valueText(rate)} requests a second`}, at least ${minRate} needed.`,
      { subject },
    );
  if (cost.doubt) say.unsure(cost.doubt.reason, `${subject}: ${cost.doubt.why}`, { subject });
  if (rate === null || !(rate >= minRate) || cost.perHour === null) return null;
  return (cost.perHour / (rate * 3600)) * 1000;
}

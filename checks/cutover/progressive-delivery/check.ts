import { rolloutStatus, type RolloutStatus } from '../../../k8s/semantics/rollout-status.ts';
import type { KubeObject } from '../../contract/cluster.ts';
import { at, textAt } from '../../contract/json.ts';
import { kubernetesName } from '../../contract/param-schemas.ts';
import { table } from '../../kit/evidence.ts';
import { attempt, kind, objectSubject, type ParamsOf, type Refusal, type Say, type Subject } from '../../kit/kind.ts';
import { DEPLOYMENTS, groupOf } from '../../protocols/kubernetes.ts';
import { rolloutProgress, ROLLOUTS } from '../../protocols/progressive-delivery/argo-rollouts.ts';
import { CANARIES, canaryProgress, primaryOf } from '../../protocols/progressive-delivery/flagger.ts';
import type { Progress } from '../../protocols/progressive-delivery/progress.ts';

const params = {
  controller: {
    type: 'object',
    additionalProperties: false,
    required: ['kind', 'namespace', 'name'],
    description: 'The object by which a controller moves users.',
    properties: {
      kind: {
        type: 'string',
        enum: ['Rollout', 'Canary'],
        description: 'Rollout of Argo Rollouts or Canary of Flagger.',
      },
      namespace: kubernetesName('Its namespace.'),
      name: kubernetesName('Its name.'),
    },
  },
  maxShare: {
    type: 'number',
    minimum: 0,
    maximum: 100,
    description:
      'Percent of users that the newest release may have at most, while it is under way. Without it everybody must be on it.',
  },
} as const;
type Params = ParamsOf<typeof params, 'controller'>;

const messages = {
  gone: {
    says: '{subject}: does not exist, expected what moves users to the release.',
    fix: 'Create it, or correct controller in the item.',
  },
  tooManyUsers: {
    says: '{subject}: {share} % of users are on the newest release ({by}), expected at most {limit} %.',
    fix: 'Give a Rollout traffic routing, or more replicas than the smallest step asks for; abort what has gone too far.',
  },
  takenBack: {
    says: '{subject}: has given the newest release up ({how}), expected it to go live.',
    fix: 'See its events and analysis for what failed, and put the release before back as its template.',
  },
  notPromoted: {
    says: '{subject}: is not through ({how}), expected everybody on the newest release.',
    fix: 'Wait for it, or do what it waits for; "kubectl argo rollouts get rollout" and "kubectl describe canary" say which.',
  },
  notServing: {
    says: '{subject}: {why}, expected the release that serves users to be there whole.',
    fix: 'See "kubectl describe" of it: with Flagger users are served by the primary, and its target rests at 0.',
  },
} as const;
type Saying = Say<typeof messages>;

interface Seen {
  readonly object: KubeObject | null;
  /** The Deployment that serves users where Flagger moves; null: there is none, or nobody asked. */
  readonly primary: KubeObject | null;
  readonly refused: readonly Refusal[];
}

const typeOf = ({ kind: of }: Params['controller']) => (of === 'Rollout' ? ROLLOUTS : CANARIES);
const targetsDeployment = (canary: KubeObject): boolean =>
  textAt(canary, 'Deployment', 'spec', 'targetRef', 'kind') === 'Deployment';

export const cutoverProgressiveDelivery = kind('cutover/progressive-delivery', {
  title: 'The controller that moves users has them where they should be',
  why: 'A step of 10 % without traffic routing sends a quarter of the users to one pod of four, and a weight of 0 is the end of a success and of a failure.',
  sees: [
    'Of a Rollout: its status is of this generation; the share of users by the weights of its traffic routing, without that by its pods; promoted, held, aborted.',
    'Of a Canary: its phase and weight, which release was promoted, and the Deployment <target>-primary that serves users.',
  ],
  not: [
    'Whether a gateway obeys the weights: cutover/split counts answers.',
    "What the controller's own analysis measured.",
  ],
  needs: ['cluster'],
  required: ['controller'],
  params,
  messages,
  rights: ({ controller }) => {
    const { namespace, name } = controller;
    const type = typeOf(controller);
    const right = { namespace, verbs: ['get'] };
    return [
      { ...right, groups: [groupOf(type)], resources: [type.resource], resourceNames: [name] },
      ...(controller.kind === 'Canary'
        ? [{ ...right, groups: [groupOf(DEPLOYMENTS)], resources: [DEPLOYMENTS.resource] }]
        : []),
    ];
  },

  async gather({ controller }, { cluster }): Promise<Seen> {
    const { kind: of, namespace, name } = controller;
    const refused: Refusal[] = [];
    const read = async (...asked: Parameters<typeof cluster.get>): Promise<KubeObject | null> => {
      const { seen, refusal } = await attempt(() => cluster.get(...asked));
      if (refusal && refusal.code !== 'not-found') refused.push(refusal);
      return seen ?? null;
    };
    const object = await read(typeOf(controller), name, namespace);
    const isAsked = object !== null && of === 'Canary' && targetsDeployment(object);
    const primary = isAsked ? await read(DEPLOYMENTS, primaryOf(object), namespace) : null;
    return { object, primary, refused };
  },

  judge(given, { object, primary, refused }, say) {
    const { kind: of, namespace, name } = given.controller;
    const subject = objectSubject(of, { namespace, name });
    for (const refusal of refused) say.refused(refusal);
    if (!object) {
      if (refused.length > 0) return;
      say.judged(subject);
      return say.fail('gone', subject);
    }
    say.judged(subject);
    const progress = of === 'Rollout' ? rolloutProgress(object) : canaryProgress(object);
    if ('why' in progress) say.unsure('unknown-value', `${namespace}/${name}: ${progress.why}.`, { subject });
    else judgeProgress(progress, given, subject, say);
    if (of === 'Canary' && refused.length === 0) judgeCanary(object, primary, subject, say);
  },
});

function judgeProgress(progress: Progress, { maxShare }: Params, subject: Subject, say: Saying): void {
  const { stage, how, share } = progress;
  const percent = share === null ? null : Number((share.value * 100).toFixed(2));
  say.show(
    table(
      'Where users are',
      ['controller says', 'newest release', 'by'],
      [[how, percent === null ? 'not told' : `${percent} %`, share?.by ?? '']],
    ),
  );
  if (stage === 'taken-back') return say.fail('takenBack', subject, { how });
  if (maxShare === undefined) {
    if (stage !== 'promoted') say.fail('notPromoted', subject, { how });
    return;
  }
  if (percent === null || share === null)
    return say.unsure('unknown-value', `How many users are on the newest release is not told (${how}).`, { subject });
  if (percent > maxShare) say.fail('tooManyUsers', subject, { share: percent, by: share.by, limit: maxShare });
}

function judgeCanary(canary: KubeObject, primary: KubeObject | null, subject: Subject, say: Saying): void {
  // It promotes whatever it is given: nobody looked at the release.
  if (at(canary, 'spec', 'skipAnalysis') === true)
    say.unsure('unknown-value', 'skipAnalysis is true: that it was promoted says nothing about the release.', {
      subject,
    });
  if (!targetsDeployment(canary))
    return say.unsure('unknown-value', 'What serves users there is no Deployment, and was not looked at.', { subject });
  const serving = objectSubject('Deployment', { namespace: canary.metadata.namespace ?? '', name: primaryOf(canary) });
  say.judged(serving);
  const why = primary === null ? 'does not exist' : whyNotServing(rolloutStatus({ ...primary, kind: 'Deployment' }));
  if (why !== null) say.fail('notServing', serving, { why });
}

function whyNotServing(status: RolloutStatus | null): string | null {
  if (status === null || !status.complete) return status?.why ?? 'has no status';
  return status.numbers.desired === 0 ? 'has 0 replicas' : null;
}

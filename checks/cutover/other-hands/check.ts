import { TRAFFIC_KINDS } from '../../contract/cutover.ts';
import type { KubeObject } from '../../contract/cluster.ts';
import { kubernetesName } from '../../contract/param-schemas.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { attempt, kind, objectSubject, subjectText, type Refusal } from '../../kit/kind.ts';
import { DEPLOYMENTS, groupOf, mayList } from '../../protocols/kubernetes.ts';
import { systemOf } from '../../protocols/traffic/systems.ts';
import { handsOn, WRITERS } from './owners.ts';

interface Seen {
  readonly refused: readonly Refusal[];
  /** Null: does not exist. */
  readonly objects: readonly { readonly kind: string; readonly name: string; readonly object: KubeObject | null }[];
  readonly writers: readonly KubeObject[];
  /** Kinds that the API server does not serve: nobody of that kind writes from this cluster. */
  readonly notServed: readonly string[];
}

export const cutoverOtherHands = kind('cutover/other-hands', {
  title: 'Nobody else sets the weights, or undoes a rollback',
  why: 'A GitOps controller that is in order takes every weight back within seconds, and brings the new release again after a rollback.',
  sees: [
    'Applications of Argo CD that list or track the route or a Deployment of the cutover: paused, frozen, made to leave the weights alone at a sync, too; or not.',
    'Kustomizations and HelmReleases of Flux that labels name: suspended, or not.',
    'Canaries of Flagger and Rollouts of Argo that move the weights or the Deployments themselves.',
    'While the cutover runs, its process looks twice a second whether somebody else has changed the weights.',
  ],
  not: [
    'A controller in another cluster that leaves no mark on the objects.',
    'Webhooks; the dry run of cutover/weights meets them.',
  ],
  needs: ['cluster'],
  required: ['route', 'deployments'],
  params: {
    route: {
      type: 'object',
      additionalProperties: false,
      required: ['namespace', 'name'],
      description: 'The object whose weights are moved.',
      properties: {
        kind: { type: 'string', enum: TRAFFIC_KINDS, default: 'HTTPRoute', description: 'Its kind.' },
        namespace: kubernetesName('Its namespace, and that of the Deployments.'),
        name: kubernetesName('Its name.'),
      },
    },
    deployments: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: kubernetesName('Name of a Deployment.'),
      description: 'Deployments that a rollback brings back.',
    },
  },
  messages: {
    gone: {
      says: '{subject}: does not exist, expected what the cutover works on.',
      fix: 'Create it, or correct params.',
    },
    setBack: {
      says: '{subject}: {who} sets it back ({how}), expected nobody to while traffic moves.',
      fix: 'Pause it for the cutover: automated.enabled: false of an Application, spec.suspend: true of a Kustomization or HelmRelease. An ApplicationSet adds again what you remove from its Application: pause it there.',
    },
    overwritten: {
      says: '{subject}: {who} overwrites it ({how}), expected nobody to while traffic moves.',
      fix: 'Pause it for the cutover, as a change of anything else would take the weights or the rollback back.',
    },
    movedByAnother: {
      says: '{subject}: {who} moves it by itself ({how}), expected one to move traffic.',
      fix: 'Let that one move it and golive judge, or suspend it for the cutover.',
    },
  },
  rights: ({ route, deployments }) => [
    ...mayList(WRITERS),
    ...[
      { of: systemOf(route).type, names: [route.name] },
      { of: DEPLOYMENTS, names: deployments },
    ].map(({ of, names }) => ({
      namespace: route.namespace,
      groups: [groupOf(of)],
      resources: [of.resource],
      verbs: ['get'],
      resourceNames: names,
    })),
  ],

  async gather({ route, deployments }, { cluster }): Promise<Seen> {
    const refused: Refusal[] = [];
    const objects: Seen['objects'][number][] = [];
    const named = [
      { type: systemOf(route).type, name: route.name },
      ...deployments.map((name) => ({ type: DEPLOYMENTS, name })),
    ];
    for (const { type, name } of named) {
      const { seen, refusal } = await attempt(() => cluster.get(type, name, route.namespace));
      const { kind: of } = type;
      if (seen) objects.push({ kind: of, name, object: { ...seen, kind: of, apiVersion: type.apiVersion } });
      else if (refusal.code === 'not-found') objects.push({ kind: of, name, object: null });
      else refused.push(refusal);
    }
    const writers: KubeObject[] = [];
    const notServed: string[] = [];
    for (const type of WRITERS) {
      const { seen, refusal } = await attempt(() => cluster.list(type, { fresh: true }));
      if (seen) writers.push(...seen.items.map((one) => ({ ...one, kind: type.kind })));
      else if (refusal.code === 'not-found') notServed.push(type.kind);
      else if (!refused.some(({ message }) => message === refusal.message)) refused.push(refusal);
    }
    return { refused, objects, writers, notServed };
  },

  judge({ route, deployments }, { refused, objects, writers, notServed }, say) {
    for (const refusal of refused) say.refused(refusal);
    const { namespace } = route;
    const wanted = [
      { kind: systemOf(route).type.kind, name: route.name },
      ...deployments.map((name) => ({ kind: DEPLOYMENTS.kind, name })),
    ];
    const unseen = wanted.filter(({ kind: of, name }) => !objects.some((one) => one.kind === of && one.name === name));
    if (unseen.length > 0)
      say.unsure('too-few-samples', `Nobody looked at ${nameList(unseen.map((one) => `${one.kind} ${one.name}`))}.`);
    const rows = objects.flatMap(({ kind: of, name, object }) => {
      const subject = objectSubject(of, { namespace, name });
      say.judged(subject);
      if (!object) {
        say.fail('gone', subject);
        return [];
      }
      const hands = handsOn(object, writers);
      for (const hand of hands) {
        if (hand.does === 'unknown')
          say.unsure(
            'unknown-value',
            `${subjectText(subject)}: says that it belongs to ${hand.who}, which is not in this cluster: whether that one sets it back is not known.`,
            { subject },
          );
        else if (hand.does !== 'rests') say.fail(FINDINGS[hand.does], subject, { who: hand.who, how: hand.how });
      }
      return hands.length === 0
        ? [[subjectText(subject), 'nobody', '']]
        : hands.map((one) => [subjectText(subject), one.who, 'how' in one ? `${one.does}: ${one.how}` : 'not known']);
    });
    say.show(table('Who else writes them', ['object', 'owner', 'what it does'], rows));
    if (notServed.length > 0)
      say.show(
        table(
          'Not installed in this cluster',
          ['kind'],
          notServed.map((one) => [one]),
        ),
      );
  },
});

const FINDINGS = { heals: 'setBack', overwrites: 'overwritten', moves: 'movedByAnother' } as const;

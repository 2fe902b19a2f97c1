import { attempt, kind } from '../../kit/kind.ts';
import { endpointsOf } from '../../protocols/endpoints.ts';
import { DEPLOYMENTS, ENDPOINT_SLICES, mayList, PODS, REPLICA_SETS } from '../../protocols/kubernetes.ts';
import { CANARIES, primaryOf, targets } from '../../protocols/progressive-delivery/flagger.ts';
import { isAtRest, judge, messages } from './judge.ts';
import { params } from './params.ts';

export const rollout = kind('workloads/rollout', {
  title: 'Deployments have rolled out completely',
  why: 'Half a rollout serves two versions at once, and the status of the release before looks complete until the new one is observed.',
  sees: [
    'For each Deployment, that the controller has observed this generation, updated = available = desired, and no pod of an older revision, or deleted with long to go.',
    'Every pod of it running the images of the template by one and the same digest (with requireDigest: named by digest), no container restarted more often than allowed; init containers that have ended well do not count.',
    'A Deployment at 0 replicas that a Canary of Flagger has as its target: that the release was promoted, and the same of the Deployment <target>-primary, which serves users.',
    'For each other pod named, that it is ready, and its restarts.',
    'With restartsOfAll, the restarts of all other pods of the namespace.',
    'For each Service, ready endpoints, all of them pods of these Deployments.',
  ],
  not: ['Whether the pods answer: traffic/service-health asks them.'],
  needs: ['cluster'],
  required: ['namespace', 'deployments'],
  params,
  messages,
  rights: ({ namespace, services }) =>
    mayList([DEPLOYMENTS, REPLICA_SETS, PODS, CANARIES, ...(services.length > 0 ? [ENDPOINT_SLICES] : [])], namespace),

  async gather({ namespace, deployments, services }, { cluster }, { fresh }) {
    // Deployments last: whatever changes in between, their status is never older than the pods it is held against.
    const pods = await cluster.list(PODS, { namespace, fresh });
    const sets = await cluster.list(REPLICA_SETS, { namespace, fresh });
    const slices = services.length > 0 ? (await cluster.list(ENDPOINT_SLICES, { namespace, fresh })).items : [];
    const found = await cluster.list(DEPLOYMENTS, { namespace, fresh });
    const named = found.items.filter(({ metadata }) => deployments.includes(metadata.name));
    const resting = named.filter(isAtRest);
    // One at rest may be the template of Flagger, which serves users by another.
    const asked = resting.length > 0 ? await attempt(() => cluster.list(CANARIES, { namespace, fresh })) : undefined;
    const canaries = asked?.seen?.items.filter((one) => resting.some((target) => targets(one, target))) ?? [];
    const primaries = canaries.map(primaryOf);
    return {
      deployments: [...named, ...found.items.filter(({ metadata }) => primaries.includes(metadata.name))],
      canaries,
      refused: asked?.refusal && asked.refusal.code !== 'not-found' ? [asked.refusal] : [],
      replicaSets: sets.items,
      pods: pods.items,
      services: services.map((name) => ({
        name,
        endpoints: endpointsOf(
          slices.filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name),
        ),
      })),
    };
  },

  judge,
});

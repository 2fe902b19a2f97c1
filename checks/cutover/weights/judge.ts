import { rolloutStatus } from '../../../k8s/semantics/rollout-status.ts';
import type { KubeObject } from '../../contract/cluster.ts';
import type { Weights } from '../../contract/cutover.ts';
import { formatMs } from '../../contract/units.ts';
import type { Evidence, Finding, Judgement, NonEmpty } from '../../kit/define-check.ts';
import type { Endpoint } from '../../protocols/endpoints.ts';
import { nameList, readingEvidence, table, type Reading } from '../../kit/evidence.ts';
import { findBackends, notAccepted, routeState } from '../../protocols/http-route.ts';
import { judged, present } from '../../kit/judged.ts';
import { at, textAt } from '../../contract/json.ts';
import type { Params } from './check.ts';

/** The first step of a cutover, which is tried as a dry run. */
export const TRIAL: Weights = { stable: 95, canary: 5 };

export const messages = {
  noRoute: {
    says: '{subject}: does not exist, expected the HTTPRoute that splits the traffic.',
    fix: 'Create the route, or correct namespace and name in params.route.',
  },
  notAsDeclared: {
    says: '{subject}: {what}; expected a rule with both Services, and no other that gets traffic.',
    fix: 'Correct the route, or params.route.',
  },
  notAccepted: {
    says: '{subject}: {why}; expected every gateway it names to have taken it as it is now.',
    fix: 'See the status of the route and the log of the gateway’s controller.',
  },
  trafficAlready: {
    says: '{subject}: weight {canary} of {whole} is with {service} already, expected 0 before the cutover.',
    fix: 'End the other release, or set the weight of the new one to 0 (golive rollback ends a cutover that was left).',
  },
  servesNobody: {
    says: '{subject}: the weights of both Services are 0, expected {service} to serve users.',
    fix: 'Set the weight of the release that serves users.',
  },
  nothingReady: {
    says: '{subject}: none of its {count} endpoints is ready, expected at least one.',
    fix: 'See why the pods are not ready, or correct the name of the Service in params.route.',
  },
  mayNot: {
    says: '{subject}: the gate may not {verb} {resource}{reason}; expected the right, as the cutover or its rollback would stop there.',
    fix: 'Grant it: golive plan --rbac prints the Role.',
  },
  refused: {
    says: '{subject}: the API server would refuse weights {stable} and {canary}: {why}',
    fix: 'Change what refuses them: a validation, a policy or a webhook.',
  },
  altered: {
    says: '{subject}: of weights {stable} and {canary} the API server would make {actual}, expected what was asked for.',
    fix: 'Find the webhook that changes the route, and exempt the gate from it.',
  },
  changedByAsking: {
    says: '{subject}: has weights {actual} since a dry run asked for them, expected nothing to change.',
    fix: 'Set the weights back, and find what carries dry runs out: the API server or a webhook.',
  },
  noDeployment: {
    says: '{subject}: does not exist, expected a Deployment to go back to.',
    fix: 'Correct params.deployments.',
  },
  notRolledOut: {
    says: '{subject}: {why}; expected a complete rollout, as this is what a rollback goes back to.',
    fix: 'Bring the Deployment to rest first (workloads/rollout says what is wrong).',
  },
  held: {
    says: '{subject}: {holder} holds it and renewed it {age} ago, expected nobody to.',
    fix: 'Wait until the other cutover has ended, or end it.',
  },
};
type Id = keyof typeof messages;

export interface Right {
  readonly verb: string;
  /** `deployments.apps web`. */
  readonly resource: string;
  readonly allowed: boolean;
  readonly reason: string;
}
/** What the API server would store, or why it would not. */
export type DryRun = { readonly weights: Weights } | { readonly refused: string };
export interface Gathered {
  readonly route: KubeObject | null;
  readonly rights: readonly Right[];
  /** Null where there was nothing to try it on, or no right to. */
  readonly dryRun: DryRun | null;
  /** The route after the dry run. */
  readonly after: KubeObject | null;
  readonly services: readonly { readonly name: string; readonly endpoints: readonly Endpoint[] }[];
  readonly deployments: readonly { readonly name: string; readonly object: KubeObject | null }[];
  readonly lease: KubeObject | null;
  /** RFC 3339: when the Lease was read. */
  readonly askedAt: string;
  readonly reading: Reading;
}

export function judge(params: Params, gathered: Gathered): Judgement<Id> {
  const { namespace, name } = params.route;
  const subject = `HTTPRoute ${namespace}/${name}`;
  const lease = leaseOf(params, gathered);
  const evidence = evidenceOf(params, gathered, lease);
  const findings: Finding<Id>[] = [
    ...routeFindings(params, gathered, subject),
    ...gathered.services
      .filter(({ endpoints }) => !endpoints.some(isServing))
      .map(({ name: service, endpoints }): Finding<Id> => ({
        message: 'nothingReady',
        subject: `Service ${namespace}/${service}`,
        data: { count: endpoints.length },
      })),
    ...gathered.rights
      .filter(({ allowed }) => !allowed)
      .map(({ verb, resource, reason }): Finding<Id> => ({
        message: 'mayNot',
        subject,
        data: { verb, resource, reason: reason === '' ? '' : ` (${reason})` },
      })),
    ...gathered.deployments.flatMap((deployment) => present([deploymentFinding(namespace, deployment)])),
    ...(lease.state === 'held'
      ? [
          {
            message: 'held' as const,
            subject: lease.subject,
            data: { holder: lease.holder, age: formatMs(lease.ageMs) },
          },
        ]
      : []),
  ];
  const subjects = [
    subject,
    ...gathered.services.map((service) => `Service ${namespace}/${service.name}`),
    ...gathered.deployments.map((deployment) => `Deployment ${namespace}/${deployment.name}`),
    lease.subject,
  ];
  if (findings.length > 0) return judged(findings, subjects, evidence, '');
  const unclear = unclearOf(params, gathered, lease, subject);
  if (unclear !== null) return { outcome: 'inconclusive', reason: 'too-few-samples', why: unclear, evidence };
  return judged<Id>([], subjects, evidence, '');
}

function routeFindings(params: Params, { route, dryRun, after }: Gathered, subject: string): Finding<Id>[] {
  if (!route) return [{ message: 'noRoute', subject }];
  const backends = findBackends(route, params.route);
  if ('what' in backends) return [{ message: 'notAsDeclared', subject, data: { what: backends.what } }];
  const why = notAccepted(route);
  const { stable, canary } = backends;
  const whole = stable.weight + canary.weight;
  const afterwards = after && weightsOf(after, params);
  const asked = { stable: TRIAL.stable, canary: TRIAL.canary };
  return present<Finding<Id>>([
    why !== null && { message: 'notAccepted', subject, data: { why } },
    canary.weight > 0 && {
      message: 'trafficAlready',
      subject,
      data: { canary: canary.weight, whole, service: params.route.canary },
    },
    whole === 0 && { message: 'servesNobody', subject, data: { service: params.route.stable } },
    dryRun !== null && 'refused' in dryRun && { message: 'refused', subject, data: { ...asked, why: dryRun.refused } },
    dryRun !== null &&
      'weights' in dryRun &&
      !same(dryRun.weights, TRIAL) && {
        message: 'altered',
        subject,
        data: { ...asked, actual: weightsText(dryRun.weights) },
      },
    afterwards !== null &&
      same(afterwards, TRIAL) &&
      !same(weightsOf(route, params), TRIAL) && {
        message: 'changedByAsking',
        subject,
        data: { actual: weightsText(afterwards) },
      },
  ]);
}

function deploymentFinding(namespace: string, { name, object }: Gathered['deployments'][number]): Finding<Id> | null {
  const subject = `Deployment ${namespace}/${name}`;
  if (!object) return { message: 'noDeployment', subject };
  const status = rolloutStatus({ ...object, kind: 'Deployment' });
  if (status === null) throw new RangeError('a Deployment has a rollout');
  const { paused, complete, why, numbers } = status;
  const wrong = paused ? 'it is paused' : !complete ? why : numbers.desired === 0 ? 'it is scaled to nothing' : null;
  return wrong === null ? null : { message: 'notRolledOut', subject, data: { why: wrong } };
}

/** What cannot be told although nothing is wrong. */
function unclearOf(params: Params, gathered: Gathered, lease: LeaseFacts, subject: string): string | null {
  const { route, after, dryRun, rights } = gathered;
  if (rights.length === 0) return `${subject}: it was not asked which rights the cutover has.`;
  const { stable, canary } = params.route;
  const lacks = (all: readonly { readonly name: string }[], name: string): boolean =>
    !all.some((one) => one.name === name);
  const unseen = [
    ...[stable, canary].filter((name) => lacks(gathered.services, name)).map((name) => `Service ${name}`),
    ...params.deployments.filter((name) => lacks(gathered.deployments, name)).map((name) => `Deployment ${name}`),
  ];
  if (unseen.length > 0) return `${subject}: nobody looked at ${nameList(unseen)}.`;
  if (lease.state === 'unknown')
    return `${lease.subject}: ${lease.holder} holds it and wrote neither when it renewed it nor for how long: nobody can tell whether it is alive.`;
  if (!route || !dryRun || !after) return `${subject}: it went away while it was looked at.`;
  const [before, now] = [route, after].map(({ metadata }) => `${metadata.uid ?? ''} ${metadata.generation ?? 0}`);
  if (before !== now)
    return `${subject}: somebody changed it while it was looked at (generation ${route.metadata.generation ?? 0}, then ${after.metadata.generation ?? 0}), so a dry run cannot be told from that change.`;
  return null;
}

interface LeaseFacts {
  readonly subject: string;
  readonly state: 'free' | 'expired' | 'held' | 'unknown';
  readonly holder: string;
  readonly ageMs: number;
}

/** By the clock of this machine: a cutover itself waits and watches, and believes no clock. */
function leaseOf({ lease: name, route }: Params, { lease, askedAt }: Gathered): LeaseFacts {
  const subject = `Lease ${route.namespace}/${name}`;
  const holder = textAt(lease, '', 'spec', 'holderIdentity');
  const renewed = Date.parse(textAt(lease, '', 'spec', 'renewTime'));
  const seconds = at(lease, 'spec', 'leaseDurationSeconds');
  const ageMs = Math.max(0, Date.parse(askedAt) - renewed);
  if (holder === '') return { subject, state: 'free', holder, ageMs: 0 };
  if (Number.isNaN(renewed) || typeof seconds !== 'number') return { subject, state: 'unknown', holder, ageMs: 0 };
  return { subject, state: ageMs > seconds * 1000 ? 'expired' : 'held', holder, ageMs };
}

const isServing = ({ ready, terminating }: Endpoint): boolean => ready && !terminating;
const same = (one: Weights, another: Weights): boolean =>
  one.stable === another.stable && one.canary === another.canary;
const weightsText = ({ stable, canary }: Weights): string => `${stable} and ${canary}`;

function weightsOf(route: KubeObject, params: Params): Weights {
  const backends = findBackends(route, params.route);
  return 'what' in backends ? { stable: -1, canary: -1 } : routeState(route, params.route).weights;
}

function evidenceOf(params: Params, gathered: Gathered, lease: LeaseFacts): NonEmpty<Evidence> {
  const { namespace, name, stable, canary } = params.route;
  const { route, dryRun } = gathered;
  const now = route && weightsOf(route, params);
  return [
    table(
      `HTTPRoute ${namespace}/${name}`,
      ['fact', 'value'],
      [
        ['generation', route?.metadata.generation ?? null],
        [`weight of ${stable}`, now?.stable ?? null],
        [`weight of ${canary}`, now?.canary ?? null],
        ['taken by its gateways', route ? (notAccepted(route) ?? 'yes') : 'no route'],
        ['dry run of the first step', dryRun === null ? 'not tried' : trialText(dryRun)],
        ['generation afterwards', gathered.after?.metadata.generation ?? null],
        [lease.subject, lease.state === 'free' ? 'free' : `${lease.state}, ${lease.holder}`],
      ],
    ),
    table(
      'Endpoints',
      ['service', 'address', 'target', 'ready'],
      gathered.services.flatMap(({ name: service, endpoints }) =>
        endpoints.map((one) => [service, one.address, one.target, isServing(one)]),
      ),
    ),
    table(
      'Deployments to go back to',
      ['deployment', 'revision', 'rollout'],
      gathered.deployments.map(({ name: deployment, object }) => [
        deployment,
        object?.metadata.annotations?.['deployment.kubernetes.io/revision'] ?? null,
        object ? (rolloutStatus({ ...object, kind: 'Deployment' })?.why ?? null) : 'does not exist',
      ]),
    ),
    table(
      'Rights the cutover needs',
      ['verb', 'resource', 'allowed'],
      gathered.rights.map(({ verb, resource, allowed }) => [verb, resource, allowed]),
    ),
    readingEvidence(gathered.reading),
  ];
}

function trialText(dryRun: DryRun): string {
  return 'refused' in dryRun ? `refused: ${dryRun.refused}` : `would store ${weightsText(dryRun.weights)}`;
}

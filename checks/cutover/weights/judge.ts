import { rolloutStatus } from '../../../k8s/semantics/rollout-status.ts';
import type { KubeObject } from '../../contract/cluster.ts';
import type { Weights } from '../../contract/cutover.ts';
import { at, plainText, textAt } from '../../contract/json.ts';
import type { Cell } from '../../contract/outcome.ts';
import { formatMs } from '../../contract/units.ts';
import { objectSubject, subjectText, type Refusal, type Say, type Subject } from '../../kit/kind.ts';
import type { Endpoint } from '../../protocols/endpoints.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { notAccepted, servedBeside } from '../../protocols/http-route.ts';
import { shareOf, sharesIn, type RouteName } from '../../protocols/traffic/system.ts';
import { systemOf } from '../../protocols/traffic/systems.ts';
import type { Params } from './params.ts';
import type { Right } from './rights.ts';

/** The first step of a cutover, which is tried as a dry run. */
export const TRIAL: Weights = { stable: 95, canary: 5 };

export const messages = {
  noRoute: {
    says: '{subject}: does not exist, expected the object that splits the traffic.',
    fix: 'Create the route, or correct namespace and name in params.route.',
  },
  notAsDeclared: {
    says: '{subject}: {what}; expected both releases in each rule that is moved, and no other that gets traffic.',
    fix: 'Correct the route, or params.route.',
  },
  notAccepted: {
    says: '{subject}: {why}; expected every gateway it names to accept it as it is now.',
    fix: 'See the status of the route and the log of the gateway’s controller.',
  },
  servedElsewhere: {
    says: '{subject}: rule {rule} sends requests to {service} by itself, which the cutover does not move; expected its rule {moved} alone to.',
    fix: 'Merge the rule into the one that is moved (a rule takes several matches), or take the Service out of it.',
  },
  untrue: {
    says: '{subject}: {what}; expected its weights to say who is served.',
    fix: 'Do this before the cutover. {how}.',
  },
  mirrored: {
    says: '{subject}: rule {rule} sends {service} a copy of each request, which no weight stops; expected users alone to be served by it.',
    fix: 'End the mirroring before the cutover: what is written twice is wrong, and copies hide in its error rate.',
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
} as const;

/** What the API server would store, or why it would not. */
export type DryRun = { readonly weights: Weights } | { readonly refused: string };
/** Null: does not exist; undefined: it could not be read, `refused` says why. */
type Read = KubeObject | null | undefined;
export interface Seen {
  readonly refused: readonly Refusal[];
  readonly route: Read;
  /** Objects that move together with it. */
  readonly together?: readonly (RouteName & { readonly object: KubeObject | null })[];
  /** Other objects that decide where requests go, of all namespaces. */
  readonly routes: readonly KubeObject[];
  readonly rights: readonly Right[];
  /** Null where there was nothing to try it on, or no right to. */
  readonly dryRun: DryRun | null;
  /** The route after the dry run. */
  readonly after: Read;
  readonly services: readonly { readonly name: string; readonly endpoints: readonly Endpoint[] }[];
  readonly deployments: readonly { readonly name: string; readonly object: KubeObject | null }[];
  readonly lease: Read;
  /** RFC 3339: when the Lease was read. */
  readonly askedAt: string;
}
type Verdicts = Say<typeof messages>;

export function judge(params: Params, seen: Seen, say: Verdicts): void {
  const { namespace, name } = params.route;
  const { kind } = systemOf(params.route).type;
  const route = objectSubject(kind, { namespace, name });
  for (const refusal of seen.refused) say.refused(refusal);
  judgeRoute(params, seen, route, say);
  for (const { object, ...one } of seen.together ?? []) {
    const subject = objectSubject(systemOf(one).type.kind, one);
    say.judged(subject);
    if (object === null) say.fail('noRoute', subject);
    else judgeShares(one, object, [...seen.routes, ...(seen.route ? [seen.route] : [])], subject, say);
  }
  if (seen.rights.length === 0)
    say.unsure('too-few-samples', `${kind} ${namespace}/${name}: it was not asked which rights the cutover has.`);
  for (const { verb, resource, allowed, reason } of seen.rights)
    if (!allowed) say.fail('mayNot', route, { verb, resource, reason: reason === '' ? '' : ` (${reason})` });
  for (const { name: service, endpoints } of seen.services) {
    const subject = objectSubject('Service', { namespace, name: service });
    say.judged(subject);
    if (!endpoints.some(isServing)) say.fail('nothingReady', subject, { count: endpoints.length });
  }
  for (const { name: deployment, object } of seen.deployments) {
    const subject = objectSubject('Deployment', { namespace, name: deployment });
    const wrong = object && unrestOf(object);
    say.judged(subject);
    if (!object) say.fail('noDeployment', subject);
    else if (wrong) say.fail('notRolledOut', subject, { why: wrong });
  }
  judgeUnseen(params, seen, say);
  const lease = judgeLease(params, seen, say);
  show(params, seen, lease, say);
}

function judgeUnseen({ route, together = [], deployments }: Params, seen: Seen, say: Verdicts): void {
  const lacks = (all: readonly { readonly name: string }[]) => (one: string) => !all.some((it) => it.name === one);
  const unseen = [
    ...[route.stable, route.canary].filter(lacks(seen.services)).map((one) => `Service ${one}`),
    ...deployments.filter(lacks(seen.deployments)).map((one) => `Deployment ${one}`),
    ...together
      .filter((one) => lacks(seen.together ?? [])(one.name))
      .map((one) => `${systemOf(one).type.kind} ${one.name}`),
  ];
  if (unseen.length > 0) say.unsure('too-few-samples', `Nobody looked at ${nameList(unseen)}.`);
}

function judgeRoute(params: Params, { route, routes, dryRun, after }: Seen, subject: Subject, say: Verdicts): void {
  if (route === undefined) return;
  say.judged(subject);
  if (route === null) return say.fail('noRoute', subject);
  if (judgeShares(params.route, route, routes, subject, say))
    judgeTrial(params, { route, dryRun, after }, subject, say);
}

/** Whether shares can be given by it; says what is wrong with it. */
function judgeShares(
  route: RouteName,
  object: KubeObject,
  others: readonly KubeObject[],
  subject: Subject,
  say: Verdicts,
): boolean {
  const system = systemOf(route);
  const isGateway = system.type.kind === 'HTTPRoute' || system.type.kind === 'GRPCRoute';
  if (isGateway) judgeBeside(route, object, others, say);
  const shares = sharesIn(system, object, route);
  const path = rulePath(route);
  if ('what' in shares) {
    say.fail('notAsDeclared', subject, { what: shares.what }, path);
    return false;
  }
  if (!isGateway)
    for (const { what, fix } of system.problems(object, route, others)) say.fail('untrue', subject, { what, how: fix });
  const problem = isGateway ? notAccepted(object) : null;
  // What is said of an earlier generation tells neither good nor bad of this one.
  if (problem && problem.is !== 'wrong')
    say.unsure('unknown-value', `${subjectText(subject)}: ${problem.why}.`, { subject });
  else if (problem) say.fail('notAccepted', subject, { why: problem.why }, { path: 'status.parents' });
  const { canary, stable } = shares.weights;
  const whole = stable + canary;
  if (canary > 0) say.fail('trafficAlready', subject, { canary, whole, service: route.canary }, path);
  if (shares.splits.some((one) => one.stable + one.canary === 0))
    say.fail('servesNobody', subject, { service: route.stable }, path);
  return true;
}

/** Rules of the Gateway API that lead to one of both Services by themselves. */
function judgeBeside(name: RouteName, route: KubeObject, others: readonly KubeObject[], say: Verdicts): void {
  const isSame = ({ kind, metadata }: KubeObject): boolean =>
    kind === systemOf(name).type.kind && metadata.name === name.name && metadata.namespace === name.namespace;
  for (const { object, rule, path, service, isMirror } of servedBeside(
    route,
    others.filter((one) => !isSame(one)),
    name,
  )) {
    const where = objectSubject(object.kind, object.metadata);
    const place = { path: `spec.rules[${rule}].${path}` };
    say.judged(where);
    if (isMirror) say.fail('mirrored', where, { rule, service }, place);
    else say.fail('servedElsewhere', where, { rule, service, moved: name.rule }, place);
  }
}

/** What became of the dry run of the first step. */
function judgeTrial(
  params: Params,
  { route, dryRun, after }: Pick<Seen, 'dryRun' | 'after'> & { readonly route: KubeObject },
  subject: Subject,
  say: Verdicts,
): void {
  const text = subjectText(subject);
  if (!dryRun) return say.unsure('too-few-samples', `${text}: the first step was not tried as a dry run.`, { subject });
  if ('refused' in dryRun) say.fail('refused', subject, { ...TRIAL, why: dryRun.refused });
  else if (!isTrial(dryRun.weights)) say.fail('altered', subject, { ...TRIAL, actual: weightsText(dryRun.weights) });
  if (!after) return say.unsure('too-few-samples', `${text}: it went away while it was looked at.`, { subject });
  const afterwards = weightsOf(after, params);
  if (isTrial(afterwards) && !isTrial(weightsOf(route, params)))
    say.fail('changedByAsking', subject, { actual: weightsText(afterwards) });
  const [before, now] = [route, after].map(({ metadata }) => plainText([metadata.uid, metadata.generation]));
  if (before !== now)
    say.unsure(
      'too-few-samples',
      `${text}: somebody changed it while it was looked at (generation ${route.metadata.generation ?? 0}, then ${after.metadata.generation ?? 0}), so a dry run cannot be told from that change.`,
      { subject },
    );
}

/** Why a Deployment cannot be gone back to; null where it can. */
function unrestOf(object: KubeObject): string | null {
  const { paused, complete, why, numbers } = rolloutOf(object);
  return paused ? 'it is paused' : !complete ? why : numbers.desired === 0 ? 'it is scaled to nothing' : null;
}

function rolloutOf(object: KubeObject) {
  const status = rolloutStatus({ ...object, kind: 'Deployment' });
  if (status === null) throw new RangeError('a Deployment has a rollout');
  return status;
}

/** By the clock of this machine: a cutover itself waits and watches, and believes no clock. Answers with how it is, in words. */
function judgeLease({ lease: name, route: { namespace } }: Params, { lease, askedAt }: Seen, say: Verdicts): string {
  if (lease === undefined) return 'could not be read';
  const subject = objectSubject('Lease', { namespace, name });
  say.judged(subject);
  const holder = textAt(lease, '', 'spec', 'holderIdentity');
  if (holder === '') return 'free';
  const ageMs = Math.max(0, Date.parse(askedAt) - Date.parse(textAt(lease, '', 'spec', 'renewTime')));
  const seconds = at(lease, 'spec', 'leaseDurationSeconds');
  if (Number.isNaN(ageMs) || typeof seconds !== 'number') {
    say.unknown(
      subject,
      `when its holder ${holder} renewed it, or for how long: nobody knows whether that one is alive`,
    );
    return `held by ${holder}, since an unknown time`;
  }
  if (ageMs > seconds * 1000) return `expired, ${holder}`;
  say.fail('held', subject, { holder, age: formatMs(ageMs) });
  return `held, ${holder}`;
}

/** Of a route whose one rule is moved. */
const rulePath = ({ kind = 'HTTPRoute', rule }: RouteName) =>
  kind.endsWith('Route') && rule !== 'all' ? { path: `spec.rules[${rule}]` } : {};
const isServing = ({ ready, terminating }: Endpoint): boolean => ready && !terminating;
const isTrial = (weights: Weights): boolean => Math.abs(shareOf(weights) - shareOf(TRIAL)) < 1e-9;
const weightsText = ({ stable, canary }: Weights): string => `${stable} and ${canary}`;

function weightsOf(route: KubeObject, params: Params): Weights {
  const shares = sharesIn(systemOf(params.route), route, params.route);
  return 'what' in shares ? { stable: -1, canary: -1 } : shares.weights;
}

function acceptedText(kind: string, route: KubeObject): string {
  if (!kind.endsWith('Route')) return 'nobody says so of this kind: answers are counted';
  return notAccepted(route)?.why ?? 'yes';
}

function show(params: Params, { route, dryRun, after, ...seen }: Seen, lease: string, say: Verdicts): void {
  const { namespace, name, stable, canary } = params.route;
  const { kind } = systemOf(params.route).type;
  const now = route && weightsOf(route, params);
  const trial =
    dryRun && ('refused' in dryRun ? `refused: ${dryRun.refused}` : `stores ${weightsText(dryRun.weights)}`);
  const ofRoute: readonly (readonly [string, Cell | undefined])[] = [
    ['generation', route?.metadata.generation],
    [`weight of ${stable}`, now?.stable],
    [`weight of ${canary}`, now?.canary],
    ['accepted by its gateways', route ? acceptedText(kind, route) : 'no route'],
    ['at a change of the weights', systemOf(params.route).atAChange],
    ['dry run of the first step', trial ?? 'not tried'],
    ['generation afterwards', after?.metadata.generation],
  ];
  const revisionOf = (object: KubeObject): string =>
    object.metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 'unknown';
  say.show(
    table(
      'What the cutover finds',
      ['subject', 'what', 'found'],
      [
        ...ofRoute.map(([what, found]) => [`${kind} ${namespace}/${name}`, what, found ?? null]),
        ...seen.services.flatMap(({ name: service, endpoints }) =>
          endpoints.map((one) => [
            `Service ${namespace}/${service}`,
            `${one.address} ${one.target}`,
            isServing(one) ? 'ready' : 'not ready',
          ]),
        ),
        ...seen.deployments.map(({ name: deployment, object }) => [
          `Deployment ${namespace}/${deployment}`,
          object ? `revision ${revisionOf(object)}` : 'does not exist',
          object && rolloutOf(object).why,
        ]),
        [`Lease ${namespace}/${params.lease}`, 'holder', lease],
        ...seen.rights.map(({ verb, resource, allowed }) => ['right', `${verb} ${resource}`, allowed]),
      ],
    ),
  );
}

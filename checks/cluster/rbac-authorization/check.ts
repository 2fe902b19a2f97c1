import { randomUUID } from 'node:crypto';
import type { AccessAttributes } from '../../contract/cluster.ts';
import { kubernetesName } from '../../contract/param-schemas.ts';
import {
  defineCheck,
  type Capabilities,
  type Evidence,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { table } from '../../kit/evidence.ts';
import { judged, present } from '../../kit/judged.ts';
import { listAt, textAt } from '../../contract/json.ts';
import { apiAnswer } from '../../protocols/kubernetes.ts';

const messages = {
  notServed: {
    says: '{subject}: does not serve {missing}, expected the four RBAC resources.',
    fix: 'Start the API server with RBAC among its authorization modes.',
  },
  allowed: {
    says: '{subject}: may {action}{reason}, expected to be denied.',
    fix: 'Remove AlwaysAllow from the authorization modes, or the binding that grants this to everybody.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  properties: {
    control: {
      type: 'object',
      additionalProperties: false,
      required: ['user', 'verb', 'resource'],
      description:
        'The positive control: somebody who must be allowed something, by RBAC. Without it nothing is proven.',
      properties: {
        user: { type: 'string', minLength: 1, description: 'For example system:serviceaccount:shop:api.' },
        groups: {
          type: 'array',
          items: { type: 'string', description: 'A group of that user.' },
          default: ['system:authenticated'],
          description: 'Groups of that user.',
        },
        verb: { type: 'string', minLength: 1, description: 'What that user may do, for example get.' },
        group: { type: 'string', default: '', description: 'API group of the resource, empty for the core group.' },
        resource: { type: 'string', minLength: 1, description: 'To which resource, in the plural.' },
        namespace: kubernetesName('In which namespace; absent for the whole cluster.'),
        name: { type: 'string', minLength: 1, description: 'To which object, when the grant names one.' },
      },
    },
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

const GROUP_PATH = '/apis/rbac.authorization.k8s.io/v1';
const SERVED = ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'];
/** What nobody may do without a grant: reads, writes, grants of rights, and a path that is no resource. */
const DENIED: readonly AccessAttributes[] = [
  { verb: 'get', group: '', resource: 'secrets', namespace: 'kube-system' },
  { verb: 'list', group: '', resource: 'pods' },
  { verb: 'create', group: 'apps', resource: 'deployments', namespace: 'default' },
  { verb: 'delete', group: '', resource: 'nodes' },
  { verb: 'escalate', group: 'rbac.authorization.k8s.io', resource: 'clusterroles' },
  { verb: 'impersonate', group: '', resource: 'users' },
  { verb: '*', group: '*', resource: '*' },
  { verb: 'get', path: '/metrics' },
];
/** What nobody may do without a grant in the namespace of the positive control, where the platform itself is. */
const DENIED_INSIDE = [
  { verb: 'get', group: '', resource: 'secrets' },
  { verb: 'create', group: '', resource: 'pods' },
  { verb: 'patch', group: 'apps', resource: 'deployments' },
] as const;
const ANONYMOUS = { user: 'system:anonymous', groups: ['system:unauthenticated'] };

interface Review {
  readonly user: string;
  readonly action: string;
  readonly allowed: boolean;
  readonly reason: string;
}
interface Gathered {
  /** Resources the RBAC group serves; empty when it is not served. */
  readonly served: readonly string[];
  /** A user and a ServiceAccount that nobody has bound, and the anonymous user. */
  readonly denials: readonly Review[];
  readonly control: Review | null;
}

export const rbacAuthorization = defineCheck({
  meta: {
    kind: 'cluster/rbac-authorization',
    title: 'RBAC decides who may do what',
    why: 'With AlwaysAllow, or a grant to everybody, each pod token and each leaked kubeconfig owns the cluster.',
    sees: `The RBAC API group, ${DENIED.length} denials (and ${DENIED_INSIDE.length} in the control's namespace) each for a made-up user, a made-up ServiceAccount and system:anonymous, and one grant that RBAC itself allowed. Not: whether the existing roles are narrow; access/* judges them.`,
    needs: ['cluster'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: () => [
    { groups: [], resources: [], verbs: ['get'], nonResourceURLs: [GROUP_PATH] },
    { groups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
  ],
  gather,
  judge,
});

async function gather({ control }: Params, { cluster }: Pick<Capabilities, 'cluster'>): Promise<Gathered> {
  const answer = await cluster.raw(GROUP_PATH);
  const served =
    answer.status === 404
      ? []
      : listAt(apiAnswer(GROUP_PATH, answer), 'resources').map((resource) => textAt(resource, '', 'name'));
  const name = `golive-probe-${randomUUID()}`;
  const nobody = { user: name, groups: ['system:authenticated'] };
  // A binding to system:serviceaccounts gives every pod what it grants, and a made-up user does not notice it.
  const nobodysPod = {
    user: `system:serviceaccount:default:${name}`,
    groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
  };
  const review = async (subject: typeof nobody, attributes: AccessAttributes): Promise<Review> => ({
    user: subject.user,
    action: actionOf(attributes),
    ...(await cluster.canUser(subject, attributes)),
  });
  const namespace = control?.namespace;
  const denied = [...DENIED, ...(namespace === undefined ? [] : DENIED_INSIDE.map((one) => ({ ...one, namespace })))];
  const denials: Review[] = [];
  for (const subject of [nobody, nobodysPod, ANONYMOUS])
    for (const attributes of denied) denials.push(await review(subject, attributes));
  if (!control) return { served, denials, control: null };
  const { user, groups, ...attributes } = control;
  return { served, denials, control: await review({ user, groups }, attributes) };
}

function actionOf(attributes: AccessAttributes): string {
  if ('path' in attributes) return `${attributes.verb} ${attributes.path}`;
  const { verb, group, resource, namespace, name } = attributes;
  const what = `${resource}${group === '' ? '' : `.${group}`}${name === undefined ? '' : `/${name}`}`;
  return `${verb} ${what} ${namespace === undefined ? 'cluster-wide' : `in ${namespace}`}`;
}

function judge(_: Params, { served, denials, control }: Gathered): Judgement<Id> {
  const missing = SERVED.filter((resource) => !served.includes(resource));
  const findings: Finding<Id>[] = present([
    missing.length > 0 && {
      message: 'notServed' as const,
      subject: GROUP_PATH,
      data: { missing: missing.join(', ') },
    },
    ...denials.map(
      ({ user, action, allowed, reason }) =>
        allowed && {
          message: 'allowed' as const,
          subject: `User ${user}`,
          data: { action, reason: reason === '' ? '' : ` (${reason})` },
        },
    ),
  ]);
  const evidence = evidenceOf(served, denials, control);
  const unproven = findings.length === 0 && unprovenBecause(denials, control);
  if (typeof unproven === 'string')
    return { outcome: 'inconclusive', reason: 'no-positive-control', why: unproven, evidence };
  const subjects = [...denials, ...(control ? [control] : [])].map(({ user, action }) => `${user}: ${action}`);
  return judged(findings, subjects, evidence, 'No access review was made.');
}

/** An authorizer that denies everything, or cannot resolve its rules, denies the made-up user as well. */
function unprovenBecause(denials: readonly Review[], control: Review | null): string | null {
  const broken = denials.find(({ reason }) => /error|not found|unable|failed/i.test(reason));
  if (broken)
    return `The denial of "${broken.action}" came with "${broken.reason}": the authorizer could not resolve its rules, so a denial proves nothing.`;
  if (!control)
    return 'Everything was denied, but params.control names nobody who must be allowed: an authorizer that denies everybody looks the same.';
  if (!control.allowed)
    return `The positive control failed: ${control.user} may not ${control.action}. Either the grant is missing or the authorizer denies everybody.`;
  if (!control.reason.startsWith('RBAC: allowed by'))
    return `The positive control was allowed, but not by RBAC (${control.reason === '' ? 'no reason given' : control.reason}): name a subject that a RoleBinding allows.`;
  return null;
}

function evidenceOf(
  served: readonly string[],
  denials: readonly Review[],
  control: Review | null,
): readonly [Evidence, ...Evidence[]] {
  const rows = [
    ...denials.map((review) => ({ ...review, expected: 'denied' })),
    ...(control ? [{ ...control, expected: 'allowed by RBAC' }] : []),
  ];
  return [
    table(
      'Access reviews',
      ['user', 'action', 'expected', 'answer', 'reason'],
      rows.map(({ user, action, expected, allowed, reason }) => [
        user,
        action,
        expected,
        allowed ? 'allowed' : 'denied',
        reason,
      ]),
    ),
    {
      type: 'query',
      title: 'RBAC API group',
      language: 'kubernetes',
      query: `GET ${GROUP_PATH}`,
      answer: served.length === 0 ? 'not served' : served.join(', '),
    },
  ];
}

import { randomUUID } from 'node:crypto';
import type { AccessAttributes } from '../../contract/cluster.ts';
import { listAt, textAt } from '../../contract/json.ts';
import { kubernetesName } from '../../contract/param-schemas.ts';
import { table } from '../../kit/evidence.ts';
import { kind } from '../../kit/kind.ts';
import { apiAnswer } from '../../protocols/kubernetes.ts';

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
export const rbacAuthorization = kind('cluster/rbac-authorization', {
  title: 'RBAC decides who may do what',
  why: 'With AlwaysAllow, or a grant to everybody, each pod token and each leaked kubeconfig owns the cluster.',
  sees: [
    'The four resources of the RBAC API group, served.',
    `${DENIED.length} denials (and ${DENIED_INSIDE.length} in the control's namespace), each for a made-up user, a made-up ServiceAccount and system:anonymous.`,
    'One grant that RBAC itself allowed.',
  ],
  not: ['Whether the existing roles are narrow; access/* judges them.'],
  needs: ['cluster'],
  params: {
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
  messages: {
    notServed: {
      says: '{subject}: does not serve {missing}, expected the four RBAC resources.',
      fix: 'Start the API server with RBAC among its authorization modes.',
    },
    allowed: {
      says: '{subject}: may {action}{reason}, expected to be denied.',
      fix: 'Remove AlwaysAllow from the authorization modes, or the binding that grants this to everybody.',
    },
  },
  rights: () => [
    { groups: [], resources: [], verbs: ['get'], nonResourceURLs: [GROUP_PATH] },
    { groups: ['authorization.k8s.io'], resources: ['subjectaccessreviews'], verbs: ['create'] },
  ],

  async gather({ control }, { cluster }) {
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
    const denials = await Promise.all(
      [nobody, nobodysPod, ANONYMOUS].flatMap((subject) => denied.map((attributes) => review(subject, attributes))),
    );
    if (!control) return { served, denials, control: null };
    const { user, groups, ...attributes } = control;
    return { served, denials, control: await review({ user, groups }, attributes) };
  },

  judge(_, { served, denials, control }, say) {
    const missing = SERVED.filter((resource) => !served.includes(resource));
    const reviews = [
      ...denials.map((review) => ({ ...review, expected: 'denied' })),
      ...(control ? [{ ...control, expected: 'allowed by RBAC' }] : []),
    ];
    say.judged(...reviews.map(({ user, action }) => `${user}: ${action}`));
    say.show(
      table(
        `Access reviews (RBAC resources served: ${served.join(', ') || 'none'})`,
        ['user', 'action', 'expected', 'answer', 'reason'],
        reviews.map(({ user, action, expected, allowed, reason }) => [
          user,
          action,
          expected,
          allowed ? 'allowed' : 'denied',
          reason,
        ]),
      ),
    );
    if (missing.length > 0) say.fail('notServed', GROUP_PATH, { missing: missing.join(', ') });
    for (const { user, action, allowed, reason } of denials)
      if (allowed) say.fail('allowed', `User ${user}`, { action, reason: reason === '' ? '' : ` (${reason})` });
    const unproven = unprovenBecause(denials, control);
    if (unproven !== null) say.unsure('no-positive-control', unproven);
  },
});

function actionOf(attributes: AccessAttributes): string {
  if ('path' in attributes) return `${attributes.verb} ${attributes.path}`;
  const { verb, group, resource, namespace, name } = attributes;
  const what = `${resource}${group === '' ? '' : `.${group}`}${name === undefined ? '' : `/${name}`}`;
  return `${verb} ${what} ${namespace === undefined ? 'cluster-wide' : `in ${namespace}`}`;
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

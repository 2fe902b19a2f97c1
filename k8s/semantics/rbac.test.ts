import { describe, expect, it } from 'vitest';
import type { AccessAttributes } from './rbac.ts';
import {
  coversRules,
  createRbacAuthorizer,
  escalationMessage,
  forbiddenMessage,
  rbacPolicyOf,
  ruleAllows,
  serviceAccountUser,
} from './rbac.ts';
import recorded from './recorded/rbac.json' with { type: 'json' };

const authorizer = createRbacAuthorizer(rbacPolicyOf(recorded.objects));
const asked = (attributes: object): AccessAttributes => attributes as AccessAttributes;

describe('what a real API server answered', () => {
  it.each(recorded.reviews)('access review of step $step', ({ user, attributes, allowed, reason }) => {
    expect(authorizer.authorize(user, asked(attributes))).toEqual({ allowed, reason });
  });

  it.each(recorded.forbidden)('403 of step $step', ({ user, attributes, message }) => {
    const decision = authorizer.authorize(user, asked(attributes));
    expect(decision.allowed).toBe(false);
    expect(forbiddenMessage(user, asked(attributes), decision.reason)).toBe(message);
  });

  it.each(recorded.rules)('rules review of step $step', ({ user, namespace, status }) => {
    const rules = authorizer.rulesFor(user, namespace);
    expect({
      ...rules,
      resourceRules: new Set(rules.resourceRules),
      nonResourceRules: new Set(rules.nonResourceRules),
    }).toEqual({
      ...status,
      resourceRules: new Set(status.resourceRules),
      nonResourceRules: new Set(status.nonResourceRules),
    });
  });

  it.each(recorded.escalation)('escalation of step $step', ({ user, namespace, wanted, message }) => {
    const { covered, missing } = coversRules(authorizer.policyRulesFor(user, namespace), wanted);
    expect(covered).toBe(false);
    expect(escalationMessage(user, missing)).toBe(message);
  });

  it('an aggregated ClusterRole has the rules of those it selects and none of its own', () => {
    const binding = {
      kind: 'ClusterRoleBinding',
      metadata: { name: 'b' },
      roleRef: { kind: 'ClusterRole', name: recorded.aggregated.role },
      subjects: [{ kind: 'User', name: 'u' }],
    };
    const rbac = createRbacAuthorizer(rbacPolicyOf([...recorded.aggregated.objects, binding]));
    expect(rbac.rulesFor({ user: 'u', groups: [] }, '').resourceRules).toEqual(recorded.aggregated.rules);
  });
});

const rule = (fields: object) => ({ verbs: ['get'], apiGroups: [''], resources: ['pods'], ...fields });
const pods = { verb: 'get', group: '', resource: 'pods', namespace: 'n' };

describe('ruleAllows', () => {
  it.each([
    ['the same', rule({}), pods, true],
    ['another verb', rule({}), { ...pods, verb: 'list' }, false],
    ['any verb', rule({ verbs: ['*'] }), { ...pods, verb: 'list' }, true],
    ['another group', rule({}), { ...pods, group: 'apps' }, false],
    ['any group', rule({ apiGroups: ['*'] }), { ...pods, group: 'apps' }, true],
    ['no group named', rule({ apiGroups: [] }), pods, false],
    ['another resource', rule({}), { ...pods, resource: 'secrets' }, false],
    ['any resource', rule({ resources: ['*'] }), { ...pods, resource: 'secrets' }, true],
    ['any resource covers subresources', rule({ resources: ['*'] }), { ...pods, subresource: 'exec' }, true],
    ['a resource does not cover its subresources', rule({}), { ...pods, subresource: 'exec' }, false],
    ['a subresource', rule({ resources: ['pods/exec'] }), { ...pods, subresource: 'exec' }, true],
    ['a subresource does not cover its resource', rule({ resources: ['pods/exec'] }), pods, false],
    ['all of a subresource', rule({ resources: ['*/scale'] }), { ...pods, subresource: 'scale' }, true],
    ['all of another subresource', rule({ resources: ['*/scale'] }), { ...pods, subresource: 'status' }, false],
    ['pods/* is no wildcard', rule({ resources: ['pods/*'] }), { ...pods, subresource: 'exec' }, false],
    ['a name', rule({ resourceNames: ['a'] }), { ...pods, name: 'a' }, true],
    ['another name', rule({ resourceNames: ['a'] }), { ...pods, name: 'b' }, false],
    ['a list without a name', rule({ verbs: ['*'], resourceNames: ['a'] }), { ...pods, verb: 'list' }, false],
    ['a watch without a name', rule({ verbs: ['*'], resourceNames: ['a'] }), { ...pods, verb: 'watch' }, false],
    ['a creation without a name', rule({ verbs: ['*'], resourceNames: ['a'] }), { ...pods, verb: 'create' }, false],
    ['deletecollection', rule({ verbs: ['*'], resourceNames: ['a'] }), { ...pods, verb: 'deletecollection' }, false],
    [
      'a list narrowed to the name',
      rule({ verbs: ['list'], resourceNames: ['a'] }),
      { ...pods, verb: 'list', name: 'a' },
      true,
    ],
    ['a star among names is a plain name', rule({ resourceNames: ['*'] }), { ...pods, name: 'a' }, false],
    ['a path', { verbs: ['get'], nonResourceURLs: ['/metrics'] }, { verb: 'get', path: '/metrics' }, true],
    ['a longer path', { verbs: ['get'], nonResourceURLs: ['/metrics'] }, { verb: 'get', path: '/metrics/x' }, false],
    ['a path below a star', { verbs: ['get'], nonResourceURLs: ['/api/*'] }, { verb: 'get', path: '/api/v1' }, true],
    [
      'the folder of a star itself',
      { verbs: ['get'], nonResourceURLs: ['/api/*'] },
      { verb: 'get', path: '/api' },
      false,
    ],
    ['any path', { verbs: ['*'], nonResourceURLs: ['*'] }, { verb: 'post', path: '/x' }, true],
    [
      'a star within a path is plain',
      { verbs: ['get'], nonResourceURLs: ['/a/*/b'] },
      { verb: 'get', path: '/a/x/b' },
      false,
    ],
    ['a path by a rule for resources', rule({ resources: ['*'] }), { verb: 'get', path: '/metrics' }, false],
    ['a resource by a rule for paths', { verbs: ['*'], nonResourceURLs: ['*'] }, pods, false],
  ])('%s', (_, given, attributes, allowed) => {
    expect(ruleAllows(given, asked(attributes))).toBe(allowed);
  });
});

const role = (name: string, namespace = 'n') => ({ kind: 'Role', metadata: { name, namespace }, rules: [rule({})] });
const clusterRole = (name: string) => ({ kind: 'ClusterRole', metadata: { name }, rules: [rule({})] });
const bindingTo = (subject: object, roleRef: object, namespace?: string) => ({
  kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
  metadata: { name: 'b', ...(namespace === undefined ? {} : { namespace }) },
  roleRef,
  subjects: [{ kind: 'User', name: 'nobody' }, subject],
});
const decide = (objects: readonly object[], user: { user: string; groups: string[] }, attributes: object = pods) =>
  createRbacAuthorizer(rbacPolicyOf(objects)).authorize(user, asked(attributes));
const jane = { user: 'jane', groups: ['devs'] };
const viaRole = { kind: 'Role', name: 'r' };
const viaClusterRole = { kind: 'ClusterRole', name: 'r' };
const bot = { ...serviceAccountUser('n', 'bot'), groups: [...serviceAccountUser('n', 'bot').groups] };

describe('bindings', () => {
  it.each([
    ['a user', { kind: 'User', name: 'jane' }, jane, 'User "jane"'],
    ['a group', { kind: 'Group', name: 'devs' }, jane, 'Group "devs"'],
    ['a ServiceAccount', { kind: 'ServiceAccount', name: 'bot', namespace: 'n' }, bot, 'ServiceAccount "bot/n"'],
    [
      'a ServiceAccount of the binding’s namespace',
      { kind: 'ServiceAccount', name: 'bot' },
      bot,
      'ServiceAccount "bot/n"',
    ],
    [
      'a ServiceAccount by its user name',
      { kind: 'User', name: 'system:serviceaccount:n:bot' },
      bot,
      'User "system:serviceaccount:n:bot"',
    ],
    [
      'all ServiceAccounts of a namespace',
      { kind: 'Group', name: 'system:serviceaccounts:n' },
      bot,
      'Group "system:serviceaccounts:n"',
    ],
  ])('grant to %s', (_, subject, user, named) => {
    const reason = `RBAC: allowed by RoleBinding "b/n" of Role "r" to ${named}`;
    expect(decide([role('r'), bindingTo(subject, viaRole, 'n')], user)).toEqual({ allowed: true, reason });
  });

  it.each([
    ['a user of another name', { kind: 'User', name: 'Jane' }, jane],
    ['a group that is the user’s name', { kind: 'Group', name: 'jane' }, jane],
    ['a ServiceAccount of another namespace', { kind: 'ServiceAccount', name: 'bot', namespace: 'm' }, bot],
    ['a kind of subject there is not', { kind: 'Robot', name: 'jane' }, jane],
  ])('do not grant to %s', (_, subject, user) => {
    expect(decide([role('r'), bindingTo(subject, viaRole, 'n')], user)).toEqual({ allowed: false, reason: '' });
  });

  const toJane = { kind: 'User', name: 'jane' };
  it.each([
    [
      'a RoleBinding of a ClusterRole, in its namespace',
      [clusterRole('r'), bindingTo(toJane, viaClusterRole, 'n')],
      pods,
      true,
    ],
    [
      'a RoleBinding of a ClusterRole, elsewhere',
      [clusterRole('r'), bindingTo(toJane, viaClusterRole, 'n')],
      { ...pods, namespace: 'm' },
      false,
    ],
    [
      'a RoleBinding, at the cluster scope',
      [clusterRole('r'), bindingTo(toJane, viaClusterRole, 'n')],
      { ...pods, namespace: '' },
      false,
    ],
    ['a ClusterRoleBinding, in any namespace', [clusterRole('r'), bindingTo(toJane, viaClusterRole)], pods, true],
    [
      'a ClusterRoleBinding, at the cluster scope',
      [clusterRole('r'), bindingTo(toJane, viaClusterRole)],
      { ...pods, namespace: undefined },
      true,
    ],
    [
      'a ServiceAccount without a namespace in a ClusterRoleBinding',
      [clusterRole('r'), bindingTo({ kind: 'ServiceAccount', name: 'jane' }, viaClusterRole)],
      pods,
      false,
    ],
  ])('%s', (_, objects, attributes, allowed) => {
    expect(decide(objects, jane, attributes).allowed).toBe(allowed);
  });

  it.each([
    [
      'a Role that does not exist',
      [bindingTo(toJane, viaRole, 'n')],
      'RBAC: role.rbac.authorization.k8s.io "r" not found',
    ],
    [
      'a Role of another namespace',
      [role('r', 'm'), bindingTo(toJane, viaRole, 'n')],
      'RBAC: role.rbac.authorization.k8s.io "r" not found',
    ],
    [
      'a Role from a ClusterRoleBinding',
      [role('r'), bindingTo(toJane, viaRole)],
      'RBAC: role.rbac.authorization.k8s.io "r" not found',
    ],
    [
      'a ClusterRole that does not exist',
      [bindingTo(toJane, viaClusterRole)],
      'RBAC: clusterrole.rbac.authorization.k8s.io "r" not found',
    ],
  ])('to %s grant nothing', (_, objects, reason) => {
    expect(decide(objects, jane)).toEqual({ allowed: false, reason });
  });

  it('are not needed by system:masters', () => {
    expect(decide([], { user: 'x', groups: ['system:masters'] })).toEqual({ allowed: true, reason: '' });
    expect(decide([], { user: 'system:masters', groups: [] }).allowed).toBe(false);
  });
});

describe('aggregated ClusterRoles', () => {
  const aggregated = (name: string, label: string, labels: object = {}) => ({
    kind: 'ClusterRole',
    metadata: { name, labels },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [label]: 'true' } }] },
    rules: null,
  });
  const leaf = { ...clusterRole('leaf'), metadata: { name: 'leaf', labels: { a: 'true' } } };
  const grantOf = (name: string) => bindingTo({ kind: 'User', name: 'jane' }, { kind: 'ClusterRole', name });

  it('pass rules on through another aggregated one', () => {
    const objects = [aggregated('top', 'b'), aggregated('middle', 'a', { b: 'true' }), leaf];
    expect(decide([...objects, grantOf('top')], jane).allowed).toBe(true);
    expect(decide([aggregated('top', 'c'), ...objects.slice(1), grantOf('top')], jane).allowed).toBe(false);
  });

  it('that select one another end, and still have all rules', () => {
    const objects = [aggregated('x', 'y', { x: 'true', a: 'false' }), aggregated('y', 'x', { y: 'true' })];
    const both = [...objects, { ...leaf, metadata: { name: 'leaf', labels: { x: 'true' } } }];
    expect(decide([...both, grantOf('x')], jane).allowed).toBe(true);
    expect(decide([...both, grantOf('y')], jane).allowed).toBe(true);
    expect(decide([...objects, grantOf('x')], jane).allowed).toBe(false);
  });

  it('with a selector the API server would refuse grant nothing', () => {
    const broken = {
      ...aggregated('r', 'a'),
      aggregationRule: { clusterRoleSelectors: [{ matchExpressions: [{ key: 'a', operator: 'Is' }] }] },
    };
    expect(decide([broken, leaf, grantOf('r')], jane).allowed).toBe(false);
  });
});

describe('coversRules', () => {
  const owned = [rule({ verbs: ['get', 'list'] })];
  it.each([
    ['the same', owned, owned, true],
    ['fewer verbs', owned, [rule({})], true],
    ['more verbs', owned, [rule({ verbs: ['get', 'delete'] })], false],
    ['from two rules together', [rule({}), rule({ verbs: ['list'] })], owned, true],
    ['a star, by every verb named', owned, [rule({ verbs: ['*'] })], false],
    [
      'anything, by stars',
      [rule({ verbs: ['*'], apiGroups: ['*'], resources: ['*'] })],
      [rule({ verbs: ['*'], resources: ['pods/exec'] })],
      true,
    ],
    ['a name, by all names', owned, [rule({ resourceNames: ['a'] })], true],
    ['all names, by one', [rule({ resourceNames: ['a'] })], [rule({})], false],
    ['another name', [rule({ resourceNames: ['a'] })], [rule({ resourceNames: ['a', 'b'] })], false],
    [
      'a subresource, by a star before it',
      [rule({ resources: ['*/scale'] })],
      [rule({ resources: ['pods/scale'] })],
      true,
    ],
    ['a subresource, by its resource', owned, [rule({ resources: ['pods/exec'] })], false],
    [
      'a path below a star',
      [{ verbs: ['get'], nonResourceURLs: ['/a/*'] }],
      [{ verbs: ['get'], nonResourceURLs: ['/a/b'] }],
      true,
    ],
    [
      'another path',
      [{ verbs: ['get'], nonResourceURLs: ['/a/*'] }],
      [{ verbs: ['get'], nonResourceURLs: ['/b'] }],
      false,
    ],
    ['nothing', [], [], true],
    ['something, by nothing', [], owned, false],
  ])('%s', (_, own, wanted, covered) => {
    expect(coversRules(own, wanted).covered).toBe(covered);
  });

  it('names the missing pieces only', () => {
    const { missing } = coversRules(owned, [rule({ verbs: ['get', 'delete'], resources: ['pods', 'nodes'] })]);
    expect(missing.map(({ verbs, resources }) => [verbs, resources])).toEqual([
      [['delete'], ['pods']],
      [['get'], ['nodes']],
      [['delete'], ['nodes']],
    ]);
  });
});

it('forbiddenMessage escapes what a browser could read as markup, and appends the reason', () => {
  const user = { user: '<b>', groups: [] };
  expect(forbiddenMessage(user, { verb: 'get', path: '/a&b' }, 'RBAC: x')).toBe(
    'forbidden: User "&lt;b&gt;" cannot get path "/a&amp;b": RBAC: x',
  );
});

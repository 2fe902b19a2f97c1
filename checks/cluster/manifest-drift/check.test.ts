import { expect, it } from 'vitest';
import type { Capabilities } from '../../contract/capabilities.ts';
import type { KubeObject } from '../../contract/cluster.ts';
import { ObservationError } from '../../contract/capabilities.ts';
import { readCases } from '../../kit/cases-file.ts';
import { runCase, testContext } from '../../kit/testing/cases.ts';
import { manifestDrift } from './check.ts';
import { additionsOf } from './additions.ts';
import { differencesOf } from './differences.ts';
import type { Seen } from './judge.ts';

const object = (over: Readonly<Record<string, unknown>>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', namespace: 'shop' },
  ...over,
});

it('names the fields that differ, and none that the server owns', () => {
  const live = object({
    metadata: { name: 'a', uid: '1', resourceVersion: '7', annotations: { 'deployment.kubernetes.io/revision': '3' } },
    spec: { containers: [{ name: 'api', env: [{ name: 'B', value: '2' }] }, { name: 'side' }], args: ['x', 'y'] },
    status: { ready: 1 },
  });
  const applied = object({
    metadata: { name: 'a', uid: '2', labels: { 'app.kubernetes.io/name': 'a' } },
    spec: { containers: [{ name: 'api', env: [{ name: 'B', value: '3' }] }, { name: 'side' }], args: ['x', 'z'] },
  });
  expect(differencesOf(live, applied)).toEqual([
    { path: 'metadata.labels', live: undefined, applied: { 'app.kubernetes.io/name': 'a' } },
    { path: 'spec.containers[api].env[B].value', live: '2', applied: '3' },
    { path: 'spec.args[1]', live: 'y', applied: 'z' },
  ]);
  const pair = [{ name: 'a' }, { name: 'b' }];
  expect(differencesOf(object({ l: pair }), object({ l: pair.toReversed() }))).toHaveLength(1);
  expect(differencesOf(live, live)).toEqual([]);
});

const params = {
  folder: 'k8s',
  resources: [{ apiVersion: 'v1', kind: 'ConfigMap', resource: 'configmaps', namespace: 'shop' }],
  secrets: [],
  ignore: [],
};
const manifest = (name: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name}, namespace: shop }\ndata: { day: 2026-01-01 }\n`;

function gatherWith(
  files: Readonly<Record<string, string>>,
  cluster: Partial<Capabilities['cluster']>,
  given: object = params,
): Promise<unknown> {
  const capabilities = {
    files: {
      list: () => Promise.resolve(Object.keys(files)),
      read: (path: string) => Promise.resolve(files[path] ?? ''),
    },
    cluster,
  };
  return manifestDrift.gather(given, capabilities as unknown as Capabilities, testContext('2026-01-15T12:00:00Z'));
}
const answering = {
  get: (_type: unknown, name: string) => Promise.resolve(object({ metadata: { name, namespace: 'shop' } })),
  dryRunApply: (given: Readonly<Record<string, unknown>>) => Promise.resolve(given as unknown as KubeObject),
};

it('reads manifests, and says what it leaves out', async () => {
  const secret = `${manifest('b')}---\napiVersion: v1\nkind: Secret\nmetadata: { name: s, namespace: shop }\n`;
  const gathered = (await gatherWith(
    { 'k8s/a.yaml': manifest('a'), 'k8s/b.yaml': secret, 'k8s/c.template': '' },
    answering,
  )) as Seen;
  expect(gathered.objects.map(({ subject, file }) => [subject, file])).toEqual([
    ['ConfigMap shop/a', 'k8s/a.yaml'],
    ['ConfigMap shop/b', 'k8s/b.yaml'],
  ]);
  // YAML 1.1 would make a date of it.
  expect(gathered.objects[0]?.applied?.['data']).toEqual({ day: '2026-01-01' });
  expect(gathered.leftOut.map(({ what }) => what)).toEqual(['k8s/c.template', 'k8s/b.yaml: Secret shop/s']);
  expect(gathered.control).toEqual({ subject: 'ConfigMap shop/a', shown: true, stored: false });
});

it.each([
  [
    'a type it may not look at',
    'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: x, namespace: shop }\n',
    'Add Deployment of apps/v1',
  ],
  ['no YAML', 'a: [', 'Correct the file'],
  ['no object', 'a: 1\n', 'Move what is no manifest'],
])('refuses %s', async (_what, text, fix) => {
  await expect(gatherWith({ 'k8s/a.yaml': text }, answering)).rejects.toMatchObject({
    code: 'misconfigured',
    fix: expect.stringContaining(fix) as string,
  });
});

it('an answer about another object is none; a refusal of the manifest is a finding', async () => {
  const other = { ...answering, dryRunApply: () => Promise.resolve(object({ metadata: { name: 'other' } })) };
  await expect(gatherWith({ 'k8s/a.yaml': manifest('a') }, other)).rejects.toMatchObject({ code: 'unreachable' });
  const refusing = {
    ...answering,
    dryRunApply: () => Promise.reject(new ObservationError('protocol', 'data is immutable')),
  };
  const refused = (await gatherWith({ 'k8s/a.yaml': manifest('a') }, refusing)) as Seen;
  expect(refused.objects[0]).toMatchObject({ applied: null, refusal: 'data is immutable' });
});

it('a forbidden dry run leaves the other objects judged; roles are compared as they stand', async () => {
  const role = `apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: { name: r, namespace: shop }\nrules: []\n`;
  const forbidding: Partial<Capabilities['cluster']> = {
    get: ({ kind, apiVersion }, name) =>
      Promise.resolve({
        apiVersion,
        kind,
        metadata: { name, namespace: 'shop' },
        ...(kind === 'Role' ? { rules: [{ verbs: ['*'] }] } : {}),
      }),
    dryRunApply: (given) =>
      given['kind'] === 'Role' || JSON.stringify(given).includes('"webhook"')
        ? Promise.reject(new ObservationError('forbidden', 'no'))
        : Promise.resolve(given as unknown as KubeObject),
  };
  const types = [
    ...params.resources,
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', resource: 'roles', namespace: 'shop' },
  ];
  const files = { 'k8s/a.yaml': role, 'k8s/b.yaml': manifest('webhook'), 'k8s/c.yaml': manifest('c') };
  const seen = await gatherWith(files, forbidding, { ...params, resources: types });
  const { outcome, findings, doubts } = manifestDrift.judge(params, seen, { now: new Date() });
  expect([outcome, ...findings.map(({ says }) => says.slice(0, 25))]).toEqual(
    ['fail', 'Role shop/r: rules is [{"v', 'ConfigMap shop/c: data is'].map((text) => text.slice(0, 25)),
  );
  expect(doubts.map(({ reason, subject }) => [reason, subject?.name])).toEqual([['forbidden', 'webhook']]);
  expect((seen as Seen).control?.subject).toBe('ConfigMap shop/c');
});

it('shows no value of a field that is named like a secret', async () => {
  const check = readCases(import.meta.dirname).find(({ name }) => name === 'fail.another-object-is-ignored');
  const { texts } = check ? await runCase(manifestDrift, check) : { texts: [] };
  expect(texts.join('\n')).toMatch(/spec\.replicas is 5, expected 2 as in k8s/);
  expect(texts.join('\n')).toContain('env[DB_PASSWORD].value is another value (not shown)');
});

it('shows what differs, but no credential, whatever it is called', () => {
  const held = (live: unknown, applied: unknown): Seen => ({
    objects: [
      {
        file: 'k8s/a.yaml',
        subject: 'ConfigMap shop/a',
        kind: 'ConfigMap',
        name: 'a',
        manifest: object({ data: applied }),
        live: object({ data: live }),
        applied: object({ data: applied }),
      },
    ],
    secrets: [],
    leftOut: [],
    control: { subject: 'ConfigMap shop/a', shown: true, stored: false },
  });
  const said = (live: unknown, applied: unknown): string =>
    JSON.stringify(manifestDrift.judge(params, held(live, applied), { now: new Date() }));
  expect(said({ level: 'debug' }, { level: 'info' })).toContain('debug');
  const conf = (password: string) => ({ 'redis.conf': `port 6379\nrequirepass ${password}\n` });
  expect(said(conf('hunter2'), conf('correct-horse'))).not.toMatch(/hunter2|correct-horse/);
  const side = { containers: [{ name: 'side', env: [{ name: 'DB_PASSWORD', value: 'hunter2' }] }] };
  expect(said(side, {})).not.toContain('hunter2');
});

it('compares the objects of a template field by field, whatever its places were filled with', async () => {
  const route = (host: string, port: string, backend: string): string =>
    `apiVersion: g/v1\nkind: HTTPRoute\nmetadata: { name: r, namespace: shop }\nspec:\n  hostnames:\n    - ${host}\n  port: ${port}\n  rules:\n    - backendRefs: [{ name: ${backend} }]\n`;
  const live = {
    apiVersion: 'g/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'r', namespace: 'shop', resourceVersion: '3' },
    spec: {
      hostnames: ['api.shop.test'],
      port: 443,
      rules: [{ backendRefs: [{ name: 'api', weight: 1 }], matches: [{}] }],
    },
  };
  const types = [
    ...params.resources,
    { apiVersion: 'g/v1', kind: 'HTTPRoute', resource: 'httproutes', namespace: 'shop' },
  ];
  const judged = async (text: string, resources = types) => {
    const seen = (await gatherWith(
      { 'k8s/r.yaml.template': text, 'k8s/helm.yaml.tpl': 'a: {{ if }}', 'k8s/a.yaml': manifest('a') },
      {
        ...answering,
        get: ({ kind }, name) =>
          Promise.resolve(
            kind === 'HTTPRoute'
              ? live
              : object({ metadata: { name, namespace: 'shop' }, data: { day: '2026-01-01' } }),
          ),
      },
      { ...params, resources },
    )) as Seen;
    const { findings } = manifestDrift.judge(params, seen, { now: new Date(0) });
    return { findings: findings.map(({ path }) => path), leftOut: seen.leftOut.map(({ what }) => what) };
  };
  const good = route('api.${DOMAIN}', '${PORT}', 'api');
  expect(await judged(good)).toEqual({ findings: [], leftOut: ['k8s/helm.yaml.tpl'] });
  expect((await judged(route('www.${DOMAIN}', '80', 'other'))).findings).toEqual([
    'spec.hostnames[0]',
    'spec.port',
    'spec.rules[0].backendRefs[api]',
    'spec.rules[0].backendRefs[other]',
  ]);
  const undeclared = await judged(good, params.resources);
  expect(undeclared).toEqual({
    findings: [],
    leftOut: ['k8s/helm.yaml.tpl', 'k8s/r.yaml.template: HTTPRoute shop/r'],
  });
});

it('an object that may not be read is a doubt of its own', async () => {
  const seen = await gatherWith(
    { 'k8s/a.yaml': manifest('a'), 'k8s/b.yaml': manifest('b') },
    {
      ...answering,
      get: (type, name) =>
        name === 'a' ? Promise.reject(new ObservationError('forbidden', 'may not get a')) : answering.get(type, name),
    },
  );
  const { findings, doubts } = manifestDrift.judge(params, seen, { now: new Date(0) });
  expect(findings.map(({ subject }) => subject.name)).toEqual(['b']);
  expect(doubts.map(({ reason }) => reason)).toEqual(['forbidden']);
});

it('sees what was added to a template without annotations, a Pod or a Service, and not what the system adds', () => {
  const added = (kind: string, live: object, manifest: object): readonly string[] =>
    additionsOf(object({ kind, ...live }), object({ kind, ...manifest })).map(({ path }) => path);
  const template = (annotations: object) => ({
    spec: { template: { metadata: { labels: { app: 'a' }, annotations }, spec: { containers: [] } } },
  });
  const bare = { spec: { template: { metadata: { labels: { app: 'a' } }, spec: { containers: [] } } } };
  expect(added('Deployment', template({ 'kubectl.kubernetes.io/restartedAt': 'x' }), bare)).toEqual([]);
  expect(added('Deployment', template({ 'sidecar.istio.io/inject': 'true' }), bare)).toEqual([
    "spec.template.metadata.annotations['sidecar.istio.io/inject']",
  ]);
  const mount = (name: string, mountPath: string) => ({ name, mountPath });
  const token = '/var/run/secrets/kubernetes.io/serviceaccount';
  const pod = (volumes: readonly object[], volumeMounts: readonly object[]) => ({
    spec: { containers: [{ name: 'c', image: 'i', volumeMounts }], volumes, nodeName: 'n' },
  });
  const own = { spec: { containers: [{ name: 'c', image: 'i' }] } };
  expect(added('Pod', pod([{ name: 'kube-api-access-x' }], [mount('k', token)]), own)).toEqual([]);
  expect(added('Pod', pod([{ name: 'host' }], [mount('host', '/host')]), own)).toEqual([
    'spec.containers[c].volumeMounts[/host]',
    'spec.volumes[host]',
  ]);
  const ports = (...numbers: readonly number[]) => ({
    spec: { ports: numbers.map((port) => ({ port, nodePort: 30000 })) },
  });
  expect(added('Service', ports(80, 22), ports(80))).toEqual(['spec.ports[22]']);
});

import { parsePodSecurityVersion, podSecurity } from '../../../k8s/semantics/pod-security.ts';
import { exemptions, namespaceList } from '../../contract/param-schemas.ts';
import { textAt } from '../../contract/json.ts';
import { table } from '../../kit/evidence.ts';
import { kind, objectSubject } from '../../kit/kind.ts';
import { apiAnswer, NAMESPACES } from '../../protocols/kubernetes.ts';
import { mayReadWorkloads, readWorkloads } from '../../protocols/workloads.ts';
import { judgeSources, standardVersion, VIOLATES } from '../security-context.ts';

const LABEL = 'pod-security.kubernetes.io';
const VERSION = '/version';

export const podSecurityAdmission = kind('workloads/pod-security-admission', {
  title: 'Pod Security Standards are enforced at level restricted, and every workload meets them',
  why: 'Labels that only warn let a privileged pod in; labels that came after the pods refuse them at their next restart, in the middle of a rollout.',
  sees: [
    'The labels by which each namespace enforces the standard, and its version.',
    'Every pod template and running pod under the whole restricted standard, evaluated here.',
  ],
  not: ['Exemptions of users, runtime classes and namespaces in the configuration of the admission plugin.'],
  needs: ['cluster'],
  required: ['namespaces'],
  params: {
    namespaces: namespaceList,
    version: standardVersion(
      'Version of the standard that must be enforced, and that workloads are judged by: latest, or for example v1.31.',
    ),
    exemptions,
  },
  messages: {
    notEnforced: {
      says: '{subject}: enforces {actual}, expected the Pod Security Standard restricted.',
      fix: 'Label it pod-security.kubernetes.io/enforce=restricted; try first what that refuses: kubectl label --dry-run=server --overwrite namespace NAME pod-security.kubernetes.io/enforce=restricted.',
    },
    otherVersion: {
      says: '{subject}: enforces restricted in version {actual}, expected {expected}.',
      fix: 'Set the label pod-security.kubernetes.io/enforce-version as expected, or set version of the item to the one that was agreed.',
    },
    violates: {
      says: VIOLATES,
      fix: 'Set the field as expected, or the next restart of this pod is refused; what is exempt goes into exemptions, with the reason.',
    },
  },
  rights: ({ namespaces }) => [
    { groups: [''], resources: ['namespaces'], verbs: ['get'], resourceNames: namespaces },
    { groups: [], resources: [], verbs: ['get'], nonResourceURLs: [VERSION] },
    ...mayReadWorkloads(namespaces),
  ],

  gather: async ({ namespaces }, { cluster }, context) => ({
    /** Minor version of the API server, `31` or `31+`: its latest standard is the one that it knows. */
    server: textAt(apiAnswer(VERSION, await cluster.raw(VERSION)), '', 'minor'),
    namespaces: await Promise.all(namespaces.map((name) => cluster.get(NAMESPACES, name))),
    workloads: await readWorkloads(cluster, namespaces, context),
  }),

  judge(params, { server, namespaces, workloads }, say) {
    const { version } = params;
    const latest = parsePodSecurityVersion(`v1.${server.replace(/\D+$/, '')}`);
    const minor = (version === 'latest' ? latest : parsePodSecurityVersion(version)) ?? undefined;
    if (minor === undefined) say.unknown('API server', 'its minor version, so its latest standard is not known');
    for (const { metadata } of namespaces) {
      const subject = objectSubject('Namespace', { name: metadata.name });
      const level = metadata.labels?.[`${LABEL}/enforce`];
      // Without this label the newest version holds.
      const actual = metadata.labels?.[`${LABEL}/enforce-version`] ?? 'latest';
      const path = 'metadata.labels';
      say.judged(subject);
      if (level !== 'restricted') say.fail('notEnforced', subject, { actual: level ?? 'no level' }, { path });
      else if (actual !== version) say.fail('otherVersion', subject, { actual, expected: version }, { path });
    }
    const modes = ['enforce', 'warn', 'audit'];
    say.show(
      table(
        'Pod Security labels',
        ['namespace', ...modes, 'resourceVersion'],
        namespaces.map(({ metadata: { name, labels, resourceVersion } }) => [
          name,
          ...modes.map((mode) => {
            const level = labels?.[`${LABEL}/${mode}`];
            return level === undefined ? 'not set' : `${level}:${labels?.[`${LABEL}/${mode}-version`] ?? 'latest'}`;
          }),
          resourceVersion ?? '',
        ]),
      ),
    );
    judgeSources(
      { linuxOnly: false, rule: (pod) => podSecurity(pod, 'restricted', minor).violations },
      params,
      workloads,
      say,
    );
  },
});

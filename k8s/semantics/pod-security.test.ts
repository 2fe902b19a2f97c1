import { describe, expect, it } from 'vitest';
import type { PodSecurityLevel } from './pod-security.ts';
import {
  capabilitiesDropped,
  isWindowsPod,
  parsePodSecurityLevel,
  parsePodSecurityVersion,
  podSecurity,
  readOnlyRootFilesystem,
  restOfRestricted,
  runAsNonRoot,
} from './pod-security.ts';
import versions from './recorded/pod-security-versions.json' with { type: 'json' };
import recorded from './recorded/pod-security.json' with { type: 'json' };

describe('what a real API server answered', () => {
  it.each(recorded.pods)('$level, pod $name (step $step)', ({ level, pod, detail }) => {
    const result = podSecurity(pod, level as PodSecurityLevel);
    expect(result.detail).toBe(detail);
    expect(result.allowed).toBe(detail === '');
    expect(result.violations.length > 0).toBe(detail !== '');
  });

  it('the warning about pods a namespace already has', () => {
    expect(podSecurity(recorded.existing.pod, 'restricted').reasons).toBe(recorded.existing.reasons);
  });
});

describe('what the admission plugin answers by policy version', () => {
  it.each(versions.pods)('pod $pod.metadata.name', ({ pod, ...answers }) => {
    for (const level of ['baseline', 'restricted'] as const)
      for (let minor = 0; minor <= 38; minor += 1) {
        const [, text = 0] = answers[level].findLast(([since = 0]) => since <= minor) ?? [];
        expect(podSecurity(pod, level, minor).detail, `${level}:v1.${String(minor)}`).toBe(versions.texts[text]);
      }
  });

  it.each([
    ['latest', 37],
    ['v1.0', 0],
    ['v1.31', 31],
    ['v1.031', null],
    ['v1.', null],
    ['v2.1', null],
    ['1.31', null],
    ['v1.31.2', null],
    ['V1.31', null],
    ['latest ', null],
    ['', null],
  ])('reads the version "%s" as %s', (text, minor) => {
    expect(parsePodSecurityVersion(text)).toBe(minor);
  });

  it('knows three levels, and refuses every other', () => {
    expect(['privileged', 'baseline', 'restricted'].map(parsePodSecurityLevel)).not.toContain(null);
    expect(parsePodSecurityLevel('Restricted')).toBeNull();
    expect(() => podSecurity({ spec: {} }, 'strict' as PodSecurityLevel)).toThrow(RangeError);
  });
});

/** A pod the restricted level accepts. */
const good = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};
const one = (securityContext: object, fields: object = {}) => ({
  containers: [{ name: 'app', securityContext: { ...good, ...securityContext }, ...fields }],
});
const spec = (fields: object) => ({ ...one({}), ...fields });
const two = (a: object, b: object) => ({
  containers: [
    { name: 'a', securityContext: { ...good, ...a } },
    { name: 'b', securityContext: { ...good, ...b } },
  ],
});
const volume = (type: string) => ({ name: 'v', [type]: {} });

describe('baseline controls', () => {
  it.each([
    [
      'host namespaces',
      spec({ hostNetwork: true, hostPID: true, hostIPC: true }),
      'host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)',
    ],
    [
      'hostPath volumes',
      spec({ volumes: [volume('hostPath'), { name: 'w', hostPath: {} }] }),
      'hostPath volumes (volumes "v", "w")',
    ],
    [
      'host ports',
      one({}, { ports: [{ hostPort: 9 }, { hostPort: 80 }] }),
      'hostPort (container "app" uses hostPorts 80, 9)',
    ],
    [
      'privileged, in two containers',
      two({ privileged: true }, { privileged: true }),
      'privileged (containers "a", "b" must not set securityContext.privileged=true)',
    ],
    [
      'privileged, in an init container',
      { initContainers: [{ name: 'i', securityContext: { privileged: true } }] },
      'privileged (container "i" must not set securityContext.privileged=true)',
    ],
    [
      'privileged, in an ephemeral container',
      { ephemeralContainers: [{ name: 'e', securityContext: { privileged: true } }] },
      'privileged (container "e" must not set securityContext.privileged=true)',
    ],
    [
      'added capabilities',
      one({ capabilities: { add: ['SYS_TIME', 'CHOWN', 'NET_RAW'] } }),
      'non-default capabilities (container "app" must not include "NET_RAW", "SYS_TIME" in securityContext.capabilities.add)',
    ],
    [
      'a prefixed name of a capability',
      one({ capabilities: { add: ['CAP_CHOWN'] } }),
      'non-default capabilities (container "app" must not include "CAP_CHOWN" in securityContext.capabilities.add)',
    ],
    [
      'unmasked proc',
      one({ procMount: 'Unmasked' }),
      'procMount (container "app" must not set securityContext.procMount to "Unmasked")',
    ],
    [
      'seccomp of the pod',
      spec({ securityContext: { seccompProfile: { type: 'Unconfined' } } }),
      'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [
      'seccomp of pod and container',
      {
        ...one({ seccompProfile: { type: 'Unconfined' } }),
        securityContext: { seccompProfile: { type: 'Unconfined' } },
      },
      'seccompProfile (pod and container "app" must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [
      'AppArmor of the pod',
      spec({ securityContext: { appArmorProfile: { type: 'Unconfined' } } }),
      'forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined")',
    ],
    [
      'AppArmor of a container',
      one({ appArmorProfile: { type: 'Unconfined' } }),
      'forbidden AppArmor profile (container "app" must not set AppArmor profile type to "Unconfined")',
    ],
    [
      'SELinux type',
      one({ seLinuxOptions: { type: 'foo' } }),
      'seLinuxOptions (container "app" set forbidden securityContext.seLinuxOptions: type "foo")',
    ],
    [
      'SELinux user and role of the pod',
      spec({ securityContext: { seLinuxOptions: { user: 'u', role: 'r' } } }),
      'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: user may not be set; role may not be set)',
    ],
    [
      'an unsafe sysctl',
      spec({ securityContext: { sysctls: [{ name: 'net.core.somaxconn' }, { name: 'kernel.msgmax' }] } }),
      'forbidden sysctls (net.core.somaxconn, kernel.msgmax)',
    ],
    [
      'hostProcess',
      spec({ securityContext: { windowsOptions: { hostProcess: true } } }),
      'hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)',
    ],
    [
      'the host of a probe',
      one({}, { livenessProbe: { httpGet: { host: '10.0.0.1' } } }),
      'probe or lifecycle host (container "app" uses probe or lifecycle host "10.0.0.1")',
    ],
    [
      'the host of a hook',
      one({}, { lifecycle: { preStop: { tcpSocket: { host: 'h' } } } }),
      'probe or lifecycle host (container "app" uses probe or lifecycle host "h")',
    ],
    [
      'a text where true belongs',
      one({ privileged: 'true' }),
      'privileged (container "app" must not set securityContext.privileged=true)',
    ],
  ])('forbid %s', (_, pod, detail) => {
    expect(podSecurity({ spec: pod }, 'baseline').detail).toBe(detail);
    expect(podSecurity({ spec: pod }, 'privileged').allowed).toBe(true);
  });

  it.each([
    [
      'everything set to its harmless value',
      {
        ...one({
          privileged: false,
          procMount: 'Default',
          seLinuxOptions: { type: 'container_t', level: 's0' },
          appArmorProfile: { type: 'Localhost' },
          windowsOptions: { hostProcess: false },
        }),
        hostNetwork: false,
        hostPID: false,
        hostIPC: false,
      },
    ],
    [
      'nulls',
      one({
        privileged: null,
        capabilities: null,
        seccompProfile: null,
        appArmorProfile: null,
        seLinuxOptions: null,
        procMount: null,
      }),
    ],
    ['no securityContext at all', { containers: [{ name: 'app' }] }],
    ['default capabilities', one({ capabilities: { add: ['CHOWN', 'NET_BIND_SERVICE'] } })],
    ['a port of the container and hostPort 0', one({}, { ports: [{ containerPort: 80, hostPort: 0 }] })],
    [
      'safe sysctls',
      spec({
        securityContext: { sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start' }, { name: 'net.ipv4.tcp_rmem' }] },
      }),
    ],
    [
      'probes without a host',
      one({}, { readinessProbe: { httpGet: { path: '/', host: '' }, tcpSocket: { port: 1 } } }),
    ],
    ['root', one({ runAsUser: 0, runAsNonRoot: false, allowPrivilegeEscalation: true })],
    ['other volumes', spec({ volumes: [volume('nfs')] })],
  ])('accept %s', (_, pod) => {
    expect(podSecurity({ spec: pod }, 'baseline')).toMatchObject({ allowed: true, detail: '', violations: [] });
  });

  const appArmor = (key: string, value: string) => ({
    metadata: { annotations: { [`container.apparmor.security.beta.kubernetes.io/${key}`]: value } },
    spec: one({}),
  });
  it('read the old AppArmor annotation', () => {
    expect(podSecurity(appArmor('app', 'unconfined'), 'baseline').detail).toBe(
      'forbidden AppArmor profile (annotation must not set AppArmor profile type to "container.apparmor.security.beta.kubernetes.io/app="unconfined"")',
    );
    for (const value of ['', 'runtime/default', 'localhost/x'])
      expect(podSecurity(appArmor('app', value), 'baseline').allowed).toBe(true);
  });

  it.each([
    ['probe hosts', one({}, { livenessProbe: { httpGet: { host: 'h' } } }), 34, 'forbids'],
    ['container_engine_t', one({ seLinuxOptions: { type: 'container_engine_t' } }), 31, 'allows'],
    [
      'net.ipv4.ip_local_reserved_ports',
      spec({ securityContext: { sysctls: [{ name: 'net.ipv4.ip_local_reserved_ports' }] } }),
      27,
      'allows',
    ],
    [
      'net.ipv4.tcp_fin_timeout',
      spec({ securityContext: { sysctls: [{ name: 'net.ipv4.tcp_fin_timeout' }] } }),
      29,
      'allows',
    ],
    ['net.ipv4.tcp_wmem', spec({ securityContext: { sysctls: [{ name: 'net.ipv4.tcp_wmem' }] } }), 32, 'allows'],
    ['unmasked proc in a user namespace', { ...one({ procMount: 'Unmasked' }), hostUsers: false }, 35, 'allows'],
  ])('%s: policy version 1.%i $3 what the one before did not', (_, pod, minor, does) => {
    expect(podSecurity({ spec: pod }, 'baseline', minor).allowed).toBe(does === 'allows');
    expect(podSecurity({ spec: pod }, 'baseline', minor - 1).allowed).toBe(does !== 'allows');
  });
});

describe('restricted controls', () => {
  const seccomp = (type: string) => ({ seccompProfile: { type } });
  const unset = { runAsNonRoot: undefined, seccompProfile: undefined };
  const pod = (securityContext: object, ...contexts: readonly object[]) => ({
    securityContext,
    containers: contexts.map((context, at) => ({ name: 'abc'.charAt(at), securityContext: { ...good, ...context } })),
  });
  it.each([
    [
      'allowPrivilegeEscalation not set',
      one({ allowPrivilegeEscalation: undefined }),
      'allowPrivilegeEscalation != false (container "app" must set securityContext.allowPrivilegeEscalation=false)',
    ],
    [
      'allowPrivilegeEscalation true',
      one({ allowPrivilegeEscalation: true }),
      'allowPrivilegeEscalation != false (container "app" must set securityContext.allowPrivilegeEscalation=false)',
    ],
    [
      'no capabilities dropped',
      one({ capabilities: undefined }),
      'unrestricted capabilities (container "app" must set securityContext.capabilities.drop=["ALL"])',
    ],
    [
      'all in small letters',
      one({ capabilities: { drop: ['all'] } }),
      'unrestricted capabilities (container "app" must set securityContext.capabilities.drop=["ALL"])',
    ],
    [
      'some dropped and some added',
      one({ capabilities: { drop: ['NET_RAW'], add: ['CHOWN'] } }),
      'unrestricted capabilities (container "app" must set securityContext.capabilities.drop=["ALL"]; container "app" must not include "CHOWN" in securityContext.capabilities.add)',
    ],
    [
      'volumes of other types',
      spec({ volumes: [volume('nfs'), { name: 'w', hostPath: {} }, { name: 'x', ofLater: {} }] }),
      'restricted volume types (volumes "v", "w", "x" use restricted volume types "hostPath", "nfs", "unknown")',
    ],
    [
      'runAsNonRoot nowhere',
      pod({}, unset, {}),
      'runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    ],
    [
      'a container’s false over the pod’s true',
      pod({ runAsNonRoot: true }, { runAsNonRoot: false }),
      'runAsNonRoot != true (container "a" must not set securityContext.runAsNonRoot=false)',
    ],
    [
      'the pod’s false, though containers say true',
      pod({ runAsNonRoot: false }, {}),
      'runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)',
    ],
    [
      'false of pod and container',
      pod({ runAsNonRoot: false }, { runAsNonRoot: false }),
      'runAsNonRoot != true (pod and container "a" must not set securityContext.runAsNonRoot=false)',
    ],
    ['user 0 of the pod', pod({ runAsUser: 0 }, {}), 'runAsUser=0 (pod must not set runAsUser=0)'],
    [
      'user 0 of two containers',
      pod({}, { runAsUser: 0 }, { runAsUser: 0 }),
      'runAsUser=0 (containers "a", "b" must not set runAsUser=0)',
    ],
    [
      'a container’s seccomp profile over the pod’s',
      pod(seccomp('RuntimeDefault'), seccomp('Unconfined')),
      'seccompProfile (container "a" must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [
      'a seccomp profile without a type',
      pod({}, { seccompProfile: {} }),
      'seccompProfile (container "a" must not set securityContext.seccompProfile.type to "")',
    ],
    [
      'unmasked proc, even in a user namespace',
      { ...one({ procMount: 'Unmasked' }), hostUsers: false },
      'procMount (container "app" must not set securityContext.procMount to "Unmasked")',
    ],
  ])('forbid %s', (_, given, detail) => {
    expect(podSecurity({ spec: given }, 'restricted').detail).toBe(detail);
  });

  it.each([
    ['a pod that sets everything in its containers', one({})],
    ['what containers inherit', pod({ runAsNonRoot: true, ...seccomp('Localhost') }, unset, unset)],
    ['the allowed capability', one({ capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } })],
    ['a user above 0', one({ runAsUser: 1000 })],
    [
      'the allowed volumes',
      spec({
        volumes: [
          'configMap',
          'csi',
          'downwardAPI',
          'emptyDir',
          'ephemeral',
          'persistentVolumeClaim',
          'projected',
          'secret',
        ].map(volume),
      }),
    ],
    ['root in a user namespace', { ...one({ runAsNonRoot: false, runAsUser: 0 }), hostUsers: false }],
    [
      'Windows without the Linux-only settings',
      { os: { name: 'windows' }, containers: [{ name: 'a', securityContext: { runAsNonRoot: true } }] },
    ],
  ])('accept %s', (_, given) => {
    expect(podSecurity({ spec: given }, 'restricted')).toMatchObject({ allowed: true, detail: '', violations: [] });
  });

  it('still ask a Windows pod for runAsNonRoot', () => {
    const windows = { os: { name: 'windows' }, containers: [{ name: 'a' }] };
    expect(isWindowsPod(windows)).toBe(true);
    expect(podSecurity({ spec: windows }, 'restricted').violations.map(({ control }) => control)).toEqual([
      'runAsNonRoot',
    ]);
  });

  it('excuse root in a user namespace from policy version 1.35 on', () => {
    const given = { ...one({ runAsNonRoot: false, runAsUser: 0 }), hostUsers: false };
    expect(podSecurity({ spec: given }, 'restricted', 35).allowed).toBe(true);
    expect(podSecurity({ spec: given }, 'restricted', 34).reasons).toBe('runAsNonRoot != true, runAsUser=0');
  });

  it.each([34, 35])('say once what a baseline control says too, at policy version 1.%i', (minor) => {
    const given = {
      ...one({
        procMount: 'Unmasked',
        capabilities: { drop: ['ALL'], add: ['SYS_TIME'] },
        seccompProfile: { type: 'Unconfined' },
      }),
      volumes: [volume('hostPath')],
    };
    const controls = podSecurity({ spec: given }, 'restricted', minor).violations.map(({ control }) => control);
    expect(controls.toSorted()).toEqual([
      'capabilities_restricted',
      minor < 35 ? 'procMount' : 'procMount_restricted',
      'restrictedVolumes',
      'seccompProfile_restricted',
    ]);
  });
});

describe('violations', () => {
  it('name control, container, path in the object, what is there and what should be', () => {
    const deployment = { spec: one({ runAsNonRoot: undefined }), specPath: 'spec.template.spec' };
    expect(podSecurity(deployment, 'restricted').violations).toEqual([
      {
        control: 'runAsNonRoot',
        container: 'app',
        path: 'spec.template.spec.containers[0].securityContext.runAsNonRoot',
        actual: null,
        expected: 'true',
        message: 'runAsNonRoot != true (pod or container "app" must set securityContext.runAsNonRoot=true)',
      },
    ]);
  });

  it('tell how many containers were looked at', () => {
    expect(podSecurity({ spec: two({}, {}) }, 'restricted').containers).toBe(2);
    expect(podSecurity({ spec: undefined }, 'restricted').containers).toBe(0);
  });
});

describe('single rules', () => {
  const paths = (violations: readonly { readonly path: string }[]) => violations.map(({ path }) => path);
  it('runAsNonRoot also takes user 0 and no user namespace as an excuse', () => {
    expect(runAsNonRoot({ spec: one({}) })).toEqual([]);
    const given = { ...one({ runAsNonRoot: false, runAsUser: 0 }), hostUsers: false };
    expect(paths(runAsNonRoot({ spec: given }))).toEqual([
      'spec.containers[0].securityContext.runAsNonRoot',
      'spec.containers[0].securityContext.runAsUser',
    ]);
  });

  it('capabilitiesDropped looks at drop only', () => {
    expect(capabilitiesDropped({ spec: one({ capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] } }) })).toEqual([]);
    expect(paths(capabilitiesDropped({ spec: one({ capabilities: { drop: ['All'] } }) }))).toEqual([
      'spec.containers[0].securityContext.capabilities.drop',
    ]);
    expect(capabilitiesDropped({ spec: { os: { name: 'windows' }, containers: [{ name: 'a' }] } })).toEqual([]);
  });

  it('readOnlyRootFilesystem asks every container', () => {
    const given = { ...one({ readOnlyRootFilesystem: true }), initContainers: [{ name: 'i' }] };
    expect(readOnlyRootFilesystem({ spec: given })).toEqual([
      {
        control: 'readOnlyRootFilesystem',
        container: 'i',
        path: 'spec.initContainers[0].securityContext.readOnlyRootFilesystem',
        actual: null,
        expected: 'true',
        message: 'readOnlyRootFilesystem != true (container "i" must set securityContext.readOnlyRootFilesystem=true)',
      },
    ]);
    expect(readOnlyRootFilesystem({ spec: one({ readOnlyRootFilesystem: true }) })).toEqual([]);
    expect(readOnlyRootFilesystem({ spec: { ...given, os: { name: 'windows' } } })).toEqual([]);
  });

  it('restOfRestricted leaves out what the others say', () => {
    const bare = { containers: [{ name: 'a', securityContext: { capabilities: { add: ['CHOWN'] } } }], hostPID: true };
    expect(restOfRestricted({ spec: bare }).map(({ control }) => control)).toEqual([
      'hostNamespaces',
      'allowPrivilegeEscalation',
      'capabilities_restricted',
      'seccompProfile_restricted',
    ]);
    expect(restOfRestricted({ spec: one({}) })).toEqual([]);
  });
});

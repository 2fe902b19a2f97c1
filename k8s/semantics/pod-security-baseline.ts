/**
 * The controls of the baseline level, from kubernetes.io/docs/concepts/security/pod-security-standards and
 * k8s.io/pod-security-admission/policy. Sorted by id, which is the order of their messages.
 */
import type { Control, Finding, PodView } from './pod-security-control.ts';
import {
  asText,
  containersPhrase,
  isSet,
  joinQuote,
  plural,
  setters,
  settingsOf,
  sorted,
  unique,
} from './pod-security-control.ts';
import { appArmorProfile, seccompBaseline, seLinuxOptions } from './pod-security-profiles.ts';
import type { Shape } from './shape.ts';
import { shape, shapes, text } from './shape.ts';

const defaultCapabilities =
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(
    ' ',
  );

/** Capabilities that containers add beyond the allowed ones. */
export function addedCapabilities(pod: PodView, allowed: readonly string[]): readonly Finding[] {
  return pod.containers.flatMap(({ name, path, securityContext }) => {
    const added = shape(securityContext['capabilities'])['add'];
    return (Array.isArray(added) ? (added as readonly unknown[]) : []).flatMap((capability, index) =>
      typeof capability === 'string' && allowed.includes(capability)
        ? []
        : {
            container: name,
            path: `${path}.securityContext.capabilities.add[${String(index)}]`,
            actual: capability,
            expected: `only ${allowed.join(', ')}`,
          },
    );
  });
}

/** Wording for capabilities added. */
export function describeAdded(findings: readonly Finding[]): string {
  const capabilities = joinQuote(sorted(findings.map(({ actual }) => asText(actual))));
  return `${containersPhrase(findings)} must not include ${capabilities} in securityContext.capabilities.add`;
}

const capabilitiesBaseline: Control = {
  id: 'capabilities_baseline',
  find: (pod) => addedCapabilities(pod, defaultCapabilities),
  describe: (findings) => ({ reason: 'non-default capabilities', detail: describeAdded(findings) }),
};

const hostNamespaces: Control = {
  id: 'hostNamespaces',
  find: ({ spec, specPath }) =>
    ['hostNetwork', 'hostPID', 'hostIPC']
      .filter((field) => isSet(spec[field]) && spec[field] !== false)
      .map((field) => ({ path: `${specPath}.${field}`, actual: spec[field], expected: 'false or not set' })),
  describe: (findings) => ({
    reason: 'host namespaces',
    detail: findings.map(({ path }) => `${path.slice(path.lastIndexOf('.') + 1)}=true`).join(', '),
  }),
};

const hostPathVolumes: Control = {
  id: 'hostPathVolumes',
  find: ({ spec, specPath }) =>
    shapes(spec['volumes']).flatMap((volume, index) =>
      isSet(volume['hostPath'])
        ? {
            path: `${specPath}.volumes[${String(index)}].hostPath`,
            actual: text(volume['name']) ?? '',
            expected: 'not set',
          }
        : [],
    ),
  describe: (findings) => {
    const names = findings.map(({ actual }) => asText(actual));
    return { reason: 'hostPath volumes', detail: `${plural(names.length, 'volume')} ${joinQuote(names)}` };
  },
};

const hostPorts: Control = {
  id: 'hostPorts',
  find: (pod) =>
    pod.containers.flatMap(({ name, path, fields }) =>
      shapes(fields['ports']).flatMap((port, index) =>
        isSet(port['hostPort']) && port['hostPort'] !== 0
          ? {
              container: name,
              path: `${path}.ports[${String(index)}].hostPort`,
              actual: port['hostPort'],
              expected: '0 or not set',
            }
          : [],
      ),
    ),
  describe: (findings) => {
    const containers = unique(findings.flatMap(({ container }) => container ?? [])).length;
    const ports = sorted(findings.map(({ actual }) => asText(actual)));
    const uses = `${plural(containers, 'uses', 'use')} ${plural(ports.length, 'hostPort')}`;
    return { reason: 'hostPort', detail: `${containersPhrase(findings)} ${uses} ${ports.join(', ')}` };
  },
};

const handlers = ['livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle.postStart', 'lifecycle.preStop'];

const hostProbes: Control = {
  id: 'hostProbesAndHostLifecycle',
  since: 34,
  // `host` lets a pod make its node's kubelet call any address.
  find: (pod) => pod.containers.flatMap(({ name, path, fields }) => hostsIn(name, path, fields)),
  describe: (findings) => {
    const containers = sorted(findings.flatMap(({ container }) => container ?? []));
    const hosts = sorted(findings.map(({ actual }) => asText(actual)));
    const uses = `${plural(containers.length, 'uses', 'use')} ${plural(hosts.length, 'probe or lifecycle host')}`;
    const who = `${plural(containers.length, 'container')} ${joinQuote(containers)}`;
    return { reason: 'probe or lifecycle host', detail: `${who} ${uses} ${joinQuote(hosts)}` };
  },
};

function hostsIn(container: string, path: string, fields: Shape): readonly Finding[] {
  return handlers.flatMap((handler) =>
    ['httpGet', 'tcpSocket'].flatMap((action) => {
      const steps = handler.split('.').reduce<Shape>((value, step) => shape(value[step]), fields);
      const host = shape(steps[action])['host'];
      if (!isSet(host) || host === '') return [];
      return { container, path: `${path}.${handler}.${action}.host`, actual: host, expected: 'not set' };
    }),
  );
}

const privileged: Control = {
  id: 'privileged',
  find: (pod) =>
    pod.containers.flatMap(({ name, path, securityContext: { privileged: value } }) =>
      isSet(value) && value !== false
        ? { container: name, path: `${path}.securityContext.privileged`, actual: value, expected: 'false or not set' }
        : [],
    ),
  describe: (findings) => ({
    reason: 'privileged',
    detail: `${containersPhrase(findings)} must not set securityContext.privileged=true`,
  }),
};

/** Containers whose /proc is not masked as usual. */
export function unmaskedProc(pod: PodView): readonly Finding[] {
  return pod.containers.flatMap(({ name, path, securityContext: { procMount: value } }) =>
    isSet(value) && value !== 'Default'
      ? { container: name, path: `${path}.securityContext.procMount`, actual: value, expected: 'Default or not set' }
      : [],
  );
}

/** The restricted level has one of its own, where a user namespace is no excuse. */
export const procMount: Control = {
  id: 'procMount',
  find: (pod, minor) => (minor >= 35 && pod.hasUserNamespace ? [] : unmaskedProc(pod)),
  describe: (findings) => ({
    reason: 'procMount',
    detail: `${containersPhrase(findings)} must not set securityContext.procMount to ${joinQuote(
      sorted(findings.map(({ actual }) => asText(actual))),
    )}`,
  }),
};

/** The sysctls that are safe, by the policy version that allowed them. */
const safeSysctls: readonly (readonly [number, readonly string[]])[] = [
  [
    0,
    [
      'kernel.shm_rmid_forced',
      'net.ipv4.ip_local_port_range',
      'net.ipv4.ip_unprivileged_port_start',
      'net.ipv4.tcp_syncookies',
      'net.ipv4.ping_group_range',
    ],
  ],
  [27, ['net.ipv4.ip_local_reserved_ports']],
  [
    29,
    [
      'net.ipv4.tcp_keepalive_time',
      'net.ipv4.tcp_fin_timeout',
      'net.ipv4.tcp_keepalive_intvl',
      'net.ipv4.tcp_keepalive_probes',
    ],
  ],
  [32, ['net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem']],
  [37, ['net.ipv4.tcp_slow_start_after_idle', 'net.ipv4.tcp_notsent_lowat']],
];

const sysctls: Control = {
  id: 'sysctls',
  find: (pod, minor) => {
    const safe = safeSysctls.flatMap(([since, names]) => (minor >= since ? names : []));
    return shapes(pod.securityContext['sysctls']).flatMap((sysctl, index) => {
      const name = text(sysctl['name']) ?? '';
      const path = `${pod.specPath}.securityContext.sysctls[${String(index)}].name`;
      return safe.includes(name) ? [] : { path, actual: name, expected: 'a safe sysctl' };
    });
  },
  describe: (findings) => ({
    reason: 'forbidden sysctls',
    detail: findings.map(({ actual }) => asText(actual)).join(', '),
  }),
};

const windowsHostProcess: Control = {
  id: 'windowsHostProcess',
  find: (pod) =>
    settingsOf(pod, 'windowsOptions.hostProcess').flatMap(({ set, ...setting }) =>
      set && setting.actual !== false ? { ...setting, expected: 'false or not set' } : [],
    ),
  describe: (findings) => ({
    reason: 'hostProcess',
    detail: `${setters(findings)} must not set securityContext.windowsOptions.hostProcess=true`,
  }),
};

/** All of them. */
export const baselineControls: readonly Control[] = [
  appArmorProfile,
  capabilitiesBaseline,
  hostNamespaces,
  hostPathVolumes,
  hostPorts,
  hostProbes,
  privileged,
  procMount,
  seLinuxOptions,
  seccompBaseline,
  sysctls,
  windowsHostProcess,
];

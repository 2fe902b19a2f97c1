/** Faults of the walls in the network: policies between pods and whether anybody enforces them, and the firewall. */
import { NAMESPACE } from '../topology.ts';
import type { Fault } from './fault.ts';

/** A pod that does nothing, as the control plane of a mesh. */
const ISTIOD = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'istiod-0', namespace: 'monitoring', labels: { app: 'istiod' } },
  spec: {
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, runAsUser: 65_534, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'discovery',
        image: 'registry.k8s.io/pause:3.10',
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
      },
    ],
  },
};

export const policyFaults: readonly Fault[] = [
  {
    name: 'inference-made-up',
    title: 'The API makes answers up when the learning system is out of reach',
    inject: [
      { lever: 'service.misbehave', with: { app: 'mcp-typescript-api', as: 'inference-made-up', colour: 'blue' } },
    ],
  },
  {
    name: 'mesh-without-proxies',
    title: 'A mesh is installed, and no pod of the platform is in it',
    inject: [{ lever: 'objects.apply', with: { manifest: ISTIOD } }],
  },
  {
    name: 'route-served-in-plaintext',
    title: 'The route of the blue deployment is attached to the listener without TLS, too',
    inject: [
      {
        lever: 'objects.patch',
        with: {
          apiVersion: 'gateway.networking.k8s.io/v1',
          kind: 'HTTPRoute',
          resource: 'httproutes',
          namespace: NAMESPACE,
          name: 'mcp-blue',
          patch: { spec: { parentRefs: [{ name: 'mcp-gateway' }] } },
        },
      },
    ],
  },
  {
    name: 'port-left-open',
    title: 'A port that the firewall should keep shut answers',
    inject: [{ lever: 'firewall.open' }],
  },
  {
    name: 'policies-not-enforced',
    title: 'The network plug-in takes policies and enforces none of them',
    inject: [{ lever: 'policies.ignore' }],
  },
  {
    name: 'policy-cuts-service-off',
    title: 'A changed policy lets nobody through to the learning system',
    inject: [
      {
        lever: 'objects.patch',
        with: {
          apiVersion: 'networking.k8s.io/v1',
          kind: 'NetworkPolicy',
          resource: 'networkpolicies',
          namespace: NAMESPACE,
          name: 'mcp-learning-system',
          patch: {
            spec: {
              ingress: [
                {
                  from: [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': 'mcp-typescript-server' } } }],
                  ports: [{ protocol: 'TCP', port: 8001 }],
                },
              ],
            },
          },
        },
      },
    ],
  },
];

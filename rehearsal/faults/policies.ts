/** Faults of the walls in the network: policies between pods and whether anybody enforces them, and the firewall. */
import { NAMESPACE } from '../topology.ts';
import type { Fault } from './fault.ts';

export const policyFaults: readonly Fault[] = [
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

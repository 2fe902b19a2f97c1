/** Faults of the network between pods: what policies say, and whether anybody enforces them. */
import { NAMESPACE } from '../topology.ts';
import type { Fault } from './fault.ts';

export const policyFaults: readonly Fault[] = [
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

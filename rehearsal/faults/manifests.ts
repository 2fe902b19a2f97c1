/** Faults of the manifests that are applied next; the cluster stays as it is. */
import type { Act, Fault } from './fault.ts';

const document = 'specs/code-platform/seed/production-deployment-checklist.md';
const original = (file: string, block: number): Act => ({
  lever: 'manifests.original',
  with: { file, document, block },
});

export const manifestFaults: readonly Fault[] = [
  {
    name: 'manifests-before-the-fixes',
    title: 'The manifests are again those that the written checklist wants fixed before anything is deployed',
    inject: [
      original('01-rbac.yaml', 1),
      original('network-policies.yaml', 2),
      original('secrets.yaml', 3),
      { lever: 'manifests.without', with: { file: 'mcp-deployment.yaml', field: 'securityContext' } },
    ],
  },
];

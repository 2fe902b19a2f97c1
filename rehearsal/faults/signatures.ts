/** Faults of what people signed. */
import type { Fault } from './fault.ts';

const veto = (role: string) => ({ lever: 'people.reject', with: { role } });

export const signatureFaults: readonly Fault[] = [
  {
    name: 'release-rejected',
    title: 'Everybody who is asked to sign rejects the release',
    inject: [
      veto('technical-lead'),
      veto('security-team'),
      veto('operations-team'),
      veto('product-owner'),
      veto('deployment-lead'),
    ],
  },
];

/** Faults that the detector of intruders sees, and those of the detector. */
import type { Fault } from './fault.ts';

export const securityFaults: readonly Fault[] = [
  {
    name: 'secrets-asked-for-without-a-right',
    title: 'Somebody without the right to has asked the API server for all Secrets',
    inject: [{ lever: 'audit.intrude' }],
  },
  {
    name: 'audit-log-stopped',
    title: 'The API server no longer writes its audit log',
    inject: [{ lever: 'audit.stop' }],
    settleMs: 15_000,
  },
];

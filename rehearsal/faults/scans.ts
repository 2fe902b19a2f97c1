/** Faults of what scanners know and of what they are shown. */
import { SERVICES } from '../topology.ts';
import type { Fault } from './fault.ts';

const { image: repository } = SERVICES.typescriptApi;

export const scanFaults: readonly Fault[] = [
  {
    name: 'critical-vulnerability',
    title: 'A critical vulnerability became known in a package of the release',
    inject: [{ lever: 'scanner.find', with: { repository, id: 'CVE-2026-10004', severity: 'CRITICAL' } }],
  },
  {
    name: 'image-not-scanned',
    title: 'The scanner lost its right to pull one image: nobody scans it any more',
    inject: [{ lever: 'scanner.skip', with: { repository } }],
  },
  {
    name: 'scans-are-old',
    title: 'The scanner has been down for a month, and its last reports are still there',
    inject: [{ lever: 'scanner.late', with: { days: 30 } }],
  },
];

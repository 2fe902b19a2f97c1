/** Where a project keeps what golive records. All paths are under the project's root. */
import { join } from 'node:path';

/** What everybody reads to learn the latest decision. */
export function decisionFile(root: string): string {
  return join(root, 'reports', 'out', 'decision.json');
}
export function runsFolder(root: string): string {
  return join(root, '.golive', 'runs');
}
export function ledgerFolder(root: string): string {
  return join(root, '.golive', 'ledger');
}

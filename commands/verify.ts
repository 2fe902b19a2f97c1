/** `golive verify`: is what was recorded still what was written? 0 sound, 1 damaged, 2 nothing to verify or a run unfinished. */
import type { Verification } from '../reports/record/ledger/verify.ts';
import { verifyLedger } from '../reports/record/ledger/verify.ts';
import { writeJson, writeOut } from './write.ts';

export interface VerifyOptions {
  /** The project's folder; default: the current one. */
  readonly root?: string;
  readonly json?: boolean;
}

export async function verify(options: VerifyOptions = {}): Promise<number> {
  const verification = verifyLedger(options.root ?? process.cwd());
  const exitCode = exitCodeFor(verification);
  if (options.json === true) writeJson({ sound: exitCode === 0, ...verification });
  else writeOut(tell(verification));
  return Promise.resolve(exitCode);
}

function exitCodeFor({ damage, runs, incomplete }: Verification): number {
  if (damage.length > 0) return 1;
  return runs === 0 || incomplete.length > 0 ? 2 : 0;
}

function tell({ runs, records, evidenceFiles, damage, incomplete, elsewhere }: Verification): string {
  if (damage.length > 0) {
    const head = damage.length === 1 ? 'The ledger is damaged:' : `The ledger is damaged in ${damage.length} places:`;
    const advice = 'Restore the named files from a backup or an export. Until then no run decides GO.';
    return [head, ...damage.map((line) => `  ${line}`), advice].join('\n');
  }
  if (runs === 0) return 'There is no ledger to verify yet: run the gate first (npx playwright test).';
  const lines = [
    `The ledger is sound: ${counted(runs, 'run')}, ${counted(records, 'record')}, ${counted(evidenceFiles, 'evidence file')}.`,
  ];
  for (const run of incomplete)
    lines.push(`Run ${run} never said how it ended: what it was asked for is HOLD. Run it again.`);
  if (elsewhere.length > 0) lines.push(notHere(elsewhere));
  return lines.join('\n');
}

/** Named one by one as long as that is readable. */
const NAMED = 5;

function notHere(runs: readonly string[]): string {
  const names = runs.length <= NAMED ? `: ${runs.join(', ')}` : `, ${runs.slice(0, NAMED).join(', ')} and others`;
  return `The evidence files of ${counted(runs.length, 'run')} are gone with the folder, or on another machine${names}. Only the chains were verified.`;
}

function counted(count: number, of: string): string {
  return `${count} ${of}${count === 1 ? '' : 's'}`;
}

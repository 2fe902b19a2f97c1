/**
 * Ends a run: reads it, decides, writes the ledger and the decision. All synchronous, because it is called while the process
 * exits. `reports/out/decision.json` is written last: whatever goes wrong before, it stays HOLD `run-incomplete`.
 */
import { rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Decision } from '../../checks/contract/decision.ts';
import { EXIT } from '../../checks/contract/decision.ts';
import { decide, exitCodeOf } from '../decide/decide.ts';
import { closeLedger } from '../ledger/write.ts';
import { bundleOf } from './bundle.ts';
import type { RunInputOptions } from './input.ts';
import { runInput } from './input.ts';
import { writeJsonAtomic } from './io.ts';
import { decisionFile, ledgerFolder } from './paths.ts';

export interface FinishedRun {
  readonly decision: Decision;
  /** 0, 1 or 2 for the phases that were asked for; 130 after an interrupt. */
  readonly exitCode: number;
}

/** Throws RunFileError with a message for people when no decision could be written: the caller exits with 70. */
export function finishRun(options: RunInputOptions): FinishedRun {
  const { runDir, root, endedBy } = options;
  try {
    const input = runInput(options);
    const decision = decide(input);
    writeJsonAtomic(join(runDir, 'bundle.json'), bundleOf(input, decision), 0o600);
    writeJsonAtomic(join(runDir, 'decision.json'), decision, 0o600);
    closeLedger(ledgerFolder(root), {
      runHeader: input.runHeader,
      identity: input.identity,
      outcomes: input.outcomes,
      decision,
      endedBy,
    });
    writeJsonAtomic(decisionFile(root), decision);
    return { decision, exitCode: endedBy === 'interrupted' ? EXIT.interrupted : exitCodeOf(decision) };
  } finally {
    removeSnapshots(runDir);
  }
}

function removeSnapshots(runDir: string): void {
  const path = join(runDir, 'snapshots');
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    // Straight to the descriptor: what a stream still buffers may be lost while the process exits.
    writeSync(2, `golive: remove ${path} by hand, it holds readings of the cluster: ${why}\n`);
  }
}

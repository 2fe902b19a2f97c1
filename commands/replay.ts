/** `golive replay <bundle or run folder>`: decides again from what was recorded. The decision's exit code, 70 when it differs. */
import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EXIT, type Decision } from '../checks/contract/decision.ts';
import { exitCodeOf } from '../reports/decide/decide.ts';
import { keysIn } from '../reports/record/ledger/trust.ts';
import { RECORD_COPY, voucherOf } from '../reports/record/ledger/voucher.ts';
import { RunFileError } from '../reports/record/io.ts';
import { writeError, writeJson, writeOut } from './write.ts';
import { replay as replayRun } from '../reports/record/run-folder/replay.ts';

export interface ReplayOptions {
  /** `bundle.json`, or the folder of a finished run. */
  readonly path: string;
  readonly json?: boolean;
  /** Who may sign: then a record that none of them signed is an error, wherever the bundle came from. */
  readonly allowedSigners?: string;
}

export async function replay({ path, json, allowedSigners }: ReplayOptions): Promise<number> {
  try {
    const { recorded, replayed, differences: changed } = replayRun(path);
    const differences = [...changed, ...unvouched(path, recorded, allowedSigners)];
    const same = differences.length === 0;
    if (json === true) writeJson({ same, differences, decision: replayed });
    else if (same) {
      const of = `${recorded.release.name} ${recorded.release.version} in ${recorded.environment.name}`;
      writeOut(
        `The same decision again: ${recorded.decision} for ${of} (readiness ${recorded.readiness}, without waivers ` +
          `${recorded.decisionWithoutWaivers}), decided at ${recorded.decidedAt} by run ${recorded.runId}.`,
      );
    } else writeError(['The replay differs from what was recorded:', ...differences].join('\n  '));
    return await Promise.resolve(same ? exitCodeOf(replayed) : EXIT.broken);
  } catch (error) {
    if (!(error instanceof RunFileError)) throw error;
    writeError(`golive replay: ${error.message}`);
    return EXIT.broken;
  }
}

/** Asked only where somebody says who may sign: a bundle by itself proves nothing about who made it. */
function unvouched(path: string, decision: Decision, allowed: string | undefined): string[] {
  if (allowed === undefined) return [];
  const folder = statSync(path).isDirectory() ? path : dirname(path);
  const trust = voucherOf(join(folder, RECORD_COPY), decision, keysIn(process.cwd(), allowed));
  return 'by' in trust ? [] : [`nobody vouches for it: its record ${trust.refused}`];
}

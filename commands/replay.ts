/** `golive replay <bundle or run folder>`: decides again from what was recorded. The decision's exit code, 70 when it differs. */
import { EXIT } from '../checks/contract/decision.ts';
import { exitCodeOf } from '../reports/decide/decide.ts';
import { RunFileError } from '../reports/record/io.ts';
import { writeError, writeJson, writeOut } from './write.ts';
import { replay as replayRun } from '../reports/record/run-folder/replay.ts';

export interface ReplayOptions {
  /** `bundle.json`, or the folder of a finished run. */
  readonly path: string;
  readonly json?: boolean;
}

export async function replay({ path, json }: ReplayOptions): Promise<number> {
  try {
    const { recorded, replayed, differences } = replayRun(path);
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

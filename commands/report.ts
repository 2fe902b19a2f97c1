/** `golive report`: draws the page again from a decision that was written before, and says where it is. */
import { spawn } from 'node:child_process';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EXIT, type DecisionName } from '../checks/contract/decision.ts';
import { writeHtmlReport } from '../reports/tell/html/write.ts';
import { decisionFile, runsFolder } from '../reports/record/paths.ts';
import { recordedDecision } from './recorded-decision.ts';
import { projectRoot } from './root.ts';
import * as terminal from './write.ts';

export interface ReportOptions {
  /** Id of an earlier run; its page goes to `reports/out/runs/<id>/`, the latest one stays. */
  readonly run?: string;
  readonly open?: boolean;
  /** The project; found from the current folder unless told. */
  readonly root?: string;
  /** The terminal unless told. */
  readonly write?: (text: string) => void;
  readonly writeError?: (text: string) => void;
}

/** Writes the page. Returns the exit code: that of the decision, 64 for an unknown run, 70 when there is no decision to draw or not the one its run wrote. */
export function report(options: ReportOptions): number {
  const { run, root = projectRoot(), write = terminal.writeOut, writeError = terminal.writeError } = options;
  const recorded = recordedDecision(root, run);
  if ('problem' in recorded) {
    writeError(`golive: ${recorded.problem}\n`);
    return recorded.code;
  }
  const { decision, plan, unsigned } = recorded;
  const out = dirname(decisionFile(root));
  const outDir = run === undefined ? out : join(out, 'runs', run);
  const page = writeHtmlReport({ decision, plan, outDir, runsDir: runsFolder(root), root });
  if (unsigned !== null) writeError(`golive: ${unsigned}: golive doctor says what to do\n`);
  const told: DecisionName = unsigned === null ? decision.selected.decision : 'HOLD';
  write(`${told}: ${relative(process.cwd(), page) || page}\n`);
  if (options.open === true) openPage(page, writeError);
  return EXIT[told];
}

const OPENERS: Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
};

function openPage(page: string, writeError: (text: string) => void): void {
  const [program, ...first] = OPENERS[process.platform] ?? ['xdg-open'];
  const opener = spawn(program, [...first, pathToFileURL(page).href], { detached: true, stdio: 'ignore' });
  opener.on('error', () => writeError(`golive: no program opens pages here (${program}); open the file by hand\n`));
  opener.unref();
}

/**
 * Ends a run: reads it, decides, writes the ledger and the decision. All synchronous, because it is called while the process
 * exits. `reports/out/decision.json` is written last: whatever goes wrong before, it stays HOLD `run-incomplete`.
 */
import { copyFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { errorText } from '../../../checks/contract/text.ts';
import type { Decision } from '../../../checks/contract/decision.ts';
import { EXIT } from '../../../checks/contract/decision.ts';
import { decide, exitCodeOf } from '../../decide/decide.ts';
import type { EndedBy } from '../../decide/input.ts';
import { approvalRecordOf } from '../ledger/approval.ts';
import { firstDayRecordOf } from '../ledger/first-day.ts';
import { surveyLedger, type LedgerSurvey } from '../ledger/survey.ts';
import { signerFor } from '../ledger/signing.ts';
import { ledgerKeys } from '../ledger/trust.ts';
import { RECORD_COPY } from '../ledger/voucher.ts';
import { remember } from '../ledger/witness.ts';
import { closeLedger, ledgerFile, type Sign } from '../ledger/write.ts';
import { POST_DEPLOYMENT, type Plan } from '../../../checks/contract/plan.ts';
import type { People } from '../../../specs/loader/people/load.ts';
import { loadPeople } from '../../../specs/loader/people/load.ts';
import { bundleOf, packed } from './bundle.ts';
import { inputFor } from './input.ts';
import { writeJsonAtomic, writeReadableJson } from '../io.ts';
import { decisionFile, ledgerFolder, runsFolder } from '../paths.ts';
import { readRun, type RunContents } from './read.ts';
import { pruneRuns } from './retention.ts';

export { inputFor } from './input.ts';

export interface FinishRunOptions {
  readonly runDir: string;
  readonly root: string;
  readonly endedBy: EndedBy;
  readonly now: Date;
  /** Default: what stands beside the checklist. */
  readonly people?: People;
  /** How many of the newest runs keep their folder, `runsToKeep`; default: all. */
  readonly keepRuns?: number;
  /** Names the key that signs; default: none does, but a rehearsal's. */
  readonly env?: NodeJS.ProcessEnv;
}
export interface FinishedRun {
  /** Null when the run could not be decided or the decision not be written; why has been said on stderr. */
  readonly decision: Decision | null;
  /** 0, 1 or 2 for the phases that were asked for; 130 after an interrupt; 70 without a decision. */
  readonly exitCode: number;
}

export function finishRun(options: FinishRunOptions): FinishedRun {
  try {
    return finish(options);
  } catch (error) {
    complain(`no decision could be written, so it stays HOLD: ${errorText(error)}`);
    return { decision: null, exitCode: EXIT.broken };
  } finally {
    removeSnapshots(options.runDir);
  }
}

function finish({ runDir, root, endedBy, now, people, keepRuns = Infinity, env = {} }: FinishRunOptions): FinishedRun {
  const run = readRun(runDir);
  const survey = surveyLedger(ledgerFolder(root));
  const input = inputFor({ run, root, people: people ?? loadPeople(root, run.plan), now, endedBy, survey });
  const decision = decide(input);
  const { runHeader, identity, outcomes, plan } = run;
  writeJsonAtomic(join(runDir, 'bundle.json'), packed(bundleOf(input, decision)), 0o600);
  writeJsonAtomic(join(runDir, 'decision.json'), decision, 0o600);
  const firstDay = firstDayDue({ root, survey, run, now });
  const approval = approvalRecordOf(input, decision);
  const facts = { runHeader, identity, outcomes, decision, endedBy, approval, firstDay };
  const verdicts = closeLedger(ledgerFolder(root), facts, signer(root, plan, env));
  copyFileSync(ledgerFile(ledgerFolder(root), runHeader.runId), join(runDir, RECORD_COPY));
  if (identity !== null && !plan.environment.rehearsal)
    remember({ planDigest: plan.digest, uid: identity.uid }, verdicts);
  writeReadableJson(decisionFile(root), decision, 0o600);
  prune(root, keepRuns, survey);
  return { decision, exitCode: endedBy === 'interrupted' ? EXIT.interrupted : exitCodeOf(decision) };
}

/** Of a run that looks at what comes after the approval. Without it the run stands: a later one makes up for it. */
function firstDayDue({
  root,
  survey,
  run: { runHeader, plan, identity },
  now,
}: Pick<FinishRunOptions, 'root' | 'now'> & { readonly survey: LedgerSurvey; readonly run: RunContents }) {
  if (identity === null || !runHeader.selectedPhases?.includes(POST_DEPLOYMENT)) return null;
  const keys = ledgerKeys(root, plan.checklist.file);
  const ownRun = runHeader.runId;
  try {
    return firstDayRecordOf({ folder: ledgerFolder(root), survey, plan, identity, keys, ownRun, now });
  } catch (error) {
    complain(`the first day after the approval is not kept yet: ${errorText(error)}`);
    return null;
  }
}

/** The decision of this run stands without a signature; later runs will not count on it. */
function signer(root: string, plan: Plan, env: NodeJS.ProcessEnv): Sign | null {
  const sign = signerFor(root, plan, env);
  return sign === null
    ? null
    : (text) => {
        try {
          return sign(text);
        } catch (error) {
          complain(`the record of this run is not signed, so later runs do not count on it: ${errorText(error)}`);
          return null;
        }
      };
}

/** The decision stands, whatever becomes of old runs. */
function prune(root: string, keep: number, { runs }: LedgerSurvey): void {
  try {
    pruneRuns(root, keep, runs);
  } catch (error) {
    complain(`old runs stay in ${runsFolder(root)}: ${errorText(error)}`);
  }
}

function removeSnapshots(runDir: string): void {
  const path = join(runDir, 'snapshots');
  try {
    rmSync(path, { recursive: true, force: true });
  } catch (error) {
    complain(`remove ${path} by hand, it holds readings of the cluster: ${errorText(error)}`);
  }
}

/** Straight to the descriptor: what a stream still buffers may be lost while the process exits. */
function complain(text: string): void {
  try {
    writeSync(2, `golive: ${text}\n`);
  } catch {
    return;
  }
}

/** What the ledger tells of the time since an approval. */
import { readFileSync } from 'node:fs';
import type { ApprovedState, History, PastOutcome } from '../../../checks/contract/history.ts';
import { subjectText } from '../../../checks/contract/outcome.ts';
import type { Plan } from '../../../checks/contract/plan.ts';
import type { EnvironmentIdentity } from '../../../checks/contract/run.ts';
import { digestOf } from '../../../checks/contract/canonical.ts';
import type { FirstDayRecord, LedgerOutcome } from '../../../checks/contract/ledger.ts';
import { byText } from '../../decide/order.ts';
import { concerns } from './lookup.ts';
import { parseLedgerFile } from './read.ts';
import type { RunSummary } from './records.ts';
import type { LedgerSurvey } from './survey.ts';
import { trustOf, type LedgerKeys } from './trust.ts';
import { ledgerFile } from './write.ts';

export interface HistoryOptions {
  readonly folder: string;
  readonly survey: LedgerSurvey;
  readonly plan: Pick<Plan, 'release' | 'environment'>;
  readonly identity: EnvironmentIdentity;
  readonly keys: LedgerKeys;
  /** The run that asks: it is no history. */
  readonly ownRun: string;
}

/** The approval is the latest that is recorded as one; where a checklist asks for no signatures, the first GO of the whole. */
export function historyOf(options: HistoryOptions): Omit<History, 'isSimulated'> {
  const { before, since, refused } = standing(options);
  const approval = before.at(-1);
  if (approval === undefined) return { approved: null, since: [], refused };
  const outcomes = (runs: readonly RunSummary[]): PastOutcome[] =>
    runs.flatMap((run) => outcomesOf(options.folder, run));
  const firstDay = since.find(({ firstDayOf }) => firstDayOf === approval.runId);
  return {
    approved: {
      at: approvedAt(approval),
      runId: approval.runId,
      items: latest(outcomes(before)),
      ...(firstDay ? { firstDay: { runId: firstDay.runId, items: firstDayIn(options.folder, firstDay) } } : {}),
    },
    since: outcomes(since),
    refused,
  };
}

/** Runs that count, oldest first: those up to the approval, which is the last of them, and those since. Without an approval both are empty. */
export interface Standing {
  readonly before: readonly RunSummary[];
  readonly since: readonly RunSummary[];
  /** Runs that do not count, and why. */
  readonly refused: readonly string[];
}

export function standing({ survey, plan, identity, keys, ownRun }: HistoryOptions): Standing {
  const own = survey.runs
    .filter((run) => run.runId !== ownRun && !survey.quarantined.has(run.runId))
    .filter((run) => run.closed && concerns(run, plan, identity))
    .sort(oldestFirst);
  const refused: string[] = [];
  const believed = own.filter((run) => {
    const trust = trustOf(run, keys);
    if ('refused' in trust) refused.push(`run ${run.runId} ${trust.refused}`);
    return 'by' in trust;
  });
  const first = approvedIn(believed);
  return { before: believed.slice(0, first + 1), since: first === -1 ? [] : believed.slice(first + 1), refused };
}

/** Runs that decide again while the same signatures stand record the same approval again: the first of them is when it was given. */
function approvedIn(runs: readonly RunSummary[]): number {
  const last = runs.findLast(({ approval }) => approval !== undefined)?.approval;
  if (last === undefined) return runs.findIndex(({ decision }) => decision?.decision === 'GO');
  const signed = digestOf(last.signatures);
  return runs.findIndex(({ approval }) => approval !== undefined && digestOf(approval.signatures) === signed);
}

export const approvedAt = (run: RunSummary): string => run.approval?.approvedAt ?? timeOf(run);

function firstDayIn(folder: string, { runId }: RunSummary): FirstDayRecord['items'] {
  const path = ledgerFile(folder, runId);
  const { file } = parseLedgerFile(readFileSync(path, 'utf8'), path, runId);
  return file?.records.find((record) => record.record === 'first-day')?.items ?? [];
}

/** The order in which runs decided. */
export const oldestFirst = (a: RunSummary, b: RunSummary): number =>
  byText(timeOf(a), timeOf(b)) || byText(a.runId, b.runId);

const timeOf = ({ decision, header }: RunSummary): string => decision?.decidedAt ?? header.startedAt;

function latest(outcomes: readonly PastOutcome[]): ApprovedState['items'] {
  return [...new Map(outcomes.map((one) => [one.item, one])).values()];
}

export const outcomesOf = (folder: string, run: RunSummary): readonly PastOutcome[] =>
  outcomesIn(folder, run).map((outcome) => pastOutcome(outcome, run.runId));

/** What a run judged, in its own order. */
export function outcomesIn(folder: string, { runId }: Pick<RunSummary, 'runId'>): readonly LedgerOutcome[] {
  const path = ledgerFile(folder, runId);
  const { file } = parseLedgerFile(readFileSync(path, 'utf8'), path, runId);
  return (file?.records ?? []).flatMap((record) => (record.record === 'outcome' ? [record.outcome] : []));
}

function pastOutcome({ item, outcome, startedAt, findings, measured = [] }: LedgerOutcome, runId: string): PastOutcome {
  const known = findings.map(({ id, subject }) => ({ id, subject: subjectText(subject) }));
  return { item, outcome, at: startedAt, runId, findings: known, measured };
}

/** Earlier runs as people compare them: from the ledger, and from the folders of runs as long as these are kept. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Decision, DecisionName } from '../../../checks/contract/decision.ts';
import { isRecord, parseJson } from '../../../checks/contract/json.ts';
import type { OutcomeName } from '../../../checks/contract/outcome.ts';
import type { Release } from '../../../checks/contract/plan.ts';
import type { ComparedItem } from '../../decide/difference.ts';
import { byText } from '../../decide/order.ts';
import { decisionProblem } from './decisions.ts';
import { parseLedgerFile } from './read.ts';
import type { RunSummary } from './records.ts';
import { surveyLedger } from './survey.ts';
import { keysNamedBy, trustOf } from './trust.ts';
import { ledgerFolder, runsFolder } from '../paths.ts';

/** A run of the ledger. */
export interface PastRun {
  readonly runId: string;
  readonly startedAt: string;
  /** Null: the run never said how it ended. */
  readonly decidedAt: string | null;
  readonly decision: DecisionName | null;
  readonly readiness: DecisionName | null;
  readonly release: Release;
  readonly environment: string;
  readonly checklist: string | null;
  readonly rehearsal: boolean;
  readonly phases: readonly string[];
  /** Who signed its record, or why it counts for nothing ("its record" before it). */
  readonly trust: { readonly by: string } | { readonly refused: string };
}
/** What a run found, as far as it is still known. */
export interface RunView {
  readonly items: readonly ComparedItem[];
  /** Of these, what the run judged itself. */
  readonly own: readonly ComparedItem[];
  /** With evidence and what stood from earlier runs; null where the run's folder is gone: then only what the run judged itself is known. */
  readonly decision: Decision | null;
}
export interface History {
  /** Oldest first, those that never ended, too. Quarantined and damaged ones are left out. */
  readonly runs: readonly PastRun[];
  /** What is wrong with the ledger, one line each. */
  readonly damage: readonly string[];
  /** Null: neither folder nor ledger has it, or what they have is not what was written. */
  readonly view: (runId: string) => RunView | null;
}

export function readHistory(root: string): History {
  const { runs, damage, quarantined } = surveyLedger(ledgerFolder(root));
  const counting = runs.filter(({ runId }) => !quarantined.has(runId));
  const past = counting.map((run) => pastRun(root, run));
  return {
    runs: past.sort((a, b) => byText(a.startedAt, b.startedAt) || byText(a.runId, b.runId)),
    damage,
    view: (runId) => runView(root, runId, runs),
  };
}

function pastRun(root: string, run: RunSummary): PastRun {
  const { runId, header, decision, closed } = run;
  return {
    runId,
    startedAt: header.startedAt,
    decidedAt: decision?.decidedAt ?? null,
    decision: decision?.decision ?? null,
    readiness: decision?.readiness ?? null,
    release: header.release,
    environment: header.environment,
    checklist: header.checklist ?? null,
    rehearsal: header.rehearsal === true,
    phases: header.phases,
    trust: closed ? trustOf(run, keysNamedBy(root, run)) : { refused: 'was never finished' },
  };
}

function runView(root: string, runId: string, runs: readonly RunSummary[]): RunView | null {
  const decision = keptDecision(root, runId, runs);
  // Where nobody looked and nothing stood there is nothing to compare.
  if (decision !== null) {
    const items = decision.items.filter(({ from }) => from !== 'none');
    return { items, own: items.filter(({ from }) => from === 'run'), decision };
  }
  const path = join(ledgerFolder(root), `${runId}.jsonl`);
  const text = readText(path);
  const file = text === null ? null : parseLedgerFile(text, path, runId).file;
  if (file === null) return null;
  const items = file.records.flatMap((record) =>
    record.record === 'outcome'
      ? [{ id: record.outcome.item, outcome: record.outcome.outcome, findings: record.outcome.findings }]
      : [],
  );
  const own = worstAttempts(items);
  return { items: own, own, decision: null };
}

/**
 * The items of two runs that can be compared. What one of them merely was not asked about has neither come nor gone: an item counts as gone,
 * or as new, only where the other run's decision does not have it at all.
 */
export function comparable(
  before: RunView,
  after: RunView,
): readonly [readonly ComparedItem[], readonly ComparedItem[]] {
  return [sharedWith(before, after), sharedWith(after, before)];
}

function sharedWith({ items }: RunView, other: RunView): readonly ComparedItem[] {
  const looked = new Set(other.items.map(({ id }) => id));
  const named = new Set(other.decision?.items.map(({ id }) => id));
  return items.filter(({ id }) => looked.has(id) || (other.decision !== null && !named.has(id)));
}

const RANK: readonly OutcomeName[] = ['fail', 'error', 'inconclusive', 'not-run', 'pending'];

/** The worst attempt counts. */
function worstAttempts(items: readonly ComparedItem[]): readonly ComparedItem[] {
  const worst = new Map<string, ComparedItem>();
  const rank = ({ outcome }: ComparedItem): number => (RANK.includes(outcome) ? RANK.indexOf(outcome) : RANK.length);
  for (const item of items) {
    const known = worst.get(item.id);
    if (known === undefined || rank(item) < rank(known)) worst.set(item.id, item);
  }
  return [...worst.values()];
}

/** The decision in the run's folder, where it is the one that the run wrote. */
function keptDecision(root: string, runId: string, runs: readonly RunSummary[]): Decision | null {
  const value = parseJson(readText(join(runsFolder(root), runId, 'decision.json')) ?? '');
  if (!isRecord(value) || value['schema'] !== 'golive/decision/v2' || !Array.isArray(value['items'])) return null;
  return decisionProblem(value, runs) === null ? (value as unknown as Decision) : null;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

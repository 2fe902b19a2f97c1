/** Writes a run's own ledger file: the header when it starts, everything else when it ends. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson, digestOf, sha256 } from '../../../checks/contract/canonical.ts';
import type { DecidedItem, Decision } from '../../../checks/contract/decision.ts';
import {
  chain,
  LEDGER_SCHEMA,
  ledgerFileName,
  statementOf,
  type ApprovalRecord,
  type DecisionRecord,
  type FirstDayRecord,
  type HeaderRecord,
  type LedgerOutcome,
  type LedgerRecord,
  type OutcomeLine,
  type PhaseRecord,
} from '../../../checks/contract/ledger.ts';
import type { OutcomeRecord } from '../../../checks/contract/outcome.ts';
import type { Plan } from '../../../checks/contract/plan.ts';
import type { EnvironmentIdentity, RunHeader } from '../../../checks/contract/run.ts';
import type { EndedBy } from '../../decide/input.ts';
import { gatePhases } from '../../decide/gather.ts';
import { byText } from '../../decide/order.ts';
import { RunFileError, appendLines, fileProblem } from '../io.ts';
import { surveyLedger } from './survey.ts';

/** Writes the header of a new run's file. From here on the run is known, even if it is killed. Throws RunFileError. */
export function beginLedger(folder: string, { plan, runHeader }: { plan: Plan; runHeader: RunHeader }): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileProblem('make the folder', folder, error);
  }
  const header: HeaderRecord = {
    record: 'header',
    schema: LEDGER_SCHEMA,
    runId: runHeader.runId,
    startedAt: runHeader.startedAt,
    release: plan.release,
    environment: plan.environment.name,
    ...(plan.environment.rehearsal ? { rehearsal: true } : {}),
    checklist: plan.checklist.file,
    planDigest: plan.digest,
    checklistDigest: plan.checklist.digest,
    phases: runHeader.selectedPhases ?? gatePhases(plan.phases.map(({ id }) => id)),
    heads: surveyLedger(folder).tips,
  };
  appendLines(ledgerFile(folder, runHeader.runId), chain([header], null));
}

export interface ClosingFacts {
  readonly runHeader: RunHeader;
  readonly identity: EnvironmentIdentity | null;
  readonly outcomes: readonly OutcomeRecord[];
  readonly decision: Decision;
  readonly endedBy: EndedBy;
  /** Where people have signed it. */
  readonly approval?: ApprovalRecord | null;
  /** Where it is the first to look back on the whole first day. */
  readonly firstDay?: FirstDayRecord | null;
}
/** Signs a text; null where it cannot. */
export type Sign = (text: string) => string | null;

/**
 * Appends what the run found and decided, closes the file and signs it. Answers the verdicts that later runs may count on: of a file that is
 * not signed, none. Throws RunFileError.
 */
export function closeLedger(
  folder: string,
  facts: ClosingFacts,
  sign: Sign | null,
): readonly (PhaseRecord & { readonly runId: string })[] {
  const path = ledgerFile(folder, facts.runHeader.runId);
  const begun = readText(path);
  const lines = begun.split('\n').slice(0, -1);
  const last = lines.at(-1);
  if (last === undefined || !begun.endsWith('\n')) {
    throw new RunFileError(`${path} has lost the header that this run wrote: run again`);
  }
  const records = closingRecords(facts);
  if (facts.approval) records.push(facts.approval);
  if (facts.firstDay) records.push(facts.firstDay);
  records.push({ record: 'closing', endedBy: facts.endedBy, lines: lines.length + records.length });
  const closing = chain(records, sha256(last));
  const { runId } = facts.runHeader;
  if (!seal(path, runId, closing, sign)) return [];
  return records.flatMap((record) => (record.record === 'phase' ? [{ ...record, runId }] : []));
}

/**
 * A file of its own for a decision that was made again: it holds no outcome and no phase, so that later runs go on standing on the run itself.
 * Throws RunFileError.
 */
export function recordDecision(
  folder: string,
  facts: Omit<ClosingFacts, 'outcomes' | 'endedBy' | 'firstDay'> & { readonly plan: Plan },
  sign: Sign,
): void {
  beginLedger(folder, facts);
  const { runHeader, identity, decision, approval } = facts;
  const path = ledgerFile(folder, runHeader.runId);
  const [first = ''] = readText(path).split('\n');
  const records: LedgerRecord[] = [
    ...(identity === null ? [] : [{ record: 'environment', ...identity } as const]),
    decisionRecord(decision),
    ...(approval ? [approval] : []),
  ];
  records.push({ record: 'closing', endedBy: 'finished', lines: 1 + records.length });
  seal(path, runHeader.runId, chain(records, sha256(first)), sign);
}

/** Appends the last lines of a file and signs them; answers whether it is signed. */
function seal(path: string, runId: string, lines: readonly string[], sign: Sign | null): boolean {
  appendLines(path, [...lines]);
  const head = sha256(lines.at(-1) ?? '');
  const signature = sign?.(statementOf(runId, head)) ?? null;
  if (signature !== null) appendLines(path, chain([{ record: 'signature', signature }], head));
  return signature !== null;
}

function decisionRecord(decision: Decision): DecisionRecord {
  const { decidedAt, decisionWithoutWaivers, readiness, cutover } = decision;
  const isBack = cutover?.outcome === 'rolled-back' || cutover?.outcome === 'unfinished';
  return {
    record: 'decision',
    decidedAt,
    decision: decision.decision,
    decisionWithoutWaivers,
    readiness,
    selected: decision.selected.decision,
    digest: digestOf(decision),
    ...(isBack ? { rolledBack: true } : {}),
  };
}

function closingRecords({ identity, outcomes, decision }: ClosingFacts): LedgerRecord[] {
  const environment = identity === null ? [] : [{ record: 'environment', ...identity } as const];
  const own = outcomes.filter(({ planDigest }) => planDigest === decision.planDigest).map(outcomeLine);
  const phases = decision.phases.flatMap((phase) =>
    phase.from !== 'run' || phase.decision === null || phase.decisionWithoutWaivers === null
      ? []
      : [
          {
            record: 'phase' as const,
            phase: phase.id,
            decidedAt: decision.decidedAt,
            decision: phase.decision,
            decisionWithoutWaivers: phase.decisionWithoutWaivers,
            readiness: phase.readiness,
            ...judgedItems(decision, phase.id),
          },
        ].filter(({ items }) => items?.length !== 0),
  );
  const whole = decisionRecord(decision);
  return [...environment, ...own.sort((a, b) => byText(canonicalJson(a), canonicalJson(b))), ...phases, whole];
}

/** Which items of a phase the run judged, where it left some as they stood. */
function judgedItems({ items }: Decision, phase: string): Pick<PhaseRecord, 'items'> {
  const own = items.filter((item) => item.phase === phase);
  const isLeft = ({ from, reason }: DecidedItem): boolean =>
    from === 'ledger' || (from === 'none' && reason === 'not-selected');
  return own.some(isLeft) ? { items: own.filter((item) => !isLeft(item)).map(({ id }) => id) } : {};
}

function outcomeLine(record: OutcomeRecord): OutcomeLine {
  const { evidence } = record;
  const outcome: LedgerOutcome = {
    ...bodyOf(record),
    evidenceDigest: digestOf(evidence),
    evidenceCount: evidence.length,
    ...measuredIn(evidence),
  };
  const files = evidence.flatMap((one) => (one.type === 'file' ? [{ path: one.path, sha256: one.sha256 }] : []));
  return { record: 'outcome', outcome, files };
}

function measuredIn(evidence: OutcomeRecord['evidence']): Pick<LedgerOutcome, 'measured'> {
  const measured = evidence.flatMap((one) => (one.type === 'value' ? [one] : []));
  return measured.length === 0 ? {} : { measured };
}

/** Member by member, so that nothing a newer worker adds slips into the ledger unseen. */
function bodyOf(record: OutcomeRecord): Omit<LedgerOutcome, 'evidenceDigest' | 'evidenceCount'> {
  const { item, phase, kind, outcome, reason, detail, message, findings, doubts, subjects, subjectNames } = record;
  const { startedAt, durationMs, attempt, planDigest, images, dueBy } = record;
  return {
    ...{ item, phase, kind, outcome, message, findings, doubts, subjects, subjectNames },
    ...{ startedAt, durationMs, attempt, planDigest },
    ...(reason === undefined ? {} : { reason }),
    ...(detail === undefined ? {} : { detail }),
    ...(images === undefined ? {} : { images }),
    ...(dueBy === undefined ? {} : { dueBy }),
  };
}

export function ledgerFile(folder: string, runId: string): string {
  return join(folder, ledgerFileName(runId));
}

function readText(path: string): string {
  try {
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  } catch (error) {
    throw fileProblem('read', path, error);
  }
}

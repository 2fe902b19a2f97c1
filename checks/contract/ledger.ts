/**
 * The ledger: one file a run, `.golive/ledger/<runId>.jsonl`, a JSON object a line. Each line's `prev` is the sha256 of the line
 * before it, as bytes without the line break; the first line's is null. The header names the last lines of the other files that
 * the run found, so that the files of several machines form one history, and a file that disappears or is cut short shows. The last line is
 * the runner's signature of the one before it, and so of all: chains alone can be made by anybody who may write the folder.
 */
import { canonicalJson, sha256 } from './canonical.ts';
import type { DecisionName } from './decision.ts';
import type { MeasuredValue, OutcomeRecord, Unit } from './outcome.ts';
import type { Release } from './plan.ts';
import type { EnvironmentIdentity } from './run.ts';

export const LEDGER_SCHEMA = 'golive/ledger/v3';
/** v1 held outcomes without findings, v2 no signature; such files are read and never rewritten, as their lines are hashed. */
export const LEDGER_SCHEMAS = ['golive/ledger/v1', 'golive/ledger/v2', LEDGER_SCHEMA] as const;

/** The last line of another run's file as this run found it. */
export interface LedgerHead {
  readonly runId: string;
  readonly hash: string;
}
export interface HeaderRecord {
  readonly record: 'header';
  readonly schema: (typeof LEDGER_SCHEMAS)[number];
  readonly runId: string;
  readonly startedAt: string;
  readonly release: Release;
  /** The name from the plan; the UID comes in an `environment` record, once the cluster has told it. */
  readonly environment: string;
  /** Whether the environment is the embedded rehearsal; absent: it is not, or nobody wrote it down. */
  readonly rehearsal?: true;
  /** The checklist's file: beside it stands who may sign. Absent before v3. */
  readonly checklist?: string;
  readonly planDigest: string;
  readonly checklistDigest: string;
  /** Phases the run set out to judge. */
  readonly phases: readonly string[];
  readonly heads: readonly LedgerHead[];
}
export interface EnvironmentRecord {
  readonly record: 'environment';
  readonly name: string;
  readonly uid: string;
}
/** An outcome as the ledger keeps it: the evidence itself stays in the run's folder, its digest travels. */
export interface LedgerOutcome extends Omit<OutcomeRecord, 'schema' | 'evidence'> {
  readonly evidenceDigest: string;
  readonly evidenceCount: number;
  /** The values among the evidence: what later runs are held against. Absent in ledgers of before. */
  readonly measured?: readonly MeasuredValue[];
}
export interface OutcomeLine {
  readonly record: 'outcome';
  readonly outcome: LedgerOutcome;
  /** Files of evidence, relative to the run's `evidence/` folder. */
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
}
export interface PhaseRecord {
  readonly record: 'phase';
  readonly phase: string;
  readonly decidedAt: string;
  readonly decision: DecisionName;
  readonly decisionWithoutWaivers: DecisionName;
  readonly readiness: DecisionName | null;
  /** Of a partial run: the items that it judged. Absent: all of the phase. */
  readonly items?: readonly string[];
}
export interface DecisionRecord {
  readonly record: 'decision';
  readonly decidedAt: string;
  readonly decision: DecisionName;
  readonly decisionWithoutWaivers: DecisionName;
  readonly readiness: DecisionName;
  readonly selected: DecisionName;
  /** sha256 of the canonical JSON of the run's `decision.json`. */
  readonly digest: string;
  /** Its cutover was taken back, or is not where it shall stay. */
  readonly rolledBack?: true;
}
/** A file without it belongs to a run that never said how it ended; only a signature follows it. */
export interface ClosingRecord {
  readonly record: 'closing';
  readonly endedBy: string;
  /** Lines before this one. */
  readonly lines: number;
}
/** The last line of a run that had a key. */
export interface SignatureRecord {
  readonly record: 'signature';
  /** An armored SSH signature of `statementOf` the run and the hash of the line before. */
  readonly signature: string;
}
/** The decision to go live as people signed it, kept whatever becomes of its evidence later. */
export interface ApprovalRecord {
  readonly record: 'approval';
  readonly approvedAt: string;
  /** The run whose decision it is. */
  readonly of: string;
  readonly release: Release;
  readonly environment: EnvironmentIdentity;
  readonly checklist: string;
  /** Digest of what the signatures cover. */
  readonly covers: string;
  /** Images that the evidence was bound to, by name and digest. */
  readonly images: readonly string[];
  readonly signatures: readonly {
    readonly role: string;
    readonly principal: string;
    readonly fingerprint: string;
    readonly signedAt: string;
  }[];
}
/** What the first day after an approval showed, kept as it was: later days are held against it, whatever becomes of its runs. */
export interface FirstDayRecord {
  readonly record: 'first-day';
  /** The run that holds the approval. */
  readonly of: string;
  readonly approvedAt: string;
  /** The end of the day. */
  readonly until: string;
  readonly items: readonly {
    readonly item: string;
    readonly values: readonly {
      readonly title: string;
      readonly unit: Unit;
      /** [hours since the approval, value], oldest first. */
      readonly points: readonly (readonly [number, number])[];
    }[];
  }[];
}
export type LedgerRecord =
  | HeaderRecord
  | EnvironmentRecord
  | OutcomeLine
  | PhaseRecord
  | DecisionRecord
  | ApprovalRecord
  | FirstDayRecord
  | ClosingRecord
  | SignatureRecord;

/** A run's file in the folder of the ledger. */
export const ledgerFileName = (runId: string): string => `${runId}.jsonl`;

/** The lines of some records, each with the hash of the one before. */
export function chain(records: readonly LedgerRecord[], before: string | null): string[] {
  let prev = before;
  return records.map((record) => {
    const line = canonicalJson({ ...record, prev });
    prev = sha256(line);
    return line;
  });
}

/** What is signed of a run: its id and the hash of its closing line, which covers all lines before it. */
export function statementOf(runId: string, head: string): string {
  return `golive ledger\nrun ${runId}\nhead ${head}\n`;
}

/** What became of one item: the worst of its records, believed only as far as they bear it out. */
import { canonicalJson } from '../../checks/contract/canonical.ts';
import { OUTCOMES } from '../../checks/contract/outcome.ts';
import type {
  Doubt,
  Evidence,
  Finding,
  OutcomeName,
  OutcomeRecord,
  ReasonCode,
} from '../../checks/contract/outcome.ts';
import type { PlannedItem } from '../../checks/contract/plan.ts';
import type { LedgerOutcome } from '../../checks/contract/ledger.ts';
import { badness, byText } from './order.ts';
import type { SeenImages } from './freshness.ts';
import { tooOld } from './freshness.ts';

export interface JudgedItem {
  readonly item: PlannedItem;
  readonly outcome: OutcomeName;
  readonly reason: ReasonCode | undefined;
  readonly detail: string | undefined;
  readonly message: string;
  readonly findings: readonly Finding[];
  readonly doubts: readonly Doubt[];
  readonly subjects: number;
  readonly evidence: readonly Evidence[];
  readonly durationMs: number;
  /** Images that its evidence is bound to. */
  readonly images?: readonly string[];
  readonly from: 'run' | 'ledger' | 'none';
  /** The earlier run that judged it, where this run judged other items of its phase. */
  readonly fromRun?: string;
}

/** A record of this run or of an earlier one, in one shape. */
export interface Candidate {
  readonly record: Omit<LedgerOutcome, 'evidenceDigest' | 'evidenceCount'>;
  readonly evidence: readonly Evidence[];
  readonly evidenceCount: number;
  readonly from: 'run' | 'ledger';
}

export function fromRun(record: OutcomeRecord): Candidate {
  return { record, evidence: record.evidence, evidenceCount: record.evidence.length, from: 'run' };
}
export function fromLedger(record: LedgerOutcome): Candidate {
  return { record, evidence: [], evidenceCount: record.evidenceCount, from: 'ledger' };
}

export interface Missing {
  readonly reason: Extract<ReasonCode, 'not-selected' | 'interrupted' | 'precondition' | 'unrecorded'>;
  readonly message: string;
}

export interface JudgeContext {
  readonly now: Date;
  /** Images seen by newer records than these. */
  readonly images: SeenImages;
  /** What an item without a record is. */
  readonly missing: (item: PlannedItem) => Missing;
  readonly torn: ReadonlySet<string>;
}

export function judgeItem(item: PlannedItem, candidates: readonly Candidate[], context: JudgeContext): JudgedItem {
  if (item.kind === 'planned' && candidates.length === 0) {
    return without(item, 'planned', 'not-built', 'described, but nothing measures it yet');
  }
  const judged = candidates.map((candidate) => believed(item, candidate));
  if (context.torn.has(item.id)) judged.push(unrecorded(item, 'its record was cut off while it was written'));
  else if (attemptMissing(candidates)) judged.push(unrecorded(item, 'the record of one of its attempts is missing'));
  if (judged.length === 0) {
    const missing = context.missing(item);
    return without(item, 'not-run', missing.reason, missing.message);
  }
  const worst = worstOf(judged);
  return worst.candidate ? aged(worst.judged, worst.candidate, context) : worst.judged;
}

interface Believed {
  readonly judged: JudgedItem;
  readonly candidate: Candidate | null;
}

function worstOf(all: readonly Believed[]): Believed {
  const key = ({ candidate }: Believed): string => (candidate ? canonicalJson(candidate.record) : '');
  const [first] = [...all].sort(
    (a, b) => badness(b.judged.outcome) - badness(a.judged.outcome) || byText(key(a), key(b)),
  );
  if (!first) throw new RangeError('the worst of no records');
  return first;
}

/** A run with retries numbers its attempts from 1 without gaps: a gap is a record that somebody lost. */
function attemptMissing(candidates: readonly Candidate[]): boolean {
  const attempts = new Set(candidates.map(({ record }) => record.attempt));
  return candidates.length > 0 && !Array.from(attempts, (_, index) => index + 1).every((n) => attempts.has(n));
}

function believed(item: PlannedItem, candidate: Candidate): Believed {
  const { record } = candidate;
  const doubt = doubtAbout(item, candidate);
  return {
    candidate,
    judged: {
      item,
      outcome: doubt?.outcome ?? record.outcome,
      reason: doubt ? doubt.reason : record.reason,
      detail: doubt ? undefined : record.detail,
      message: doubt ? doubt.message : record.message,
      findings: record.findings,
      doubts: doubt ? [...record.doubts, { reason: doubt.reason, why: doubt.message }] : record.doubts,
      subjects: record.subjects,
      evidence: candidate.evidence,
      durationMs: record.durationMs,
      ...(record.images ? { images: record.images } : {}),
      from: candidate.from,
    },
  };
}

/** The second net under the check contract: what a record claims without bearing it out is not taken. */
function doubtAbout(
  item: PlannedItem,
  { record, evidenceCount }: Candidate,
): { outcome: OutcomeName; reason: ReasonCode; message: string } | null {
  const inconclusive = (reason: ReasonCode, message: string) => ({ outcome: 'inconclusive', reason, message }) as const;
  if (!OUTCOMES.includes(record.outcome)) {
    return { outcome: 'error', reason: 'crashed', message: `its record names an unknown outcome "${record.outcome}"` };
  }
  if (record.outcome === 'planned') {
    if (item.kind === 'planned') return null;
    return inconclusive('no-subjects', `recorded as planned, but the plan has a kind for it: ${item.kind}`);
  }
  if (item.kind === 'planned') {
    return inconclusive('no-subjects', `recorded as ${record.outcome}, but nothing measures it yet (kind: planned)`);
  }
  if (record.outcome === 'not-applicable' && !item.allowNotApplicable) {
    const why = `not applicable (${record.message}), which this item does not allow`;
    return inconclusive('no-subjects', `${why}: set allowNotApplicable or remove the item`);
  }
  if (record.outcome !== 'pass') return null;
  if (evidenceCount === 0) return inconclusive('no-subjects', 'recorded as passed without any evidence: not believed');
  return subjectsDoubt(item, record.subjects);
}

function subjectsDoubt(item: PlannedItem, subjects: number): ReturnType<typeof doubtAbout> {
  const { comparison, value } = item.expectSubjects;
  const enough = comparison === '==' ? subjects === value : subjects >= value;
  if (enough && subjects >= 1) return null;
  return {
    outcome: 'inconclusive',
    reason: subjects >= 1 ? 'too-few-subjects' : 'no-subjects',
    message: `judged ${subjects} ${subjects === 1 ? 'subject' : 'subjects'}, expected ${comparison} ${value}`,
  };
}

/** Good news that is too old, or about replaced images, is no news. Bad news stays. */
function aged(judged: JudgedItem, { record }: Candidate, context: JudgeContext): JudgedItem {
  if (badness(judged.outcome) >= badness('not-run') || judged.outcome === 'planned') return judged;
  const old = tooOld(record.startedAt, judged.item.maxAgeMs, context.now);
  const replaced = context.images.replaced(record.images);
  if (old === null && replaced === null) return judged;
  const why = old ?? `the image ${replaced ?? ''} it saw has been replaced`;
  return {
    ...judged,
    outcome: 'not-run',
    reason: 'stale',
    message: `the evidence no longer stands: ${why}; run it again`,
  };
}

function unrecorded(item: PlannedItem, message: string): Believed {
  return { candidate: null, judged: without(item, 'not-run', 'unrecorded', message) };
}

function without(item: PlannedItem, outcome: OutcomeName, reason: ReasonCode, message: string): JudgedItem {
  return {
    item,
    outcome,
    reason,
    detail: undefined,
    message,
    findings: [],
    doubts: [],
    subjects: 0,
    evidence: [],
    durationMs: 0,
    from: 'none',
  };
}

/**
 * Is the ledger sound, and whose is it? Chains, heads and signatures, the order of times, and the evidence files and decisions it vouches
 * for, as far as this machine has them.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '../../../checks/contract/canonical.ts';
import { formatMs } from '../../../checks/contract/units.ts';
import { CLOCK_SKEW_MS } from '../../decide/freshness.ts';
import { byText } from '../../decide/order.ts';
import { fileProblem } from '../io.ts';
import { ledgerFolder, runsFolder } from '../paths.ts';
import { latest } from './clock.ts';
import { decisionDamage, withdrawal } from './decisions.ts';
import { quarantinedRuns } from './quarantine.ts';
import type { LedgerFile } from './read.ts';
import { readLedger } from './read.ts';
import type { RunSummary } from './records.ts';
import { summaryOf } from './survey.ts';
import { keysNamedBy, trustOf } from './trust.ts';
import { readSeen } from './witness.ts';

export interface Verification {
  readonly runs: number;
  readonly records: number;
  readonly evidenceFiles: number;
  /** What was changed, removed or is unreadable: one line each, with place and hashes. */
  readonly damage: readonly string[];
  /** Runs that never said how they ended, and that no later run of the same release and environment has replaced. */
  readonly incomplete: readonly string[];
  /** Runs whose evidence is on another machine or was removed: their chain was checked, their files could not be. */
  readonly elsewhere: readonly string[];
  /** How many runs each signer vouches for. */
  readonly signers: Readonly<Record<string, number>>;
  /** Runs that count for nothing, as nobody vouches for them, and why; those that a signed run has replaced are history. */
  readonly unsigned: readonly { readonly runId: string; readonly why: string; readonly replaced: boolean }[];
  readonly quarantined: readonly string[];
  /** Why the latest decision no longer stands as it was made; absent: it does. */
  readonly withdrawn?: string;
}

export function verifyLedger(root: string, now: Date = new Date()): Verification {
  const { files, damage } = readLedger(ledgerFolder(root));
  const aside = quarantinedRuns(ledgerFolder(root));
  const evidence = files.map((file) => verifyEvidence(root, file));
  const runs = files.map(summaryOf);
  const counting = runs.filter(({ runId }) => !aside.has(runId));
  const trusted = new Map(
    counting.filter(({ closed }) => closed).map((run) => [run, trustOf(run, keysNamedBy(root, run))] as const),
  );
  const signed = counting.filter((run) => 'by' in (trusted.get(run) ?? {}));
  const withdrawn = withdrawal(root);
  return {
    runs: files.length,
    records: files.reduce((sum, { records }) => sum + records.length, 0),
    evidenceFiles: evidence.reduce((sum, { checked }) => sum + checked, 0),
    damage: [
      ...damage,
      ...evidence.flatMap((one) => one.damage),
      ...decisionDamage(root, runs),
      ...counting.flatMap((run) => timeProblems(run, counting, now)),
      ...lostVerdicts(signed, aside),
    ],
    incomplete: counting.filter((run) => !run.closed && !isReplaced(run, runs)).map(({ runId }) => runId),
    elsewhere: files.filter((file) => namesFiles(file) && !existsSync(runFolder(root, file))).map(({ runId }) => runId),
    signers: countSigners(trusted.values()),
    unsigned: Array.from(trusted).flatMap(([run, trust]) =>
      'by' in trust ? [] : [{ runId: run.runId, why: trust.refused, replaced: isReplaced(run, signed) }],
    ),
    quarantined: [...aside].sort(byText),
    ...(withdrawn === null ? {} : { withdrawn }),
  };
}

function countSigners(trusts: Iterable<ReturnType<typeof trustOf>>): Record<string, number> {
  const signers: Record<string, number> = {};
  for (const trust of trusts) if ('by' in trust) signers[trust.by] = (signers[trust.by] ?? 0) + 1;
  return signers;
}

/** A run that says it is from the future, or from before a run that it continues: replayed, back-dated, or of a wrong clock. */
function timeProblems(run: RunSummary, runs: readonly RunSummary[], now: Date): string[] {
  const out = `set the clock right, or set it aside: golive ledger quarantine ${run.runId}`;
  const ahead = latest(run) - now.getTime();
  if (ahead > CLOCK_SKEW_MS) return [`run ${run.runId} is dated ${formatMs(ahead)} in the future: ${out}`];
  const startedAt = Date.parse(run.header.startedAt);
  const before = runs
    .filter(({ runId }) => run.header.heads.some((head) => head.runId === runId))
    .find((one) => Date.parse(one.header.startedAt) > startedAt + CLOCK_SKEW_MS);
  return before === undefined
    ? []
    : [`run ${run.runId} is dated before run ${before.runId}, which it continues: it is back-dated, or ${out}`];
}

/** Verdicts that this user's machine has seen, where the ledger's own are older. */
function lostVerdicts(runs: readonly RunSummary[], aside: ReadonlySet<string>): string[] {
  const newest = new Map<string, { readonly run: RunSummary; readonly phase: string; readonly decidedAt: string }>();
  for (const run of runs)
    for (const { phase, decidedAt } of run.phases) {
      const key = JSON.stringify([run.header.planDigest, run.environment?.uid, phase]);
      if ((newest.get(key)?.decidedAt ?? '') < decidedAt) newest.set(key, { run, phase, decidedAt });
    }
  return [...newest.values()].flatMap(({ run, phase, decidedAt }) => {
    const { header, environment, runId } = run;
    const seen = environment && readSeen({ planDigest: header.planDigest, uid: environment.uid })[phase];
    return seen && seen.decidedAt > decidedAt && !aside.has(seen.runId)
      ? [
          `the ledger was cut short, or an older copy put in its place: run ${seen.runId} decided ${phase} after run ${runId}, and its signed record is gone; import it, or run ${phase} again`,
        ]
      : [];
  });
}

function runFolder(root: string, { runId }: LedgerFile): string {
  return join(runsFolder(root), runId);
}

function namesFiles({ records }: LedgerFile): boolean {
  return records.some((record) => record.record === 'outcome' && record.files.length > 0);
}

function isReplaced(
  { header: { release, environment, startedAt, phases } }: RunSummary,
  by: readonly RunSummary[],
): boolean {
  return by.some(
    ({ closed, header }) =>
      closed &&
      header.environment === environment &&
      header.release.name === release.name &&
      header.release.version === release.version &&
      header.release.commit === release.commit &&
      phases.every((phase) => header.phases.includes(phase)) &&
      byText(header.startedAt, startedAt) > 0,
  );
}

function verifyEvidence(root: string, file: LedgerFile): { checked: number; damage: string[] } {
  const folder = runFolder(root, file);
  const damage: string[] = [];
  let checked = 0;
  if (!existsSync(folder)) return { checked, damage };
  for (const [index, record] of file.records.entries()) {
    if (record.record !== 'outcome') continue;
    for (const named of record.files) {
      checked += 1;
      const problem = evidenceProblem(join(folder, 'evidence', named.path), named.sha256);
      if (problem !== null) damage.push(`${file.path}:${index + 1}: evidence of ${record.outcome.item}: ${problem}`);
    }
  }
  return { checked, damage };
}

function evidenceProblem(path: string, expected: string): string | null {
  if (!existsSync(path)) return `${path} is missing`;
  try {
    const actual = sha256(readFileSync(path));
    const same = actual === expected || actual === `sha256:${expected}`;
    return same ? null : `${path} was changed: expected ${expected}, actual ${actual}`;
  } catch (error) {
    return fileProblem('read', path, error).message;
  }
}

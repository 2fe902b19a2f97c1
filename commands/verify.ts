/**
 * `golive verify`: is what was recorded still what was written, and by whom? 0 sound, 1 damaged, 2 nothing to verify, a run unfinished or not
 * signed. Of a bundle: the decision's exit code where everything holds, 1 where something does not.
 */
import { EXIT } from '../checks/contract/decision.ts';
import { RunFileError } from '../reports/record/io.ts';
import { verifyBundle, type BundleVerification } from '../reports/record/run-folder/verify-bundle.ts';
import type { Verification } from '../reports/record/ledger/verify.ts';
import { verifyLedger } from '../reports/record/ledger/verify.ts';
import { writeError, writeJson, writeOut } from './write.ts';

export interface VerifyOptions {
  /** The project's folder; default: the current one. */
  readonly root?: string;
  readonly json?: boolean;
  /** A bundle or its folder, to be verified in the place of the ledger. */
  readonly bundle?: string;
  /** Where the reader's own allowed_signers, revoked_signers and checklist.yaml are: the current folder. */
  readonly with?: string;
}

export async function verify(options: VerifyOptions = {}): Promise<number> {
  if (options.bundle !== undefined) return Promise.resolve(verifyOne(options.bundle, options));
  const verification = verifyLedger(options.root ?? process.cwd());
  const exitCode = exitCodeFor(verification);
  if (options.json === true) writeJson({ sound: exitCode === 0, ...verification });
  else writeOut(tell(verification));
  return Promise.resolve(exitCode);
}

function exitCodeFor({ damage, runs, incomplete, unsigned }: Verification): number {
  if (damage.length > 0) return EXIT['NO-GO'];
  return runs === 0 || incomplete.length > 0 || unsigned.some(({ replaced }) => !replaced) ? EXIT.HOLD : EXIT.GO;
}

function tell(verification: Verification): string {
  const { runs, records, evidenceFiles, damage, incomplete, elsewhere, quarantined, withdrawn } = verification;
  if (damage.length > 0) {
    const head = damage.length === 1 ? 'The ledger is damaged:' : `The ledger is damaged in ${damage.length} places:`;
    const advice =
      'Restore the named files from a backup or an export, or set a run aside: golive ledger quarantine RUN. Until then no run decides GO.';
    return [head, ...damage.map((line) => `  ${line}`), advice].join('\n');
  }
  if (runs === 0) return 'There is no ledger to verify yet: run the gate first (npx playwright test).';
  const counts = `${counted(runs, 'run')}, ${counted(records, 'record')}, ${counted(evidenceFiles, 'evidence file')}`;
  const lines = [...heading(verification, counts)];
  for (const run of incomplete)
    lines.push(`Run ${run} never said how it ended: what it was asked for is HOLD. Run it again.`);
  for (const run of quarantined) lines.push(`Run ${run} is quarantined: it counts for nothing.`);
  if (elsewhere.length > 0) lines.push(notHere(elsewhere));
  if (withdrawn !== undefined)
    lines.push(`The latest decision was taken back: the last run could not start: ${withdrawn}.`);
  return lines.join('\n');
}

/** "Sound" is said of what somebody vouches for: chains alone can be made by anybody. */
function heading({ signers, unsigned }: Verification, counts: string): string[] {
  const by = Object.entries(signers).map(([name, count]) => `${name} (${counted(count, 'run')})`);
  const signed = by.length === 0 ? 'nobody has signed any of it' : `signed by ${by.join(', ')}`;
  const open = unsigned.filter(({ replaced }) => !replaced);
  if (open.length === 0 && unsigned.length === 0) return [`The ledger is sound: ${counts}; ${signed}.`];
  const named = open.slice(0, NAMED).map(({ runId, why }) => `  Run ${runId}: its record ${why}.`);
  if (open.length > NAMED) named.push(`  And ${counted(open.length - NAMED, 'more run')}.`);
  const old = unsigned.length - open.length;
  const history = old === 0 ? [] : [`${counted(old, 'unsigned run')} that later ones have replaced: history only.`];
  if (open.length === 0) return [`The ledger is sound: ${counts}; ${signed}.`, ...history];
  return [
    `The chains are whole: ${counts}; ${signed}.`,
    `Nobody vouches for ${counted(open.length, 'run')}: anybody may have written that, so no later run counts on it:`,
    ...named,
    ...history,
    'Give the runner a key (golive ledger key), allow it beside the checklist, and run again.',
  ];
}

/** Named one by one as long as that is readable. */
const NAMED = 5;

function notHere(runs: readonly string[]): string {
  const names = runs.length <= NAMED ? `: ${runs.join(', ')}` : `, ${runs.slice(0, NAMED).join(', ')} and others`;
  return `The evidence files of ${counted(runs.length, 'run')} are gone with the folder, or on another machine${names}. Only the chains were verified.`;
}

function counted(count: number, of: string): string {
  return `${count} ${of}${count === 1 ? '' : 's'}`;
}

function verifyOne(bundle: string, { with: folder = process.cwd(), json }: VerifyOptions): number {
  try {
    const verification = verifyBundle(bundle, folder);
    const { decision, problems } = verification;
    if (json === true)
      writeJson({ sound: problems.length === 0, ...verification, decision: decision.decision, runId: decision.runId });
    else if (problems.length === 0) writeOut(tellBundle(verification));
    else writeError([`The ${decision.decision} of this bundle does not hold here:`, ...problems].join('\n  '));
    return problems.length === 0 ? EXIT[decision.decision] : EXIT['NO-GO'];
  } catch (error) {
    if (!(error instanceof RunFileError)) throw error;
    writeError(`golive verify: ${error.message}`);
    return EXIT.broken;
  }
}

function tellBundle({ decision, recordedBy, signatures }: BundleVerification): string {
  const { release, environment, decidedAt, runId } = decision;
  return [
    `${decision.decision} holds: ${release.name} ${release.version} in ${environment.name}, decided at ${decidedAt} (run ${runId}).`,
    `  recorded by ${recordedBy ?? 'nobody'}`,
    ...signatures.map(
      ({ role, principal, fingerprint, signedAt }) =>
        `  signed   ${role}: ${principal} at ${signedAt} (${fingerprint})`,
    ),
    ...(signatures.length === 0 ? ['  signed by nobody yet'] : []),
  ].join('\n');
}

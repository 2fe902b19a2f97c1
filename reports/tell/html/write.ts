/**
 * Writes the page and the evidence files it links to. Synchronous, because the decision is written while the process exits.
 * Write it at the start of a run too, with the HOLD of a run that has not finished: a page of yesterday must never stay.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join, sep } from 'node:path';
import type { Decision } from '../../../checks/contract/decision.ts';
import type { Plan } from '../../../checks/contract/plan.ts';
import type { RunHeader, RunOrigin } from '../../../checks/contract/run.ts';
import { readProofs, type Proofs } from '../../record/proofs.ts';
import { readCutoverForPeople } from '../../record/run-folder/cutover-log.ts';
import type { CutoverLogs } from './cutover/section.ts';
import { confinedParts } from './evidence-path.ts';
import { pastOf, type Past } from './past.ts';
import { renderHtml, runOf } from './render.ts';

export interface HtmlReportInput {
  readonly decision: Decision;
  /** Null when the run's plan is not at hand. */
  readonly plan: Plan | null;
  /** `reports/out`. */
  readonly outDir: string;
  /** Where runs keep their evidence: `.golive/runs` unless told. */
  readonly runsDir?: string;
  /** The project, whose ledger tells of earlier runs; absent: the page says nothing of them. */
  readonly root?: string;
}

/**
 * Writes `index.html` into `outDir`, atomically, and copies evidence files to `outDir/evidence/<runId>/`. A file that is missing,
 * leaves its folder, is a link or has changed since it was recorded is not copied; the page says why. Returns the page's path.
 */
export function writeHtmlReport({
  decision,
  plan,
  outDir,
  runsDir = join('.golive', 'runs'),
  root,
}: HtmlReportInput): string {
  mkdirSync(outDir, { recursive: true });
  const target = join(outDir, 'evidence');
  rmSync(target, { recursive: true, force: true });
  const missingFiles = copyEvidence(decision, runsDir, target);
  const page = join(outDir, 'index.html');
  const draft = `${page}.${process.pid}.tmp`;
  writeFileSync(
    draft,
    renderHtml(decision, plan, {
      missingFiles,
      ...cutoverOf(decision, runsDir),
      ...originOf(decision, runsDir),
      ...knownOf(root, decision),
    }),
  );
  renameSync(draft, page);
  return page;
}

/** The log of the run that moved the traffic: this one, or the earlier one that the phase of the cutover stands from. */
function cutoverOf(decision: Decision, runsDir: string): { readonly cutover?: CutoverLogs } {
  const step = decision.items.find(({ kind }) => kind === 'cutover/step');
  const runId = step ? runOf(step, decision) : decision.runId;
  if (confinedParts(runId)?.length !== 1) return {};
  const runDir = join(runsDir, runId);
  return {
    cutover: {
      log: readCutoverForPeople(runDir),
      rehearsal: readCutoverForPeople(runDir, 'rollback-rehearsal'),
      ...(runId === decision.runId ? {} : { fromRun: runId }),
    },
  };
}

function originOf({ runId }: Decision, runsDir: string): { readonly by?: RunOrigin } {
  if (confinedParts(runId)?.length !== 1) return {};
  try {
    const { by } = JSON.parse(readFileSync(join(runsDir, runId, 'run.json'), 'utf8')) as Partial<RunHeader>;
    return typeof by?.actor === 'string' ? { by } : {};
  } catch {
    return {};
  }
}

/** What the project knows besides. The page is drawn without what cannot be read. */
function knownOf(root: string | undefined, decision: Decision): { readonly past?: Past; readonly proofs?: Proofs } {
  if (root === undefined) return {};
  try {
    return { past: pastOf(root, decision), proofs: readProofs(root) };
  } catch {
    return {};
  }
}

function copyEvidence(decision: Decision, runsDir: string, target: string): ReadonlyMap<string, string> {
  const missing = new Map<string, string>();
  const done = new Set<string>();
  for (const item of decision.items) {
    const runId = runOf(item, decision);
    for (const evidence of item.evidence) {
      if (evidence.type !== 'file') continue;
      const key = `${runId}/${evidence.path}`;
      if (done.has(key)) continue;
      done.add(key);
      const problem = copyOne(runsDir, runId, evidence, target);
      if (problem !== null) missing.set(key, problem);
    }
  }
  return missing;
}

/** Copies one file; null when it went well, else why not, for people. */
function copyOne(
  runsDir: string,
  runId: string,
  evidence: { readonly path: string; readonly sha256: string },
  target: string,
): string | null {
  const parts = confinedParts(evidence.path);
  const run = confinedParts(runId);
  if (!parts || run?.length !== 1) return 'its path leaves the evidence folder';
  const to = join(target, ...run, ...parts);
  try {
    const folder = realpathSync(join(runsDir, ...run, 'evidence'));
    const from = join(folder, ...parts);
    // Every folder on the way must be the real one: a link could lead out of the evidence folder.
    if (realpathSync(dirname(from)) !== dirname(from) || !from.startsWith(folder + sep)) {
      return 'a link leads out of the evidence folder';
    }
    mkdirSync(dirname(to), { recursive: true });
    const digest = copyHashed(from, to);
    if (digest === null) return 'it is no regular file';
    if (digest === evidence.sha256.replace(/^sha256:/, '')) return null;
    rmSync(to, { force: true });
    return 'the file has changed since it was recorded';
  } catch (error) {
    rmSync(to, { force: true });
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    if (code === 'ENOENT') return 'the file is missing';
    return code === 'ELOOP' ? 'it is a link' : `it could not be copied (${code})`;
  }
}

/** Copies through one open file, so that what is hashed is what is copied. Null when it is not a regular file. */
function copyHashed(from: string, to: string): string | null {
  // O_NONBLOCK: opening a named pipe must not wait for its writer. Neither flag exists on Windows.
  const flags = constants as Partial<typeof constants>;
  const input = openSync(from, constants.O_RDONLY | (flags.O_NOFOLLOW ?? 0) | (flags.O_NONBLOCK ?? 0));
  try {
    if (!fstatSync(input).isFile()) return null;
    const output = openSync(to, 'w');
    try {
      const hash = createHash('sha256');
      const buffer = Buffer.allocUnsafe(1 << 20);
      for (;;) {
        const length = readSync(input, buffer, 0, buffer.length, null);
        if (length === 0) return hash.digest('hex');
        const part = buffer.subarray(0, length);
        hash.update(part);
        for (let at = 0; at < length;) at += writeSync(output, part, at);
      }
    } finally {
      closeSync(output);
    }
  } finally {
    closeSync(input);
  }
}

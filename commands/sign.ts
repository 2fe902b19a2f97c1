/** `golive sign`: what a role accepts, its signature or its veto, and who is missing. The decision's exit code; 64 wrong use, 70 there is nothing to sign. */
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { EXIT, type Decision } from '../checks/contract/decision.ts';
import type { Covered } from '../checks/contract/people.ts';
import { PHASES, type PhaseId, type Plan } from '../checks/contract/plan.ts';
import { missingOf, signaturesOf, signersOf } from '../checks/people/signatures.ts';
import { coverageOf, lastPhaseOf } from '../reports/decide/decide.ts';
import { throughOf } from '../reports/decide/covered.ts';
import type { DecisionInput } from '../reports/decide/input.ts';
import { questionOf } from '../reports/decide/spoken.ts';
import { RunFileError } from '../reports/record/io.ts';
import {
  decideAgain,
  isNew,
  latestRun,
  recordAgain,
  SIGNED_FOLDER,
  type LatestRun,
} from '../reports/record/run-folder/again.ts';
import { writeApproval } from './sign/approval-file.ts';
import { ownKey, rehearsalKey } from './sign/keys.ts';
import { redraw } from './sign/redraw.ts';
import { askedOf, termsText } from './sign/terms.ts';
import { writeError, writeJson, writeOut } from './write.ts';

export interface SignOptions {
  readonly root: string;
  readonly role?: string;
  readonly status?: boolean;
  readonly rehearsal?: boolean;
  readonly reject?: boolean;
  readonly reason?: string;
  /** The phase that a permit is for. */
  readonly for?: string;
  readonly key?: string;
  readonly as?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
  readonly now?: Date;
}

export async function sign(options: SignOptions): Promise<number> {
  try {
    const latest = latestRun(options.root);
    const { input } = decideAgain(latest, options.now ?? new Date());
    if (options.rehearsal) return signRehearsal(options, latest, input);
    if (options.status || options.role === undefined) return settle(options, latest);
    return await signRole(options, options.role, latest, input);
  } catch (error) {
    if (!(error instanceof RunFileError)) throw error;
    writeError(`golive sign: ${error.message}`);
    return EXIT.broken;
  }
}

/** Every signer of the rehearsal signs what its role is asked for. */
function signRehearsal(options: SignOptions, latest: LatestRun, input: DecisionInput): number {
  const { plan } = input;
  if (!plan.environment.rehearsal) {
    writeError(
      `golive sign: the latest decision is for ${plan.environment.name}, which is no rehearsal: its people sign for themselves`,
    );
    return EXIT.usage;
  }
  for (const { role, through } of askedSignatures(plan)) {
    const covers = coverageOf(input, through);
    if (covers.readiness !== 'GO') return notReady(covers, latest.standing);
    const said = { role, verdict: 'approve', covers, now: input.now } as const;
    writeOut(`Signed for ${role}: ${writeApproval(options.root, plan, rehearsalKey(options.root, role), said)}`);
  }
  return settle(options, latest);
}

function askedSignatures(plan: Plan): readonly { readonly role: string; readonly through: PhaseId }[] {
  const phases = plan.phases.map(({ id }) => id);
  return plan.items.flatMap((item) =>
    item.kind === 'people/signature' && item.role !== undefined
      ? [{ role: item.role, through: throughOf(item, phases) }]
      : [],
  );
}

async function signRole(options: SignOptions, role: string, latest: LatestRun, input: DecisionInput): Promise<number> {
  const { plan, now } = input;
  const { root, reject = false, reason } = options;
  const wrong = usageProblem(options, role, plan);
  if (wrong !== null) {
    writeError(`golive sign: ${wrong}`);
    return EXIT.usage;
  }
  const covers = coverageOf(input, throughFor(plan, options.for));
  if (!reject && covers.readiness !== 'GO') return notReady(covers, latest.standing);
  const key = plan.environment.rehearsal ? rehearsalKey(root, role) : ownKey(root, plan, role, options);
  const before = input.approvals.filter((one) => one.role === role && one.signer === key.principal).at(-1);
  const last = before === undefined ? {} : { last: before };
  writeOut(termsText({ plan, role, covers, decision: latest.standing, ...last }));
  if (!(await isMeant(options, `${reject ? 'Reject' : 'Sign'} as ${key.principal}?`))) {
    writeError('golive sign: nothing was signed');
    return EXIT.HOLD;
  }
  const verdict = reject ? 'reject' : 'approve';
  const file = writeApproval(root, plan, key, {
    role,
    verdict,
    covers,
    now,
    ...(reason === undefined ? {} : { reason }),
  });
  writeOut(
    `\n${reject ? 'Rejected' : 'Signed'} by ${key.principal}: ${file}\nCommit it with ${file}.sig, beside the others.`,
  );
  return settle(options, latest);
}

function usageProblem({ reject, reason, for: phase }: SignOptions, role: string, plan: Plan): string | null {
  const signers = plan.signing?.roles ?? {};
  if (!Object.hasOwn(signers, role))
    return `nobody signs for the role ${role}; there are: ${Object.keys(signers).join(', ') || 'none: name signers in checklist.yaml, under roles'}`;
  if (reject && !reason?.trim()) return 'a rejection says why: --reason TEXT';
  if (phase !== undefined && !(PHASES as readonly string[]).includes(phase))
    return `${phase} is no phase; there are: ${PHASES.join(', ')}`;
  if (!reject && askedOf(plan, role).length === 0) return `no item asks for the signature of ${role}`;
  return null;
}

/** A permit for a phase covers the phases before it; everything else all that decides. */
function throughFor(plan: Plan, phase: string | undefined): PhaseId {
  if (phase === undefined) return lastPhaseOf(plan);
  const ids = plan.phases.map(({ id }) => id);
  return ids[Math.max(0, ids.indexOf(phase as PhaseId) - 1)] ?? lastPhaseOf(plan);
}

async function isMeant({ yes }: SignOptions, question: string): Promise<boolean> {
  if (yes) return true;
  if (!process.stdin.isTTY) throw new RunFileError(`${question} Nobody is there to answer: add --yes`);
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await lines.question(`\n${question} [y/N] `)).trim());
  } finally {
    lines.close();
  }
}

function notReady({ readiness, through }: Covered, { reasons }: Decision): number {
  const why = reasons.filter(({ code }) => code !== 'unsigned').map(({ text }) => `  ${text}`);
  writeError(
    [
      `golive sign: readiness up to ${through} is ${readiness}, so there is nothing to sign yet:`,
      ...why.slice(0, 8),
    ].join('\n'),
  );
  return readiness === 'NO-GO' ? EXIT['NO-GO'] : EXIT.HOLD;
}

/** Decides again by what is signed now, tells who is missing, and writes the decision where it says something new. */
function settle(options: SignOptions, latest: LatestRun): number {
  const again = decideAgain(latest, options.now ?? new Date());
  const { decision, input } = again;
  const changed = isNew(latest, again);
  const written = changed ? recordAgain(latest, again, process.env) : latest.standing;
  const undrawn = changed && written !== null ? redraw(options.root, written, input.plan, process.env) : [];
  const status = statusOf(input);
  if (options.json)
    writeJson({ decision: decision.decision, readiness: decision.readiness, recorded: written !== null, ...status });
  else writeOut(statusText(status, decision));
  if (!options.json && changed && written?.decision === 'GO' && !input.plan.environment.rehearsal)
    writeOut(
      `Anybody can verify it by files of their own: golive verify ${join(relative(options.root, latest.runDir), SIGNED_FOLDER)} --with FOLDER`,
    );
  for (const problem of undrawn) writeError(`golive sign: ${problem}`);
  if (written === null)
    writeError(
      'golive sign: this machine has no key of a runner (GOLIVE_LEDGER_KEY), so the decision is not written here: the runner writes it (golive sign --status)',
    );
  return EXIT[decision.decision];
}

interface Status {
  readonly roles: readonly {
    readonly role: string;
    readonly needed: number;
    readonly signers: readonly string[];
    readonly signed: readonly { readonly by: string; readonly at: string; readonly timestamp?: string }[];
  }[];
  readonly vetoes: readonly { readonly by: string; readonly role: string; readonly reason: string }[];
  /** Signatures that do not count, and why. */
  readonly others: readonly { readonly by: string; readonly role: string; readonly why: string }[];
}

function statusOf(input: DecisionInput): Status {
  const { plan, now } = input;
  const asked = askedSignatures(plan);
  const found = new Map(
    [...new Set(asked.map(({ through }) => through))].map(
      (through) => [through, signaturesOf(questionOf(input, coverageOf(input, through)), now)] as const,
    ),
  );
  const all = [...found.values()];
  const counted = new Set(all.flatMap(({ counting }) => counting.map(({ approval }) => approval.place)));
  const others = all.flatMap(({ refused, elsewhere }) => [...refused, ...elsewhere]);
  const unique = new Map(
    others.filter(({ approval }) => !counted.has(approval.place)).map((one) => [one.approval.place, one]),
  );
  return {
    roles: asked.flatMap(({ role, through }) => {
      const signatures = found.get(through);
      if (!signatures) return [];
      const { signers = [], quorum = 1 } = plan.signing?.roles[role] ?? {};
      const lacks = missingOf([role], questionOf(input, coverageOf(input, through)), signatures)[0]?.lacks ?? 0;
      const signed = signersOf(role, signatures).map(({ principal, approval }) => ({
        by: principal,
        at: approval.signedAt,
        ...(approval.timestamp?.refused === undefined && approval.timestamp
          ? { timestamp: approval.timestamp.at }
          : {}),
      }));
      return [{ role, needed: quorum, lacks, signers, signed }];
    }),
    vetoes: (all[0]?.vetoes ?? []).map(({ principal, approval }) => {
      return { by: principal, role: approval.role, reason: approval.reason ?? '' };
    }),
    others: Array.from(unique.values(), ({ approval, why }) => ({ by: approval.signer, role: approval.role, why })),
  };
}

function statusText({ roles, vetoes, others }: Status, { decision, readiness, reasons }: Decision): string {
  return [
    `${decision} (readiness ${readiness})`,
    ...roles.map(({ role, needed, signed, signers }) => {
      const names = signed
        .map((one) => `${one.by} at ${one.at}${one.timestamp ? ` (timestamp ${one.timestamp})` : ''}`)
        .join(', ');
      return signed.length >= needed
        ? `  signed   ${role}: ${names}`
        : `  missing  ${role}: ${signed.length} of ${needed}${names === '' ? '' : ` (${names})`}, by ${signers.join(' or ')}`;
    }),
    ...vetoes.map(({ by, role, reason }) => `  VETO     ${role}: ${by}: ${reason}`),
    ...others.map(({ by, role, why }) => `  ignored  ${role}: the signature of ${by} ${why}`),
    ...(decision === 'GO' ? [] : reasons.slice(0, 5).map(({ text }) => `- ${text}`)),
  ].join('\n');
}

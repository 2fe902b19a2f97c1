/**
 * Verifies a decision where it was not made: from its bundle, the copy of its record and three files of the reader's own, allowed_signers,
 * revoked_signers and checklist.yaml. Nothing that the bundle says about keys or signers is believed: each signature is verified again over the
 * text that was signed, and the decision is made again from those that count.
 */
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { canonicalJson } from '../../../checks/contract/canonical.ts';
import type { Decision } from '../../../checks/contract/decision.ts';
import { isRecord } from '../../../checks/contract/json.ts';
import type { Approval, Signing } from '../../../checks/contract/people.ts';
import { signaturesOf } from '../../../checks/people/signatures.ts';
import { parseApproval } from '../../../specs/loader/people/approvals.ts';
import { ALLOWED_SIGNERS, peopleKeys, type PeopleKeys } from '../../../specs/loader/people/keys.ts';
import { signingOf, type StatedSigning } from '../../../specs/loader/people/signing.ts';
import { readYamlFile } from '../../../specs/loader/yaml/parse.ts';
import { coverageOf, decide, lastPhaseOf } from '../../decide/decide.ts';
import type { DecisionInput } from '../../decide/input.ts';
import { questionOf } from '../../decide/spoken.ts';
import { RunFileError } from '../io.ts';
import { keysIn } from '../ledger/trust.ts';
import { RECORD_COPY, voucherOf } from '../ledger/voucher.ts';
import { inputOf } from './bundle.ts';
import { readBundle, replay } from './replay.ts';

const CHECKLIST = 'checklist.yaml';

export interface BundleVerification {
  /** As it was recorded. */
  readonly decision: Decision;
  /** The runner that vouches for its record; null: nobody does, and `problems` says why. */
  readonly recordedBy: string | null;
  /** The signatures that count, by the reader's own files. */
  readonly signatures: readonly {
    readonly role: string;
    readonly principal: string;
    readonly fingerprint: string;
    readonly signedAt: string;
  }[];
  /** What does not hold, one line each. */
  readonly problems: readonly string[];
}

/** `path`: a bundle, or its folder; `folder`: where the reader's three files are. Throws RunFileError. */
export function verifyBundle(path: string, folder: string): BundleVerification {
  const file = existsSync(path) && statSync(path).isDirectory() ? join(path, 'bundle.json') : path;
  const { recorded, differences } = replay(file);
  const input = inputOf(readBundle(file));
  if (input.plan.environment.rehearsal)
    throw new RunFileError(
      `${file} is of a rehearsal, whose signers are made at each start: verify the decision of a real environment`,
    );
  const voucher = voucherOf(join(dirname(file), RECORD_COPY), recorded, keysIn(folder, ALLOWED_SIGNERS));
  const checklist = checklistIn(folder);
  const keys = peopleKeys(folder, { checklist: { file: CHECKLIST } });
  const again = input.approvals.map((one) => readAgain(one, keys));
  const heard: DecisionInput = {
    ...input,
    plan: { ...input.plan, signing: checklist.signing(input.plan.signing) },
    approvals: again.flatMap(({ approval }) => approval ?? []),
  };
  const { counting, refused } = signaturesOf(questionOf(heard, coverageOf(heard, lastPhaseOf(input.plan))), input.now);
  const { decision } = decide(heard);
  return {
    decision: recorded,
    recordedBy: 'by' in voucher ? voucher.by : null,
    signatures: counting.map(({ approval, principal, fingerprint }) => {
      return { role: approval.role, principal, fingerprint, signedAt: approval.signedAt };
    }),
    problems: [
      ...differences.map((text) => `the bundle is not what was decided: ${text}`),
      ...('by' in voucher ? [] : [`nobody vouches for it: its record ${voucher.refused}`]),
      ...(keys.problem === undefined ? [] : [keys.problem]),
      ...checklist.problems(input.plan.checklist.name),
      ...again.flatMap(({ problem }) => problem ?? []),
      ...refused.map(({ approval: { signer, role }, why }) => `the signature of ${signer} for ${role} ${why}`),
      ...(decision === recorded.decision
        ? []
        : [`it says ${recorded.decision}; by the signatures that count here it is ${decision}`]),
    ],
  };
}

/** An approval by the text that was signed, and by the reader's keys. */
function readAgain(said: Approval, keys: PeopleKeys): { readonly approval?: Approval; readonly problem?: string } {
  const { role, signer, written, place } = said;
  const name = `the signature of ${signer} for ${role}`;
  if (written === undefined) return { problem: `${name} is not in the bundle, which an earlier version wrote` };
  const read = parseApproval(written, place.replace(/:\d+:\d+$/, ''), keys);
  if ('problems' in read) return { problem: `${name} cannot be read: ${read.problems[0]?.message ?? 'it is damaged'}` };
  if (claim(read.approval) !== claim(said)) return { problem: `${name} says something else than the bundle does` };
  // What an authority said was verified by the runner, whose record holds it.
  return { approval: { ...read.approval, ...(said.timestamp ? { timestamp: said.timestamp } : {}) } };
}

/** What an approval says itself: whose it is, and when an authority saw it, is asked again. */
const claim = ({ role, signer, verdict, reason, signedAt, covers, place, written }: Approval): string =>
  canonicalJson({ role, signer, verdict, reason, signedAt, covers, place, written });

/** Who may sign by the reader's own checklist; the authors of the release are the bundle's where the checklist names none. */
function checklistIn(folder: string): {
  readonly signing: (planned: Signing | undefined) => Signing;
  readonly problems: (name: string) => readonly string[];
} {
  const { value, problems } = readYamlFile(folder, CHECKLIST);
  const said = isRecord(value) && problems.length === 0 ? value : {};
  const stated: StatedSigning = signingOf(said);
  return {
    signing: (planned) => ({ ...stated, authors: stated.authors ?? planned?.authors ?? null }),
    problems: (name) => [
      ...problems.map(({ message }) => `${CHECKLIST}: ${message}`),
      ...(problems.length === 0 && said['name'] !== name
        ? [`it is of the checklist ${name}, and ${CHECKLIST} here is ${String(said['name'])}`]
        : []),
    ],
  };
}

/**
 * The approval: the decision to go live, kept as it was when people had signed it. Evidence that grows old later voids nothing; a revoked key, a
 * rollback or another image does.
 */
import type { Decision } from '../../../checks/contract/decision.ts';
import type { Plan } from '../../../checks/contract/plan.ts';
import type { EnvironmentIdentity } from '../../../checks/contract/run.ts';
import { digestOf } from '../../../checks/contract/canonical.ts';
import { signaturesOf } from '../../../checks/people/signatures.ts';
import { peopleKeys } from '../../../specs/loader/people/keys.ts';
import { coverageOf, lastPhaseOf } from '../../decide/decide.ts';
import type { DecisionInput } from '../../decide/input.ts';
import { byText } from '../../decide/order.ts';
import { questionOf } from '../../decide/spoken.ts';
import { ledgerFolder } from '../paths.ts';
import { concerns } from './lookup.ts';
import type { ApprovalRecord } from '../../../checks/contract/ledger.ts';
import type { RunSummary } from './records.ts';
import { surveyLedger } from './survey.ts';
import { keysNamedBy, trustOf } from './trust.ts';

/** What is kept of a decision that people have signed; nothing of any other. */
export function approvalRecordOf(input: DecisionInput, decision: Decision): ApprovalRecord | null {
  const { plan } = input;
  if (decision.decision !== 'GO' || !plan.items.some(({ signOff }) => signOff)) return null;
  const covers = coverageOf(input, lastPhaseOf(plan));
  const { counting } = signaturesOf(questionOf(input, covers), input.now);
  return {
    record: 'approval',
    approvedAt: decision.decidedAt,
    of: decision.runId,
    release: plan.release,
    environment: decision.environment,
    checklist: plan.checklist.name,
    covers: digestOf(covers),
    images: covers.images,
    signatures: counting.map(({ approval, principal, fingerprint }) => {
      return { role: approval.role, principal, fingerprint, signedAt: approval.signedAt };
    }),
  };
}

/** The approval that stands, and who vouches for its record; or why there is none. */
export type StandingApproval =
  { readonly approval: ApprovalRecord; readonly by: string; readonly none?: undefined } | { readonly none: string };

/** The latest approval of a release in an environment. Images that run now are the caller's to compare with its own. */
export function standingApproval(
  root: string,
  plan: Pick<Plan, 'release' | 'environment' | 'checklist'>,
  identity: EnvironmentIdentity,
): StandingApproval {
  const { runs, quarantined } = surveyLedger(ledgerFolder(root));
  const own = runs
    .filter((run) => run.closed && !quarantined.has(run.runId) && concerns(run, plan, identity))
    .sort((a, b) => byText(timeOf(b), timeOf(a)));
  const at = own.findIndex(({ approval }) => approval !== undefined);
  const run = own[at];
  if (!run?.approval) return { none: `no approval of ${plan.release.name} ${plan.release.version} is recorded` };
  const { approval } = run;
  const trust = trustOf(run, keysNamedBy(root, run));
  if ('refused' in trust) return { none: `the record of the approval ${trust.refused}` };
  const back = own.slice(0, at).find(({ decision }) => decision?.rolledBack === true);
  if (back) return { none: `run ${back.runId} took the release back after it was approved at ${approval.approvedAt}` };
  const { revoked, problem } = peopleKeys(root, plan);
  if (problem !== undefined) return { none: `who approved it cannot be told: ${problem}` };
  const lost = approval.signatures.find(({ fingerprint }) => revoked.has(fingerprint));
  return lost
    ? { none: `the key ${lost.fingerprint}, with which ${lost.principal} signed for ${lost.role}, was revoked` }
    : { approval, by: trust.by };
}

function timeOf({ decision, header }: RunSummary): string {
  return decision?.decidedAt ?? header.startedAt;
}

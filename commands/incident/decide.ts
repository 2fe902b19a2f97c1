/** What an emergency asks for, by the decision tree of the environment; and stopping a cutover where it is. */
import type { HttpClient } from '../../checks/contract/http.ts';
import { hideCredentials } from '../../checks/contract/credentials.ts';
import { errorText } from '../../checks/contract/text.ts';
import { decideByTree, readBranch, type TreeDecision } from '../../checks/people/tree.ts';
import { standingCutover } from '../../cutover/unfinished.ts';
import { askForStop, releaseStop } from '../../reports/record/run-folder/cutover-asked.ts';
import type { IncidentMeans } from './means.ts';
import type { Told } from './steps.ts';

/** An emergency does not wait longer for what a branch reads. */
const READ_LIMIT_MS = 2000;

/** `because` names the branch: somebody knows. */
export async function decideNow(
  { http, plan }: Pick<IncidentMeans, 'http' | 'plan'>,
  because: string | undefined,
): Promise<TreeDecision> {
  const { tree } = plan;
  const named = tree?.branches.find(({ name }) => name === because);
  if (named) return { action: named.action, branch: named.name, why: 'somebody says so' };
  if (!tree) return { action: 'rollback', branch: null, why: 'the environment declares no decision tree' };
  const bounded: HttpClient = { request: (request) => http.request({ ...request, timeoutMs: READ_LIMIT_MS }) };
  const readings = await Promise.all(
    tree.branches.map(async (branch) => {
      try {
        return await readBranch(bounded, tree, branch);
      } catch (error) {
        return { branch: branch.name, value: null, why: hideCredentials(errorText(error)) };
      }
    }),
  );
  return decideByTree(tree.branches, readings);
}

/** What people are told of the decision. */
export function decisionText({ action, branch, why }: TreeDecision, contact: string | undefined): string {
  const does = {
    rollback: 'Traffic goes back.',
    stop: 'No more traffic moves. Keep what is there, investigate.',
    escalate: `Nothing is taken back: ${contact ?? 'the contact'} decides.`,
  }[action];
  return `${does} ${branch === null ? `Why: ${why}.` : `${why}.`}`;
}

export function decided({ action, branch, why }: TreeDecision): Told {
  return { step: 'decide', on: branch ?? 'no branch', state: 'ready', detail: `${action}: ${why}` };
}

/** No step begins any more; the one under way ends its window. Null: it cannot be told to stop, as its process is gone. */
export function stopCutover(root: string): Told | null {
  const standing = standingCutover(root);
  const told = (detail: string): Told => ({ step: 'stop-cutover', on: 'the cutover', state: 'ready', detail });
  if (!standing || standing.is === 'over') return told('none is under way');
  if (standing.is === 'died') return null;
  askForStop(standing.runDir);
  return told(`run ${standing.run} begins no further step until the incident is resolved`);
}

/** A cutover that was stopped goes on. */
export function goOn(root: string): void {
  const standing = standingCutover(root);
  if (standing) releaseStop(standing.runDir);
}

/**
 * The newest verdicts this user's machine has seen, kept outside the project: whoever cuts the end off a ledger, or puts an older copy in its
 * place, leaves chains and signatures whole. A machine that has seen nothing, such as a fresh CI runner, can tell only what later runs name.
 */
import { readFileSync } from 'node:fs';
import { digestOf, sha256Hex } from '../../../checks/contract/canonical.ts';
import { isRecord } from '../../../checks/contract/json.ts';
import { writeJsonAtomic } from '../io.ts';
import { userState } from '../user-state.ts';

export interface Seen {
  readonly runId: string;
  readonly decidedAt: string;
}
/** What verdicts belong to: a plan names release and environment, the UID the cluster. */
export interface Scope {
  readonly planDigest: string;
  readonly uid: string;
}
type Phases = Readonly<Record<string, Seen>>;

/** Plans of a cluster that are remembered, the latest ones. */
const KEPT = 100;

/** By phase. Never throws: what cannot be read was not seen. */
export function readSeen(scope: Scope): Phases {
  return readAll(scope.uid)[keyOf(scope)] ?? {};
}

/** Remembers verdicts; an older one never takes the place of a newer. Never throws. */
export function remember(scope: Scope, verdicts: readonly (Seen & { readonly phase: string })[]): void {
  if (verdicts.length === 0) return;
  const { [keyOf(scope)]: before = {}, ...others } = readAll(scope.uid);
  const phases: Record<string, Seen> = { ...before };
  for (const { phase, runId, decidedAt } of verdicts)
    if ((phases[phase]?.decidedAt ?? '') < decidedAt) phases[phase] = { runId, decidedAt };
  const kept = Object.entries(others).slice(1 - KEPT);
  try {
    writeJsonAtomic(fileOf(scope.uid), Object.fromEntries([...kept, [keyOf(scope), phases]]), 0o600);
  } catch {
    // Then a ledger that is cut short on this machine is not noticed; the run itself is recorded.
  }
}

function keyOf({ planDigest, uid }: Scope): string {
  return digestOf([planDigest, uid]);
}

function fileOf(uid: string): string {
  return userState('seen', `${sha256Hex(uid)}.json`);
}

function readAll(uid: string): Readonly<Record<string, Phases>> {
  try {
    const value: unknown = JSON.parse(readFileSync(fileOf(uid), 'utf8'));
    return isRecord(value) ? (value as Readonly<Record<string, Phases>>) : {};
  } catch {
    return {};
  }
}

/** Is this parsed JSON what it should be? As far as the decision relies on it; the writers' types say the rest. */
import { isRecord } from '../../checks/contract/json.ts';
import type { Doubt, Finding, OutcomeRecord } from '../../checks/contract/outcome.ts';
import type { EnvironmentIdentity, RunEvent, RunHeader } from '../../checks/contract/run.ts';

function areStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((member) => typeof member === 'string');
}
function hasStrings(value: Readonly<Record<string, unknown>>, ...names: readonly string[]): boolean {
  return names.every((name) => typeof value[name] === 'string');
}
function hasNumbers(value: Readonly<Record<string, unknown>>, ...names: readonly string[]): boolean {
  return names.every((name) => Number.isFinite(value[name]));
}

/** What an outcome says, in a run or in the ledger. */
export function isOutcomeBody(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    isRecord(value) &&
    hasStrings(value, 'item', 'phase', 'kind', 'outcome', 'message', 'startedAt', 'planDigest') &&
    hasNumbers(value, 'subjects', 'durationMs', 'attempt') &&
    areStrings(value['subjectNames']) &&
    isListOf(value['findings'], isFinding) &&
    isListOf(value['doubts'], isDoubt) &&
    (value['images'] === undefined || areStrings(value['images']))
  );
}

export function isOutcomeRecord(value: unknown): value is OutcomeRecord {
  return isOutcomeBody(value) && value['schema'] === 'golive/outcome/v2' && Array.isArray(value['evidence']);
}

function isListOf(value: unknown, is: (member: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(is);
}
function isSubject(value: unknown): boolean {
  return isRecord(value) && hasStrings(value, 'name');
}
function isFinding(value: unknown): value is Finding {
  return (
    isRecord(value) && hasStrings(value, 'id', 'says', 'fix') && isSubject(value['subject']) && isRecord(value['data'])
  );
}
function isDoubt(value: unknown): value is Doubt {
  return (
    isRecord(value) &&
    hasStrings(value, 'reason', 'why') &&
    (value['subject'] === undefined || isSubject(value['subject']))
  );
}

/** The decision's schema of this version or of the first. */
export function isDecisionSchema(value: unknown): boolean {
  return value === 'golive/decision/v2' || value === 'golive/decision/v1';
}

export function isEvent(value: unknown): value is RunEvent {
  if (!isRecord(value) || !hasStrings(value, 'at', 'event')) return false;
  switch (value['event']) {
    case 'phase-opened':
    case 'phase-closed':
      return hasStrings(value, 'phase');
    case 'phase-now':
      return hasStrings(value, 'phase', 'now');
    case 'selected':
      return hasStrings(value, 'phase') && areStrings(value['items']);
    case 'precondition':
      return (
        hasStrings(value, 'phase', 'why') && typeof value['met'] === 'boolean' && typeof value['enforced'] === 'boolean'
      );
    case 'interrupted':
      return hasStrings(value, 'signal');
    case 'refused':
      return hasStrings(value, 'why');
    case 'cutover-ended':
      return hasStrings(value, 'why') && typeof value['complete'] === 'boolean';
    default:
      return value['event'] === 'finished';
  }
}

export function isIdentity(value: unknown): value is EnvironmentIdentity {
  return isRecord(value) && hasStrings(value, 'name', 'uid') && value['uid'] !== '';
}

export function isRunHeader(value: unknown): value is RunHeader {
  return (
    isRecord(value) &&
    value['schema'] === 'golive/run/v1' &&
    hasStrings(value, 'runId', 'startedAt', 'planDigest') &&
    (value['selectedPhases'] === null || areStrings(value['selectedPhases']))
  );
}

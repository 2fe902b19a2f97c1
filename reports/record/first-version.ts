/**
 * Reads what the first version wrote (`golive/outcome/v1`, `golive/decision/v1`). It kept no findings: the names of the subjects that failed
 * stand in for them, so that waivers by subject are judged as they were, and the message stays as it was written.
 */
import { isRecord } from '../../checks/contract/json.ts';
import type { Finding } from '../../checks/contract/outcome.ts';

/** Id of a finding of which only the subject was recorded. */
const UNRECORDED = 'not-recorded';

/** A v1 outcome (of a run or of the ledger) in the shape of v2; anything else as it is. */
export function upgradedOutcome(value: unknown): unknown {
  if (!isRecord(value) || 'findings' in value || (value['schema'] ?? 'golive/outcome/v1') !== 'golive/outcome/v1')
    return value;
  const { failedSubjects, ...rest } = value;
  const names: readonly unknown[] = Array.isArray(failedSubjects) ? (failedSubjects as unknown[]) : [];
  const findings = names.map((name): Finding => {
    const subject = { name: String(name) };
    return { id: UNRECORDED, subject, data: {}, says: '', fix: '' };
  });
  return { ...rest, ...('schema' in value ? { schema: 'golive/outcome/v2' } : {}), findings, doubts: [] };
}

/** A decision as the first version would have written it: what a v1 bundle is compared with when it is replayed. */
export function asFirstDecision(decision: object): object {
  const { items } = decision as { readonly items?: unknown };
  if (!Array.isArray(items)) return decision;
  return { ...decision, schema: 'golive/decision/v1', items: items.map(withoutFindings) };
}

function withoutFindings(item: unknown): unknown {
  if (!isRecord(item)) return item;
  return Object.fromEntries(Object.entries(item).filter(([name]) => !['findings', 'doubts', 'detail'].includes(name)));
}

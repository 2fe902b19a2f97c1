/** An item as the decision tells it: what was planned of it beside what was judged. */
import type { DecidedItem } from '../../checks/contract/decision.ts';
import type { WeighedItem } from './phase.ts';

/** Only what reports and programs read: the item itself stands in the plan. */
export function decidedItem(judged: WeighedItem): DecidedItem {
  const { item } = judged;
  return {
    id: item.id,
    phase: item.phase,
    title: item.title,
    kind: item.kind,
    outcome: judged.outcome,
    ...(judged.reason === undefined ? {} : { reason: judged.reason }),
    ...(judged.detail === undefined ? {} : { detail: judged.detail }),
    severity: item.severity,
    owner: item.owner,
    source: item.source,
    place: `${item.place.file}:${item.place.line}`,
    subjects: judged.subjects,
    message: judged.message,
    findings: judged.findings,
    doubts: judged.doubts,
    durationMs: judged.durationMs,
    waived: judged.waived,
    evidence: judged.evidence,
    from: judged.from,
    ...(judged.fromRun === undefined ? {} : { fromRun: judged.fromRun }),
  };
}

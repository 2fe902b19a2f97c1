/** Is this parsed line a ledger record? */
import { isRecord } from '../../../checks/contract/json.ts';
import { DECISIONS } from '../../../checks/contract/decision.ts';
import { isOutcomeBody } from '../shapes.ts';
import { LEDGER_SCHEMAS, type LedgerRecord } from '../../../checks/contract/ledger.ts';

type Fields = Readonly<Record<string, unknown>>;

const SHAPES: Readonly<Record<LedgerRecord['record'], (value: Fields) => boolean>> = {
  header: isHeader,
  environment: (value) => areTexts(value, 'name', 'uid'),
  outcome: (value) =>
    isOutcome(value['outcome']) && isListOf(value['files'], (file) => areTexts(file, 'path', 'sha256')),
  phase: (value) =>
    areTexts(value, 'phase', 'decidedAt') &&
    areDecisions(value, 'decision', 'decisionWithoutWaivers') &&
    (value['items'] === undefined || isListOf(value['items'], null)) &&
    (value['readiness'] === null || areDecisions(value, 'readiness')),
  decision: (value) =>
    areTexts(value, 'decidedAt', 'digest') &&
    areDecisions(value, 'decision', 'decisionWithoutWaivers', 'readiness', 'selected'),
  approval: (value) =>
    areTexts(value, 'approvedAt', 'of', 'checklist', 'covers') &&
    isRecord(value['release']) &&
    areTexts(value['release'], 'name', 'version', 'commit') &&
    isRecord(value['environment']) &&
    areTexts(value['environment'], 'name', 'uid') &&
    isListOf(value['images'], null) &&
    isListOf(value['signatures'], (one) => areTexts(one, 'role', 'principal', 'fingerprint', 'signedAt')),
  'first-day': (value) =>
    areTexts(value, 'of', 'approvedAt', 'until') &&
    isListOf(
      value['items'],
      (one) =>
        areTexts(one, 'item') &&
        isListOf(
          one['values'],
          (of) => areTexts(of, 'title', 'unit') && Array.isArray(of['points']) && of['points'].every(isPoint),
        ),
    ),
  closing: (value) => areTexts(value, 'endedBy') && Number.isInteger(value['lines']),
  signature: (value) => areTexts(value, 'signature'),
};

export function isLedgerRecord(value: unknown): value is LedgerRecord & { readonly prev: string | null } {
  if (!isRecord(value) || (value['prev'] !== null && typeof value['prev'] !== 'string')) return false;
  const { record } = value;
  return typeof record === 'string' && Object.hasOwn(SHAPES, record) && SHAPES[record as LedgerRecord['record']](value);
}

function isHeader(value: Fields): boolean {
  const release = value['release'];
  return (
    (LEDGER_SCHEMAS as readonly unknown[]).includes(value['schema']) &&
    areTexts(value, 'runId', 'startedAt', 'environment', 'planDigest', 'checklistDigest') &&
    (value['checklist'] === undefined || areTexts(value, 'checklist')) &&
    (value['rehearsal'] === undefined || value['rehearsal'] === true) &&
    isRecord(release) &&
    areTexts(release, 'name', 'version', 'commit') &&
    isListOf(value['phases'], null) &&
    isListOf(value['heads'], (head) => areTexts(head, 'runId', 'hash'))
  );
}

const isPoint = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && value.every((one) => typeof one === 'number' && Number.isFinite(one));

function isOutcome(value: unknown): boolean {
  return isOutcomeBody(value) && areTexts(value, 'evidenceDigest') && Number.isInteger(value['evidenceCount']);
}

/** A list whose members are objects that hold; with null, a list of texts. */
function isListOf(value: unknown, holds: ((member: Fields) => boolean) | null): boolean {
  if (!Array.isArray(value)) return false;
  return value.every((member) => (holds === null ? typeof member === 'string' : isRecord(member) && holds(member)));
}

function areTexts(value: Fields, ...names: readonly string[]): boolean {
  return names.every((name) => typeof value[name] === 'string');
}

function areDecisions(value: Fields, ...names: readonly string[]): boolean {
  return names.every((name) => (DECISIONS as readonly unknown[]).includes(value[name]));
}

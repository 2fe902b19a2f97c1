/** Reasons in words: grouped, most severe first, each naming its items and what they said. */
import type { DecisionReason } from '../../checks/contract/decision.ts';
import type { OutcomeName } from '../../checks/contract/outcome.ts';
import type { JudgedItem } from './item.ts';
import { byText } from './order.ts';

/** Every code a reason can have, most severe first. `fail`, `rejected` and `rolled-back` make a NO-GO, the others HOLD. */
const CODES = [
  'fail',
  'rejected',
  'rolled-back',
  'rollback-unfinished',
  'run-incomplete',
  'run-damaged',
  'refused',
  'environment-unknown',
  'override-ended',
  'too-many-waived',
  'phase-missing',
  'recorded',
  'nothing-judged',
  'precondition',
  'error',
  'inconclusive',
  'not-run',
  'pending',
  'unsigned',
  'planned',
] as const;
export type ReasonGroup = (typeof CODES)[number];

const SAYS: Readonly<Partial<Record<OutcomeName, readonly [one: string, many: string]>>> = {
  fail: ['does not conform', 'do not conform'],
  error: ['could not be observed', 'could not be observed'],
  inconclusive: ['is inconclusive', 'are inconclusive'],
  'not-run': ['was not run', 'were not run'],
  pending: ['waits for a person', 'wait for a person'],
  planned: ['is not built yet', 'are not built yet'],
};
/** Items a reason quotes in full; the rest is counted, and named in `items`. */
const QUOTED = 5;

export function reason(code: ReasonGroup, text: string, phase?: string, items?: readonly string[]): DecisionReason {
  return { code, text, ...(phase === undefined ? {} : { phase }), ...(items === undefined ? {} : { items }) };
}

/** One reason for all `items` of one outcome in one phase, or none when there are none. */
export function itemReason(
  code: OutcomeName & ReasonGroup,
  phase: string,
  items: readonly JudgedItem[],
): DecisionReason[] {
  if (items.length === 0) return [];
  const [one, many] = SAYS[code] ?? [code, code];
  const head = items.length === 1 ? `1 item of ${phase} ${one}` : `${items.length} items of ${phase} ${many}`;
  return [
    reason(
      code,
      code === 'planned' ? head : `${head}: ${quote(items)}`,
      phase,
      items.map(({ item }) => item.id),
    ),
  ];
}

const NUMBERS = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];

/** Signatures that a phase waits for, by role; an approval that waits for those is no signature more. */
export function unsignedReason(phase: string, items: readonly JudgedItem[]): DecisionReason[] {
  if (items.length === 0) return [];
  const roles = [
    ...new Set(items.flatMap(({ item }) => (item.kind === 'people/approval' ? [] : [item.role ?? item.owner]))),
  ];
  const count = NUMBERS[roles.length] ?? String(roles.length);
  const text =
    roles.length === 0
      ? `the approval of ${phase} is not complete: golive sign --status says who is missing`
      : `${count} ${roles.length === 1 ? 'signature is' : 'signatures are'} missing (${roles.join(', ')}): golive sign --role ROLE`;
  return [
    reason(
      'unsigned',
      text,
      phase,
      items.map(({ item }) => item.id),
    ),
  ];
}

function quote(items: readonly JudgedItem[]): string {
  const messages = new Set(items.map(({ message }) => message));
  const [only] = messages;
  if (messages.size === 1 && items.length > 1 && only !== undefined) return firstLine(only);
  const quoted = items.slice(0, QUOTED).map(({ item, message }) => `${item.id}: ${firstLine(message)}`);
  if (items.length > QUOTED) quoted.push(`and ${items.length - QUOTED} more`);
  return quoted.join('; ');
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

/** Most severe code first, then by phase in the plan's order (runs as a whole before any phase), then by text. */
export function sortReasons(reasons: readonly DecisionReason[], phases: readonly string[]): DecisionReason[] {
  const rank = (code: string): number => (CODES as readonly string[]).indexOf(code);
  const place = (phase: string | undefined): number => (phase === undefined ? -1 : phases.indexOf(phase));
  return [...reasons].sort(
    (a, b) => rank(a.code) - rank(b.code) || place(a.phase) - place(b.phase) || byText(a.text, b.text),
  );
}

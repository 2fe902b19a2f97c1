/** Words that the page and the terminal share, so that both say the same. */
import { EXIT, type Decision, type DecidedItem, type DecisionName } from '../../checks/contract/decision.ts';
import type { Override } from '../../checks/contract/environment.ts';
import { POST_DEPLOYMENT } from '../../checks/contract/plan.ts';
import type { Bound, ReasonCode, Unit } from '../../checks/contract/outcome.ts';

/** What a GO does not rest on, in the order it is told. */
const LEFT_OPEN: readonly (readonly [is: (item: DecidedItem) => boolean, text: string])[] = [
  [({ waived }) => waived !== null, 'waived'],
  [({ outcome }) => outcome === 'planned', 'planned and not looked at'],
  [({ outcome, waived }) => outcome === 'pending' && waived === null, 'waiting for a person until a later phase'],
];

/**
 * What a decision means, as one sentence that claims no more than was looked at: of `phases`, or of the whole (null). A GO
 * counts the blocking items that it does not rest on.
 */
export function meansOf(name: DecisionName, decision: Decision, phases: readonly string[] | null): string {
  if (name === 'HOLD') {
    return 'Do not go live yet: something that blocks was not looked at, could not be judged or waits for a person.';
  }
  if (name === 'NO-GO') {
    const failed = decision.reasons.some(({ code }) => code === 'fail');
    return failed || !decision.reasons.some(({ code }) => code === 'rolled-back')
      ? 'Do not go live: a blocking check failed.'
      : 'Do not go live: traffic was taken back.';
  }
  const asked = (phase: string): boolean => (phases ? phases.includes(phase) : phase !== POST_DEPLOYMENT);
  const blocking = decision.items.filter(({ phase, severity }) => severity !== 'minor' && asked(phase));
  const open = LEFT_OPEN.flatMap(([is, text]) => {
    const count = blocking.filter(is).length;
    return count === 0 ? [] : [`${plural(count, 'blocking item')} ${text}`];
  });
  if (open.length === 0) return 'Everything that blocks was looked at and conforms.';
  return `What was looked at conforms; left open: ${listOf(open)}.`;
}

/** The exit code that answers for the phases of the run, and a sentence that says so. */
export function exitAnswer(decision: Decision): { readonly code: number; readonly text: string } {
  const code = EXIT[decision.selected.decision];
  const what = decision.selected.phases === null ? 'the whole checklist' : listOf(decision.selected.phases);
  return { code, text: `Exit code ${code}: ${decision.selected.decision} for ${what}.` };
}

/** Who answers for an override until when; empty in the rehearsal, where nobody must. */
export function approvalOf({ approver, expires }: Override): string {
  return [approver, expires === undefined ? undefined : `until ${formatUtc(expires)}`].filter(Boolean).join(' ');
}

/** `a`, `a and b`, `a, b and c`. */
export function listOf(names: readonly string[]): string {
  if (names.length < 2) return names.join('');
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Does this item, as it stands, keep its phase from GO? Planned items are told apart: they hold the whole, and their phase where preconditions are enforced. */
export function blocks(item: DecidedItem): boolean {
  if (item.severity === 'minor' || item.waived) return false;
  // What comes after go-live is no part of the whole, and asks for nothing where nobody asked for it.
  if (item.phase === POST_DEPLOYMENT && ['not-selected', 'not-due'].includes(item.reason ?? '')) return false;
  return item.outcome !== 'pass' && item.outcome !== 'not-applicable' && item.outcome !== 'planned';
}

/** Does this planned item hold the whole? Minor ones do not, nor those of the scheduled verification after go-live. */
export function holdsWhole(item: DecidedItem): boolean {
  return item.outcome === 'planned' && item.severity !== 'minor' && item.phase !== POST_DEPLOYMENT;
}

/** What to do about a reason, where the message itself does not say. */
const ADVICE: Partial<Record<ReasonCode, string>> = {
  unreachable: 'Check the address and the network path from this machine, then run again.',
  unauthorized: 'Renew the credentials that the environment file names.',
  forbidden: 'Give the gate the right: `golive plan --rbac` prints the Role it needs.',
  timeout: 'Find out why the answer takes so long, or raise `timeout` of the item.',
  tls: 'Check the certificate and the CA that the environment file names.',
  misconfigured: 'Correct the parameters or the environment file.',
  'component-missing': '`npm run setup` fetches what is missing, or prints the command that does.',
  'rehearsal-failed': '`golive doctor` says what the rehearsal lacks.',
  crashed: 'Run the item again alone; if it crashes again, report it with the run folder.',
  'too-few-samples': 'Measure longer or with more traffic.',
  'generator-saturated': 'Run the load from a faster machine or at a lower rate.',
  'not-selected': 'Run its phase.',
  interrupted: 'Run again and let it finish.',
  precondition: 'Bring the earlier phase to GO first.',
  'source-missing': 'Run the item it judges in the same phase.',
  'skipped-by-code': 'Remove the skip from the spec.',
  stale: 'Run its phase again: the evidence is too old or belongs to another image.',
  unrecorded: 'Run its phase again and look at the terminal output of the run.',
  'needs-arming': 'Allow the change in the environment file and set GOLIVE_ARM to the release.',
  'needs-attestation': "Its owner attests it in a file of the checklist's attestations folder.",
  'needs-signature': 'The person with its role signs.',
  'not-due': 'Its time has not come: nothing to do.',
};

/** Advice for an item whose message is one line; longer messages say themselves what to do. */
export function adviceFor(item: DecidedItem): string | null {
  if (item.reason === undefined || item.message.trim().includes('\n')) return null;
  return ADVICE[item.reason] ?? null;
}

/** Thousands apart by thin spaces, at most `digits` decimals. */
export function formatNumber(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return String(value);
  const [whole = '0', decimals] = String(Number(value.toFixed(digits))).split('.');
  if (whole.includes('e')) return String(value);
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, '\u202f');
  return decimals === undefined ? grouped : `${grouped}.${decimals}`;
}

/** A value with its unit as people read it: `2 412.5 ms`, `31.2 s`, `3.5 MiB`, `99.9 %`, `1 200 requests/s`. */
export function formatValue(value: number, unit: Unit): string {
  switch (unit) {
    case 'ms':
      // Never rounded across a bound: 1 999.9 ms must not read as 2.0 s.
      return Math.abs(value) < 10_000 ? `${formatNumber(value)} ms` : `${formatNumber(value / 1000)} s`;
    case 'bytes':
      return formatBytes(value);
    case 'percent':
      return `${formatNumber(value)} %`;
    case 'count':
    case 'ratio':
      return formatNumber(value);
    default:
      return `${formatNumber(value)} ${unit}`;
  }
}

export function formatBytes(bytes: number): string {
  if (Math.abs(bytes) < 1024) return `${formatNumber(bytes)} B`;
  let value = bytes / 1024;
  for (const unit of ['KiB', 'MiB', 'GiB']) {
    if (Math.abs(value) < 1024) return `${formatNumber(value, 1)} ${unit}`;
    value /= 1024;
  }
  return `${formatNumber(value, 1)} TiB`;
}

export function meets(value: number, bound: Bound): boolean {
  switch (bound.comparison) {
    case '<':
      return value < bound.value;
    case '<=':
      return value <= bound.value;
    case '>':
      return value > bound.value;
    case '>=':
      return value >= bound.value;
    case '==':
      return value === bound.value;
  }
}

const SIGNS = { '<': '<', '<=': '≤', '>': '>', '>=': '≥', '==': '=' } as const;
export function formatBound(bound: Bound, unit: Unit): string {
  return `${SIGNS[bound.comparison]} ${formatValue(bound.value, unit)}`;
}

/** `2026-11-23 10:43:37 UTC`; a text that is no time comes back as it is. */
export function formatUtc(time: string): string {
  const parsed = new Date(time);
  if (Number.isNaN(parsed.getTime())) return time;
  return `${parsed.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

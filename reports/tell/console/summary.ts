/** The closing summary on the terminal: the decision first, then what a person has to do about it. */
import {
  EXIT,
  type DecidedItem,
  type DecidedPhase,
  type Decision,
  type DecisionName,
} from '../../../checks/contract/decision.ts';
import { OUTCOMES, type OutcomeName } from '../../../checks/contract/outcome.ts';
import { POST_DEPLOYMENT, type Plan } from '../../../checks/contract/plan.ts';
import { cutoverNotice } from '../cutover/notice.ts';
import { cutText, visibleLine } from '../../../checks/contract/visible-text.ts';
import {
  adviceFor,
  approvalOf,
  blocks,
  exitAnswer,
  formatUtc,
  holdsWhole,
  listOf,
  meansOf,
  plural,
} from '../wording.ts';
import { colours, columnsOf, fit, pad, wrap, type Colours, type Paint } from './text.ts';

export interface SummaryOptions {
  /** Columns of the terminal; written for 80, never narrower than 60. */
  readonly width: number;
  readonly colour: boolean;
  /** Where the page is; `reports/out/index.html` unless told. `null`: it could not be written. */
  readonly report?: string | null;
  /** The exit code where it is not the decision's own: 130 after an interrupt. */
  readonly exitCode?: number;
}

/** Blocking items shown one by one; the page lists all. */
const SHOWN_ITEMS = 12;
const MESSAGE_LINES = 6;
const SHOWN_OVERRIDES = 10;
/** Characters of a message that are worth wrapping. */
const MESSAGE_LIMIT = 4_000;

/** The summary, ending with a line feed. Pure. */
export function renderSummary(decision: Decision, plan: Plan | null, options: SummaryOptions): string {
  const width = Math.max(60, options.width);
  const paint = colours(options.colour);
  const blocking = decision.items.filter(blocks);
  const parts = [
    headline(decision, plan, width, paint),
    cutoverLines(decision, width, paint),
    phaseLines(decision, width, paint),
    blockingLines(blocking, width, paint),
    waivedLines(decision, width, paint),
    plannedLines(decision, width, paint),
    overrideLines(decision, width, paint),
    warningLines(decision, width, paint),
    closing(decision, width, options),
  ];
  return `\n${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function headline(decision: Decision, plan: Plan | null, width: number, paint: Colours): readonly string[] {
  const { release, environment, selected } = decision;
  const subset = selected.phases !== null;
  const name = selected.decision;
  const bar = '─'.repeat(columnsOf(name) + 4);
  const on = { GO: paint.onGreen, 'NO-GO': paint.onRed, HOLD: paint.onYellow }[name];
  const what = visibleLine(`${release.name} ${release.version} on ${environment.name}`);
  const lines = [
    `  ┌${bar}┐`,
    `  │${on(`  ${name}  `)}│  ${paint.bold(fit(what, width - columnsOf(name) - 11))}`,
    `  └${bar}┘`,
    ...wrap(
      `${subset ? `${name} for ${listOf(selected.phases)}. ` : ''}${meansOf(name, decision, selected.phases)}`,
      width,
      2,
    ),
  ];
  if (subset && decision.decision !== name) {
    lines.push(
      ...wrap(`The whole release: ${decision.decision}. ${meansOf(decision.decision, decision, null)}`, width, 2),
    );
  } else if (subset) {
    lines.push(`  The whole release: ${decision.decision}.`);
  }
  // What the notice of the cutover says stands there once.
  const told = decision.cutover && cutoverNotice(decision.cutover) ? CUTOVER_REASONS : [];
  const general = decision.reasons
    .filter(({ phase, code }) => (phase === undefined || code === UNSIGNED) && !told.includes(code))
    .slice(0, 4);
  for (const reason of general) lines.push(...wrap(`- ${reason.text}`, width, 2, 3));
  if (plan?.environment.rehearsal === true) {
    lines.push(...wrap('This was a rehearsal on this machine: it says nothing about production.', width, 2));
  }
  lines.push(
    ...wrap(
      `Whole release without waivers: ${decision.decisionWithoutWaivers}. Readiness: ${decision.readiness}.`,
      width,
      2,
    ),
  );
  return lines;
}

/** Nothing but signatures is missing: what most people wait for, so it stands first. */
const UNSIGNED = 'unsigned';
const CUTOVER_REASONS: readonly string[] = ['rolled-back', 'rollback-unfinished'];
const NOTICE_LINES = 5;

/** Where traffic was taken back, or may not be where it shall stay. */
function cutoverLines({ cutover }: Decision, width: number, paint: Colours): readonly string[] {
  const notice = cutover && cutoverNotice(cutover);
  if (!notice) return [];
  return [
    ...wrap(notice.heading, width, 2).map(paint.bold).map(paint.red),
    ...notice.lines.flatMap((line) => wrap(cutText(line, MESSAGE_LIMIT).text, width, 4, NOTICE_LINES)),
    ...(notice.fix === null ? [] : wrap(`→ ${notice.fix}`, width, 4)),
  ];
}

function phaseLines(decision: Decision, width: number, paint: Colours): readonly string[] {
  const widest = (texts: readonly string[]): number => Math.max(0, ...texts.map(columnsOf));
  const counts = widest(decision.phases.map(phaseText));
  const titles = widest(decision.phases.map(({ title }) => visibleLine(title)));
  // Counts are whole before titles are.
  const named = Math.max(12, Math.min(titles, width - 11 - counts));
  return [
    paint.bold('  Phases'),
    ...decision.phases.map((phase) => {
      const mark = markOf(phase.decision, paint)(pad(phase.decision ?? '–', 6));
      const left = `  ${mark} ${pad(fit(visibleLine(phase.title), named), named)}  `;
      return `${left}${fit(phaseText(phase), width - 11 - named)}`;
    }),
  ];
}

function markOf(decision: DecisionName | null, paint: Colours): Paint {
  if (decision === null) return paint.dim;
  return { GO: paint.green, 'NO-GO': paint.red, HOLD: paint.yellow }[decision];
}

function phaseText(phase: DecidedPhase): string {
  if (phase.from === 'none') return 'not asked for, never decided';
  const counts = countsText(phase.counts);
  return phase.from === 'ledger' ? `earlier run: ${counts}` : counts;
}

/** `3 pass, 1 fail, 2 planned`. */
function countsText(counts: DecidedPhase['counts']): string {
  const parts = OUTCOMES.filter((name) => counts[name] > 0).map((name) => `${counts[name]} ${name}`);
  return parts.length > 0 ? parts.join(', ') : 'no items';
}

/** What is judged by looking comes one by one, worst first; what never ran is summed up. */
const ONE_BY_ONE: readonly OutcomeName[] = ['fail', 'error', 'inconclusive', 'pending'];

function blockingLines(blocking: readonly DecidedItem[], width: number, paint: Colours): readonly string[] {
  if (blocking.length === 0) return [];
  const single = ONE_BY_ONE.flatMap((name) => blocking.filter((item) => item.outcome === name));
  const shown = single.slice(0, SHOWN_ITEMS);
  const lines = [paint.bold(`  What blocks (${plural(blocking.length, 'item')})`)];
  for (const item of shown) lines.push(...itemLines(item, width, paint));
  if (single.length > shown.length) lines.push(`  … and ${single.length - shown.length} more: see the report`);
  lines.push(...notRunLines(blocking, width));
  return lines;
}

const SIGNS: Partial<Record<OutcomeName, string>> = { fail: '✗', error: '!', inconclusive: '?', pending: '…' };

function itemLines(item: DecidedItem, width: number, paint: Colours): readonly string[] {
  const mark = item.outcome === 'fail' ? paint.red : paint.yellow;
  const id = visibleLine(item.id);
  const tail = `${item.outcome}, ${item.severity}`;
  const room = Math.max(10, width - 8 - columnsOf(id) - columnsOf(tail));
  const advice = adviceFor(item);
  return [
    `  ${mark(SIGNS[item.outcome] ?? '✗')} ${paint.bold(id)}  ${fit(visibleLine(item.title), room)}  ${mark(tail)}`,
    ...wrap(cutText(item.message, MESSAGE_LIMIT).text.trim(), width, 4, MESSAGE_LINES),
    ...(advice === null ? [] : wrap(`→ ${advice}`, width, 4)),
    ...wrap(`${item.owner} · ${item.place}`, width, 4).map(paint.dim),
  ];
}

/** One line for each phase and reason. */
function notRunLines(blocking: readonly DecidedItem[], width: number): readonly string[] {
  const groups = new Map<string, DecidedItem[]>();
  for (const item of blocking) {
    if (item.outcome !== 'not-run') continue;
    const key = `${item.phase}: ${item.reason ?? 'no reason recorded'}`;
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return [...groups].flatMap(([key, items]) => {
    const first = items[0];
    const advice = first ? adviceFor({ ...first, message: '' }) : null;
    return wrap(
      `○ ${plural(items.length, 'item')} not run in ${key}${advice === null ? '' : ` – ${advice}`}`,
      width,
      2,
    );
  });
}

function plannedLines(decision: Decision, width: number, paint: Colours): readonly string[] {
  const planned = decision.items.filter((item) => item.outcome === 'planned');
  if (planned.length === 0) return [];
  const phases = [...new Set(planned.map((item) => item.phase))];
  return [
    paint.bold(`  Planned, not built yet (${plural(planned.length, 'item')}; ${holdingText(planned)})`),
    ...phases.map((phase) => {
      const count = planned.filter((item) => item.phase === phase).length;
      const of = decision.items.filter((item) => item.phase === phase).length;
      const apart = phase === POST_DEPLOYMENT ? ', no part of the whole' : '';
      return fit(`    ${pad(phase, 16)} ${count} of ${of}${apart}`, width);
    }),
  ];
}

/** How many planned items hold the whole: minor ones and those of the scheduled verification do not. */
function holdingText(planned: readonly DecidedItem[]): string {
  const holding = planned.filter(holdsWhole).length;
  if (holding === 0) return 'none holds the whole';
  if (holding < planned.length) return `${holding} ${holding === 1 ? 'holds' : 'hold'} the whole`;
  return holding === 1 ? 'it holds the whole' : 'they hold the whole';
}

/** Who lets the release go on without what, and until when. */
function waivedLines(decision: Decision, width: number, paint: Colours): readonly string[] {
  const waived = decision.items.flatMap((item) => (item.waived ? [{ item, waiver: item.waived }] : []));
  if (waived.length === 0) return [];
  return [
    paint.bold(`  Waived (${plural(waived.length, 'item')})`),
    ...waived.slice(0, SHOWN_ITEMS).flatMap(({ item, waiver }) => {
      const id = visibleLine(item.id);
      const tail = `${item.outcome}, ${item.severity}`;
      const room = Math.max(10, width - 8 - columnsOf(id) - columnsOf(tail));
      return [
        `  ~ ${paint.bold(id)}  ${fit(visibleLine(item.title), room)}  ${paint.yellow(tail)}`,
        ...wrap(cutText(item.message, MESSAGE_LIMIT).text.trim(), width, 4, MESSAGE_LINES),
        ...wrap(
          `Waived by ${waiver.approver} (${waiver.ticket}) until ${formatUtc(waiver.expires)}: ${waiver.reason}`,
          width,
          4,
          MESSAGE_LINES,
        ),
      ];
    }),
    ...(waived.length > SHOWN_ITEMS ? [`  … and ${waived.length - SHOWN_ITEMS} more: see the report`] : []),
  ];
}

function overrideLines(decision: Decision, width: number, paint: Colours): readonly string[] {
  if (decision.overrides.length === 0) return [];
  const shown = decision.overrides.slice(0, SHOWN_OVERRIDES);
  const more = decision.overrides.length - shown.length;
  return [
    paint.bold(`  Overrides in force (${decision.overrides.length})`),
    ...shown.flatMap((override) => {
      const { item, param, value, why } = override;
      const text = cutText(typeof value === 'string' ? value : JSON.stringify(value), 200).text;
      const by = approvalOf(override);
      return wrap(`${item} ${param} = ${text}: ${why}${by === '' ? '' : ` (${by})`}`, width, 4, 3);
    }),
    ...(more > 0 ? [`    … and ${more} more: see the report`] : []),
  ];
}

function warningLines(decision: Decision, width: number, paint: Colours): readonly string[] {
  if (decision.warnings.length === 0) return [];
  const shown = decision.warnings.slice(0, SHOWN_OVERRIDES);
  const more = decision.warnings.length - shown.length;
  return [
    paint.bold(`  Warnings (${decision.warnings.length})`),
    ...shown.flatMap((warning) => wrap(cutText(warning, MESSAGE_LIMIT).text, width, 4, 3)),
    ...(more > 0 ? [`    … and ${more} more: see the report`] : []),
  ];
}

function closing(
  decision: Decision,
  width: number,
  { report = 'reports/out/index.html', exitCode }: SummaryOptions,
): readonly string[] {
  const answer = exitAnswer(decision);
  const place =
    report === null
      ? 'The report could not be written; the decision is in decision.json.'
      : `Report: ${visibleLine(report)}`;
  const text =
    exitCode === EXIT.interrupted
      ? `Exit code ${exitCode}: the run was interrupted; the decision stands at ${decision.selected.decision}.`
      : `${answer.text} (0 GO, 1 NO-GO, 2 HOLD)`;
  return [`  ${place}`, ...wrap(text, width, 2)];
}

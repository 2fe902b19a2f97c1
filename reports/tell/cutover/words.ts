/** The events of a cutover in words, each one sentence or less. Texts from the log are cut to one line; whoever shows them escapes. */
import type { CutoverEvent, CutoverEventOf, TriggerMetric, TriggerRule } from '../../../checks/contract/cutover.ts';
import { formatMs } from '../../../checks/contract/units.ts';
import { isCountOfWrongs } from '../../../checks/cutover/triggers.ts';
import { cutText, visibleLine } from '../../../checks/contract/visible-text.ts';
import { formatNumber, formatValue, plural } from '../wording.ts';

export const METRIC_WORDS: Readonly<Record<TriggerMetric, string>> = {
  'error-rate': 'error rate',
  p95: 'P95',
  'critical-service': 'critical services that do not answer',
  business: 'business metrics that do worse',
};

/** Characters of a message that one row shows. */
const MESSAGE_LIMIT = 1_000;
const line = (text: string): string => cutText(visibleLine(text), MESSAGE_LIMIT).text;

/** A share as percent: `5.04 %`. Three decimals, so that a value close to its threshold does not read as the threshold. */
export function percentOf(share: number, digits = 3): string {
  return `${formatNumber(share * 100, digits)}\u00a0%`;
}

export function metricValue(metric: TriggerMetric, value: number): string {
  if (metric === 'error-rate') return percentOf(value);
  if (metric === 'p95') return formatValue(value, 'ms');
  return plural(value, metric === 'business' ? 'metric' : 'service');
}

/** `error rate above 5 % for 1.0 s, from windows of 500 ms with at least 50 samples`. */
export function ruleText(rule: TriggerRule): string {
  const { metric, threshold, forMs, windowMs, minSamples } = rule;
  const lasting = forMs === 0 ? 'at once' : `for ${formatMs(forMs)}`;
  if (isCountOfWrongs(metric)) return `more than ${formatNumber(threshold)} ${METRIC_WORDS[metric]}, ${lasting}`;
  const values = `windows of ${formatMs(windowMs)} with at least ${plural(minSamples, 'sample')}`;
  return `${METRIC_WORDS[metric]} above ${metricValue(metric, threshold)} ${lasting}, from ${values}`;
}

/** `67 of 1 341 answers, 5 % (3.4 % to 7.3 %)`. */
export function splitWords({ canary, total, low, high }: CutoverEventOf<'split'>): string {
  const share = total > 0 ? `, ${percentOf(canary / total, 1)}` : '';
  return `${formatNumber(canary)} of ${formatNumber(total)} answers${share} (${percentOf(low, 1)} to ${percentOf(high, 1)})`;
}

const SPLIT_VERDICTS = {
  proven: 'Split proven',
  refuted: 'Split REFUTED',
  'too-few': 'Split not proven, too few answers',
} as const;

type Told = Exclude<CutoverEvent, { event: 'sample' }>;

/** What an event tells. `triggers` say what a trigger watches; `canary` is the Service that goes live. */
export function eventWords(event: Told, triggers: readonly TriggerRule[], canary: string): string {
  switch (event.event) {
    case 'begun':
      return `Began: ${line(event.release)} on ${line(event.environment)}, weights ${event.weights.stable} to ${event.weights.canary}`;
    case 'step-begun':
      return `${line(event.item)} began: ${event.weight} %`;
    case 'step-done':
      return `${line(event.item)} done: ${event.weight} %`;
    case 'shifting':
      return `About to shift from ${event.from} % to ${event.to} %`;
    case 'shifted':
      return `Shifted: ${event.weight} % of the traffic goes to ${line(canary)}`;
    case 'split':
      return `${SPLIT_VERDICTS[event.verdict]} for ${line(event.item)}: ${splitWords(event)}`;
    case 'trigger':
      return triggerWords(event, triggers.find(({ item }) => item === event.item)?.metric);
    default:
      return betweenWords(event, canary);
  }
}

type BetweenName = 'held' | 'resumed' | 'emergency' | 'tried';

/** What happens between steps; else how it ended. */
function betweenWords(event: Extract<Told, { event: BetweenName | EndName }>, canary: string): string {
  switch (event.event) {
    case 'held':
      return `Held at ${event.weight} % by ${line(event.by)}: ${line(event.reason)}`;
    case 'resumed':
      return `Resumed from ${event.weight} % by ${line(event.by)}: ${line(event.reason)}`;
    case 'tried':
      return `The way back was tried: ${event.weight} % to ${line(canary)}, which gave ${formatNumber(event.answers)} answers, and none ${formatMs(event.backMs)} after it was taken back`;
    case 'emergency':
      return `Emergency at ${event.weight} %: ${line(event.branch)} is ${formatNumber(event.value)}, above ${formatNumber(event.above)}; ${event.action === 'stop' ? 'traffic stays where it is' : `${line(event.contact ?? 'the contact')} decides`}`;
    default:
      return endWords(event, canary);
  }
}

type EndName =
  'refused' | 'rollback-begun' | 'rollback-act' | 'zero' | 'verified' | 'rolled-back' | 'unfinished' | 'finished';

/** How it ended, or was taken back. */
function endWords(event: Extract<Told, { event: EndName }>, canary: string): string {
  switch (event.event) {
    case 'refused':
      return `Did not begin: ${line(event.why)}`;
    case 'rollback-begun':
      return `Rollback began: ${line(event.reason.text)}`;
    case 'rollback-act':
      return `Rollback: ${line(event.act)}`;
    case 'zero':
      return `0 %: no traffic goes to ${line(canary)}, ${formatMs(event.msSinceBegun)} after the rollback began${event.msSinceBreach === null ? '' : ` and ${formatMs(event.msSinceBreach)} after the breach`}`;
    case 'verified':
      return `Looked again at ${line(event.item)}: ${line(event.outcome)}${event.message === null ? '' : `. ${line(event.message)}`}`;
    case 'rolled-back':
      return `Rolled back, ${event.verified ? 'verified' : 'NOT verified'}, ${formatMs(event.msToRecovery)} after the rollback began`;
    case 'unfinished':
      return `The rollback could not be finished: ${line(event.why)}`;
    case 'finished':
      return `Finished: ${event.weight} % stays on ${line(canary)}`;
  }
}

const STATES = {
  inactive: 'is at rest',
  pending: 'is pending',
  firing: 'FIRED',
  'no-data': 'has no data',
} as const;

function triggerWords(event: CutoverEventOf<'trigger'>, metric: TriggerMetric | undefined): string {
  const { item, state, value, threshold, prometheus } = event;
  const show = (one: number | null): string =>
    one === null ? 'no value' : metric ? metricValue(metric, one) : formatNumber(one);
  const what = metric ? `${METRIC_WORDS[metric]} ` : '';
  const second = prometheus
    ? `; Prometheus ${prometheus.value === null ? `gave none (${line(prometheus.why ?? 'no reason is given')})` : `${show(prometheus.value)}, ${line(prometheus.verdict)}`}`
    : '';
  return `${line(item)} ${STATES[state]}: ${what}${show(value)}, threshold ${show(threshold)}${second}`;
}

/** Alertmanager: its API (v2), its matchers, and which receivers its route tree sends an alert to. */
import type { HttpClient } from '../contract/http.ts';
import { ObservationError } from '../kit/kind.ts';
import { at, isRecord, listAt, plainText, textAt } from '../contract/json.ts';
import type { LabelSet } from './prometheus.ts';
import { promSeconds } from './promql-syntax.ts';
import { anchored } from './promql.ts';
import { askJson, type TelemetrySource } from './telemetry.ts';

export interface AlertMatcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  readonly isEqual: boolean;
}
export interface Silence {
  readonly id: string;
  readonly matchers: readonly AlertMatcher[];
  readonly createdBy: string;
  readonly comment: string;
  readonly endsAt: string;
  readonly state: string;
}

/** What else is answered than a list is no empty one. */
async function askList(http: HttpClient, source: TelemetrySource, path: string): Promise<readonly unknown[]> {
  const { json } = await askJson(http, source, path);
  if (Array.isArray(json)) return json as unknown[];
  throw new ObservationError('protocol', `${source.name}: ${path} answered no list: is it ${source.name}?`, {
    fix: `Correct the address of ${source.name} in the environment file.`,
  });
}

export async function silences(http: HttpClient, source: TelemetrySource): Promise<readonly Silence[]> {
  return (await askList(http, source, '/api/v2/silences')).map((one) => ({
    id: textAt(one, '', 'id'),
    matchers: listAt(one, 'matchers').map((matcher) => ({
      name: textAt(matcher, '', 'name'),
      value: textAt(matcher, '', 'value'),
      isRegex: at(matcher, 'isRegex') === true,
      isEqual: at(matcher, 'isEqual') !== false,
    })),
    createdBy: textAt(one, '', 'createdBy'),
    comment: textAt(one, '', 'comment'),
    endsAt: textAt(one, '', 'endsAt'),
    state: textAt(one, '', 'status', 'state'),
  }));
}

/** Label of the alert that a drill of golive makes fire: it is no incident of the platform. */
export const DRILL_LABEL = 'golive_drill';
export const isDrill = (labels: LabelSet): boolean => labels[DRILL_LABEL] === 'true';

/** Label sets of the alerts that Alertmanager holds now, silenced and inhibited ones too. */
export async function heldAlerts(http: HttpClient, source: TelemetrySource): Promise<readonly LabelSet[]> {
  return (await askList(http, source, '/api/v2/alerts')).map((one) => {
    const labels = at(one, 'labels');
    if (!isRecord(labels)) return {};
    return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, plainText(value)]));
  });
}

/**
 * Whether labels meet every matcher. A label that is not there has the empty value; regular expressions match whole values. What cannot
 * be read is not claimed to match, a negation neither.
 */
export function matches(matchers: readonly AlertMatcher[], labels: LabelSet): boolean {
  return matchers.every((matcher) => {
    const own = labels[matcher.name] ?? '';
    if (!matcher.isRegex) return (own === matcher.value) === matcher.isEqual;
    return anchored(matcher.value)?.test(own) === matcher.isEqual;
  });
}

/** Values that nobody names: a matcher that accepts them accepts whatever there may be. */
const madeUp = (label: string): readonly string[] =>
  label === 'alertname' ? ['GoliveMadeUp', 'AnyOther'] : ['golive-made-up', 'any-other'];

/** Every real alert has a name; one that is declared without it stands for any. */
export const named = (labels: LabelSet): LabelSet => ({ alertname: madeUp('alertname')[0] ?? '', ...labels });

/**
 * Whether matchers take every alert of these labels, whatever its others are: `{alertname=~".+"}` is how Alertmanager is told to
 * silence everything.
 */
export function takesAll(matchers: readonly AlertMatcher[], labels: LabelSet): boolean {
  return matchers.every((matcher) => {
    const own = labels[matcher.name];
    return (own === undefined ? madeUp(matcher.name) : [own]).every((value) =>
      matches([matcher], { [matcher.name]: value }),
    );
  });
}

const isReadable = ({ isRegex, value }: AlertMatcher): boolean => !isRegex || anchored(value) !== null;

/** Since 0.27 a name may be any text in quotes. */
const MATCHER = /^\s*(?:"((?:\\.|[^"\\])+)"|([^\s"'`{}!=~,\\]+))\s*(=~|!~|!=|=)\s*(.*?)\s*$/su;

const unescaped = (text: string): string => text.replace(/\\(.)/g, (_, one: string) => (one === 'n' ? '\n' : one));

/** `severity="critical"`, `{a=~"b|c", d!=e}`: the forms of the configuration file. Null where it is none of them. */
export function parseMatchers(text: string): readonly AlertMatcher[] | null {
  const inner = /^\s*\{(.*)\}\s*$/s.exec(text)?.[1] ?? text;
  const parts = inner.match(/(?:"(?:\\.|[^"\\])*"|[^,"])+/g) ?? [];
  const matchers = parts.map((part): AlertMatcher | null => {
    const [, quoted, plain = '', operator = '', raw = ''] = MATCHER.exec(part) ?? [];
    const name = quoted === undefined ? plain : unescaped(quoted);
    if (name === '') return null;
    const value = /^".*"$/s.test(raw) ? unescaped(raw.slice(1, -1)) : raw;
    return { name, value, isRegex: operator.endsWith('~'), isEqual: operator.startsWith('=') };
  });
  return matchers.includes(null) ? null : matchers.filter((matcher) => matcher !== null);
}

/** The matchers of a route or of one side of an inhibition: the current form and the two older ones. Null where one is unreadable. */
export function matchersOf(
  value: unknown,
  keys: { current: string; equal: string; regex: string },
): readonly AlertMatcher[] | null {
  const current = at(value, keys.current);
  const texts = typeof current === 'string' ? [current] : listAt(value, keys.current).map(String);
  const parsed = texts.map(parseMatchers);
  if (parsed.includes(null)) return null;
  const older = (key: string, isRegex: boolean): AlertMatcher[] => {
    const found = at(value, key);
    if (!isRecord(found)) return [];
    return Object.entries(found).map(([name, text]) => ({ name, value: plainText(text), isRegex, isEqual: true }));
  };
  return [...parsed.flatMap((one) => one ?? []), ...older(keys.equal, false), ...older(keys.regex, true)];
}
const ROUTE_KEYS = { current: 'matchers', equal: 'match', regex: 'match_re' } as const;

/** A route that an alert ends at. */
export interface Reached {
  readonly receiver: string;
  /** `root › matchers`, for people. */
  readonly path: string;
  /** Names of intervals in which it tells nobody, or outside of which it does not. */
  readonly mutedBy: readonly string[];
  /** Longest that it waits with a new alert of a group (group_wait, group_interval), in seconds. */
  readonly waits: number;
}
export type RouteAnswer = { readonly reached: readonly Reached[] } | { readonly unreadable: string };

/**
 * Where an alert goes, as Alertmanager's documentation has it: it enters at the top, which matches everything; each child is asked in
 * turn and the first that matches takes it, and the next ones too where that one says `continue`; where no child matches, the
 * route itself is the end. Children inherit the receiver and the waits; the intervals of a route are its own.
 */
export function routesOf(config: unknown, labels: LabelSet): RouteAnswer {
  const root = at(config, 'route');
  if (!isRecord(root)) return { unreadable: 'it has no route' };
  return walk(root, labels, { receiver: '', path: 'root', wait: '30s', interval: '5m' });
}

interface Inherited {
  readonly receiver: string;
  readonly path: string;
  readonly wait: string;
  readonly interval: string;
}
function walk(route: unknown, labels: LabelSet, inherited: Inherited): RouteAnswer {
  const { path } = inherited;
  const receiver = textAt(route, inherited.receiver, 'receiver');
  const wait = textAt(route, inherited.wait, 'group_wait');
  const interval = textAt(route, inherited.interval, 'group_interval');
  const reached: Reached[] = [];
  for (const child of listAt(route, 'routes')) {
    const matchers = matchersOf(child, ROUTE_KEYS);
    if (!matchers?.every(isReadable)) return { unreadable: `a matcher below ${path} cannot be read` };
    if (!matches(matchers, labels)) continue;
    const below = walk(child, labels, { receiver, wait, interval, path: `${path} › ${matcherText(matchers)}` });
    if ('unreadable' in below) return below;
    reached.push(...below.reached);
    if (at(child, 'continue') !== true) break;
  }
  if (reached.length > 0) return { reached };
  const muted = [...listAt(route, 'mute_time_intervals'), ...listAt(route, 'active_time_intervals')].map(String);
  const waits = Math.max(promSeconds(wait) ?? 0, promSeconds(interval) ?? 0);
  return { reached: [{ receiver, path, mutedBy: muted, waits }] };
}

export function matcherText(matchers: readonly AlertMatcher[]): string {
  const operator = (one: AlertMatcher): string =>
    one.isEqual ? (one.isRegex ? '=~' : '=') : one.isRegex ? '!~' : '!=';
  return `{${matchers.map((one) => `${one.name}${operator(one)}${JSON.stringify(one.value)}`).join(', ')}}`;
}

/** Kinds of integration that a receiver has: `webhook`, `pagerduty`; null where there is no such receiver. */
export function integrationsOf(config: unknown, receiver: string): readonly string[] | null {
  const found = listAt(config, 'receivers').find((one) => textAt(one, '', 'name') === receiver);
  if (!isRecord(found)) return null;
  return Object.entries(found)
    .filter(([key, value]) => key.endsWith('_configs') && Array.isArray(value) && value.length > 0)
    .map(([key]) => key.replace(/_configs$/, ''));
}

interface Inhibition {
  readonly source: readonly AlertMatcher[];
  readonly target: readonly AlertMatcher[];
  readonly equal: readonly string[];
}

/** The inhibitions whose target an alert is; null where a matcher of one cannot be read. */
function inhibitionsOf(config: unknown, labels: LabelSet): readonly Inhibition[] | null {
  const side = (rule: unknown, name: string) =>
    matchersOf(rule, { current: `${name}_matchers`, equal: `${name}_match`, regex: `${name}_match_re` });
  const found: Inhibition[] = [];
  for (const rule of listAt(config, 'inhibit_rules')) {
    const [source, target] = [side(rule, 'source'), side(rule, 'target')];
    if (!source || !target || ![...source, ...target].every(isReadable)) return null;
    if (matches(target, labels)) found.push({ source, target, equal: listAt(rule, 'equal').map(String) });
  }
  return found;
}

/** Does this alert, were it active, inhibit that one? One that matches both sides is not inhibited by another that does so as well. */
function inhibits({ source, target, equal }: Inhibition, active: LabelSet, labels: LabelSet): boolean {
  return (
    matches(source, active) &&
    !(matches(source, labels) && matches(target, active)) &&
    equal.every((name) => (active[name] ?? '') === (labels[name] ?? ''))
  );
}

/** How an alert may be inhibited: `now`, by an active one, or `ever`, by whatever alert of lesser weight there may come. */
export type InhibitedBy = { readonly now: string } | { readonly ever: string } | { readonly unreadable: true };

/** By which source an alert is inhibited, given the alerts that are active; null where by none. */
export function inhibitedBy(config: unknown, labels: LabelSet, active: readonly LabelSet[]): InhibitedBy | null {
  const concerned = inhibitionsOf(config, labels);
  if (!concerned) return { unreadable: true };
  const current = concerned.find((rule) => active.some((one) => inhibits(rule, one, labels)));
  if (current) return { now: matcherText(current.source) };
  const blanket = concerned.find((rule) => lesserSources(rule, labels).some((one) => inhibits(rule, one, labels)));
  return blanket ? { ever: matcherText(blanket.source) } : null;
}

const LESSER = ['warning', 'warn', 'info', 'none', 'low', 'minor', 'notice', 'debug'];

/** Alerts that nobody would expect to hide another: without a name of their own, lesser by a label, or of anything at all. */
function lesserSources({ source, equal }: Inhibition, labels: LabelSet): readonly LabelSet[] {
  const same = Object.fromEntries(equal.map((name) => [name, labels[name] ?? '']));
  const chosen = source.filter(({ isRegex, isEqual }) => isEqual && !isRegex).map(({ name, value }) => [name, value]);
  const base = { ...named({}), ...same, ...Object.fromEntries(chosen) } as LabelSet;
  const words = source.flatMap(({ name, isRegex, isEqual, value }) =>
    isRegex && isEqual ? value.split(/[|()]/).map((word) => ({ ...base, [name]: word })) : [],
  );
  const any = equal.length === 0 ? [base, ...words] : [];
  const lesser = [base, ...words, ...LESSER.map((severity) => ({ ...base, severity }))].filter((one) =>
    Object.values(one).some((value) => LESSER.includes(value.toLowerCase())),
  );
  const namesOne = source.some((matcher) => matcher.name === 'alertname' && !takesAll([matcher], {}));
  return namesOne ? [] : [...any, ...lesser];
}

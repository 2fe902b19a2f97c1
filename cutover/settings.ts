/** What the plan's items of phase 4 declare of the cutover, with every window as long as this environment makes it. */
import type { RehearsalValues } from '../checks/contract/environment.ts';
import type { TrafficRoute, TriggerMetric, TriggerRule } from '../checks/contract/cutover.ts';
import type { DecisionTree } from '../checks/contract/notify.ts';
import type { Plan, PlannedItem } from '../checks/contract/plan.ts';
import type { SecretRef } from '../checks/contract/secrets.ts';
import { durationMs } from '../checks/contract/units.ts';
import type { Calendars } from '../checks/cutover/change-window/calendar.ts';
import { evaluatedEveryMs } from '../checks/cutover/cadence.ts';
import { askEveryMs, secondSourceOf } from '../checks/cutover/second-source.ts';
import { businessSourceOf, type RuleParams } from '../checks/cutover/trigger/rule.ts';
import type { RouteName } from '../checks/protocols/traffic/system.ts';
import { sourceOf } from '../checks/protocols/telemetry.ts';
import { resolveRehearsal } from '../fixtures/capabilities/host.ts';
import { businessKey } from './business.ts';
import type { DeclaredSettings } from './kept-settings.ts';
import type { AskedMetric } from './prometheus.ts';

export interface CutoverStep {
  readonly item: string;
  /** Percent of the traffic. */
  readonly weight: number;
  readonly watchMs: number;
  /** A limit of the real world: never compressed. */
  readonly proveWithinMs: number;
}
export interface CriticalService {
  readonly name: string;
  readonly port: number;
  readonly path: string;
}
export interface ChangeWindow extends Calendars {
  readonly lastsMs: number;
}
export interface CutoverSettings {
  readonly route: TrafficRoute;
  /** What advances and goes back with it. */
  readonly together: readonly RouteName[];
  readonly url: string;
  readonly caFile: string | undefined;
  /** Requests a second. */
  readonly probeRate: number;
  readonly probeTimeoutMs: number;
  readonly deployments: readonly string[];
  /** What they take, by name. */
  readonly keep: DeclaredSettings;
  readonly services: readonly CriticalService[];
  /** Items run again after a rollback. */
  readonly verify: readonly string[];
  /** Items run again when it begins: whether the old release can live with the data of now. Nobody waits for them. */
  readonly lookBefore: readonly string[];
  readonly lease: string;
  readonly rollbackWithinMs: number;
  readonly steps: readonly CutoverStep[];
  readonly triggers: readonly TriggerRule[];
  /** What triggers ask Prometheus. */
  readonly metrics: readonly AskedMetric[];
  /** Half widths of the interval a split is proven by, as shares. */
  readonly maxHalfWidthAt5: number;
  readonly maxHalfWidth: number;
  /** Percent that is given and taken back before the first step; undefined: nothing. */
  readonly tryAt?: number;
  /** What declared windows were divided by. */
  readonly compression: number;
  /** Between two evaluations. */
  readonly intervalMs: number;
  /** A window that cannot end for want of values is not given up before this. */
  readonly leastPatienceMs: number;
  /** Calendars that say when traffic may be moved, and for how long it must; undefined where nothing is declared. */
  readonly changes?: ChangeWindow;
  /** What an emergency asks for, armed beside the triggers; undefined where the environment declares none. */
  readonly tree?: DecisionTree;
  /** Items of phase 4 that must have passed before any traffic moves. */
  readonly before: readonly string[];
  /** Items whose failure takes traffic back while it has moved. */
  readonly rollbackOn: readonly string[];
}

export const STEP_KIND = 'cutover/step';
/** A source of the real world comes back when it comes back: never compressed. */
const LEAST_PATIENCE_MS = 30_000;

const LONGEST_ROLLBACK_MS = 3_600_000;

type DeclaredRoute = Omit<RouteName, 'rule'> & Partial<Pick<RouteName, 'rule'>>;
interface RouteParams {
  readonly route: DeclaredRoute;
  readonly together?: readonly DeclaredRoute[];
  readonly version: { readonly header: string; readonly canary: string };
  readonly endpoint: { readonly url: string; readonly caFile?: string };
  readonly path: string;
  readonly probeRate: number;
  readonly probeTimeout: string;
  readonly deployments: readonly string[];
  readonly settings?: Partial<DeclaredSettings>;
  readonly services: readonly CriticalService[];
  readonly verify: readonly string[];
  readonly lease: string;
  readonly rollbackWithin: string;
}
interface TriggerParams {
  readonly metric: TriggerMetric;
  readonly threshold: number;
  readonly for: string;
  readonly window: string;
  readonly minSamples: number;
  readonly onNoData: TriggerRule['onNoData'];
  readonly prometheus?: {
    readonly endpoint: { readonly url: string; readonly caFile?: string };
    readonly token?: SecretRef;
    readonly query: string;
    readonly tolerance: number;
    readonly scrapeInterval: string;
  };
  readonly business?: NonNullable<RuleParams['business']> & {
    readonly endpoint: { readonly url: string; readonly caFile?: string };
    readonly token?: SecretRef;
  };
}
interface StepParams {
  readonly weight: number;
  readonly watch: string;
  readonly proveWithin: string;
}

/** Whether the plan moves traffic at all. */
export function hasCutover(plan: Plan): boolean {
  return plan.items.some(({ kind }) => kind === STEP_KIND);
}

/** A limit of the real world, as its item declares it. */
export function rollbackWithinOf(plan: Plan): number {
  const declared = plan.items.find(({ kind }) => kind === 'cutover/weights')?.params['rollbackWithin'];
  return typeof declared === 'string' ? durationMs(declared) : LONGEST_ROLLBACK_MS;
}

/** Throws an Error in words for people where the items do not add up to a cutover. */
export function cutoverSettings(plan: Plan, values: RehearsalValues | null): CutoverSettings {
  const { compression } = plan.environment;
  const own = plan.items.filter(({ kind }) => kind.startsWith('cutover/'));
  const of = (kind: string): readonly PlannedItem[] => own.filter((item) => item.kind === `cutover/${kind}`);
  const [weights, ...others] = of('weights');
  if (!weights || others.length > 0)
    throw new Error(`a cutover needs exactly one item of kind cutover/weights, the plan has ${of('weights').length}`);
  const params = paramsOf(weights, values) as unknown as RouteParams;
  const compressed = (text: string): number => durationMs(text) / compression;
  const steps = of('step').map((item): CutoverStep => {
    const { weight, watch, proveWithin } = paramsOf(item, values) as unknown as StepParams;
    return { item: item.id, weight, watchMs: compressed(watch), proveWithinMs: durationMs(proveWithin) };
  });
  const intervalMs = evaluatedEveryMs(compression);
  const triggers = of('trigger').map((item) =>
    triggerOf(item.id, paramsOf(item, values) as unknown as TriggerParams, { compression, intervalMs }),
  );
  const falling = steps.findIndex(({ weight }, index) => index > 0 && weight <= (steps[index - 1]?.weight ?? 0));
  if (falling > 0) throw new Error(`${steps[falling]?.item}: its weight is not above that of the step before it`);
  return {
    route: {
      ...params.route,
      rule: params.route.rule ?? 0,
      versionHeader: params.version.header.toLowerCase(),
      canaryVersion: params.version.canary,
    },
    together: (params.together ?? []).map((one) => ({ ...one, rule: one.rule ?? 0 })),
    url: `${params.endpoint.url.replace(/\/$/, '')}${params.path}`,
    caFile: params.endpoint.caFile,
    probeRate: params.probeRate,
    probeTimeoutMs: durationMs(params.probeTimeout),
    deployments: params.deployments,
    keep: { configMaps: params.settings?.configMaps ?? [], secrets: params.settings?.secrets ?? [] },
    services: params.services,
    verify: params.verify,
    lookBefore: of('rollback-data').map(({ id }) => id),
    lease: params.lease,
    rollbackWithinMs: durationMs(params.rollbackWithin),
    steps,
    triggers: triggers.map(({ rule }) => rule),
    metrics: triggers.flatMap(({ asked }) => asked),
    ...halfWidths(of('split')[0]),
    ...tryOf(of('rollback-rehearsal')[0]),
    compression,
    intervalMs,
    leastPatienceMs: LEAST_PATIENCE_MS,
    rollbackOn: plan.items.filter(({ onFailure }) => onFailure === 'rollback').map(({ id }) => id),
    ...changesOf(of('change-window')[0], values),
    ...treeOf(plan, values),
    before: firstHalf(plan)
      .filter((item) => item.kind.startsWith('cutover/'))
      .map(({ id }) => id),
  };
}

/** A trigger, and what it asks of Prometheus. How often that scrapes is a fact of the platform: never compressed. */
function triggerOf(
  item: string,
  params: TriggerParams,
  { compression, intervalMs }: Pick<CutoverSettings, 'compression' | 'intervalMs'>,
): { readonly rule: TriggerRule; readonly asked: readonly AskedMetric[] } {
  const { metric, threshold, minSamples, onNoData, prometheus, business } = params;
  const windowMs = durationMs(params.window) / compression;
  const rule = { item, metric, threshold, forMs: durationMs(params.for) / compression, windowMs, minSamples, onNoData };
  if (metric === 'business' && business) {
    const source = businessSourceOf(business);
    const asked = source.metrics.flatMap((one) =>
      (['fresh', 'stable'] as const).map((side) => ({
        item: businessKey(item, one, side),
        source: sourceOf('Prometheus', business.endpoint, business.token),
        query: one[side],
        everyMs: Math.max(source.scrapeIntervalMs, intervalMs),
      })),
    );
    return { rule: { ...rule, business: source }, asked };
  }
  if (!prometheus) return { rule, asked: [] };
  const second = secondSourceOf(prometheus, windowMs, durationMs(prometheus.scrapeInterval));
  const source = sourceOf('Prometheus', prometheus.endpoint, prometheus.token);
  return {
    rule: { ...rule, prometheus: second },
    asked: [{ item, source, query: second.query, everyMs: askEveryMs(second, intervalMs) }],
  };
}

/** As the item that judges all splits declares them; as its kind's defaults are without one. */
function halfWidths(item: PlannedItem | undefined): Pick<CutoverSettings, 'maxHalfWidthAt5' | 'maxHalfWidth'> {
  const { maxHalfWidthAt5 = 0.02, maxHalfWidth = 0.05 } = (item?.params ?? {}) as Readonly<Record<string, number>>;
  return { maxHalfWidthAt5, maxHalfWidth };
}

function tryOf(item: PlannedItem | undefined): Pick<CutoverSettings, 'tryAt'> {
  const weight = item?.params['weight'];
  return typeof weight === 'number' ? { tryAt: weight } : {};
}

/** As the item declares them that judges them before anything moves. */
function changesOf(item: PlannedItem | undefined, values: RehearsalValues | null): Pick<CutoverSettings, 'changes'> {
  if (!item) return {};
  const { lasts, ...calendars } = paramsOf(item, values) as unknown as Calendars & { readonly lasts: string };
  return { changes: { ...calendars, lastsMs: durationMs(lasts) } };
}

function treeOf({ environment }: Plan, values: RehearsalValues | null): Pick<CutoverSettings, 'tree'> {
  const tree = (values ? resolveRehearsal(environment, values) : environment).incident?.tree;
  return tree ? { tree } : {};
}

/** The items of phase 4 that stand before its first step. */
function firstHalf(plan: Plan): readonly PlannedItem[] {
  const phase = plan.items.filter(({ phase }) => phase === 'phase4');
  const first = phase.findIndex(({ kind }) => kind === STEP_KIND);
  return phase.slice(0, Math.max(0, first));
}

/** Parameters as the kind's schema has checked them. */
function paramsOf(item: PlannedItem, values: RehearsalValues | null): PlannedItem['params'] {
  return values ? resolveRehearsal(item.params, values) : item.params;
}

/** The triggers of a cutover: what they know, when they fire, and what is told of it. */
import type { ProbeRecord, SecondOpinion, TriggerRule } from '../checks/contract/cutover.ts';
import {
  AT_REST,
  combine,
  endedOver,
  nextStates,
  opinionOf,
  opinionText,
  standingOf,
  type BothStates,
} from '../checks/cutover/second-source.ts';
import { badlyServedBy, errorRateOfNew, type NewRelease } from '../checks/cutover/new-release.ts';
import { fewestFor } from '../checks/cutover/shown.ts';
import { errorRateOf, isCountOfWrongs, p95Of, worstOf, type Measured } from '../checks/cutover/triggers.ts';
import { businessWatch } from './business.ts';
import type { Clock } from './clock.ts';
import type { CutoverJournal } from './journal.ts';
import { badlyServedFacts, badlyServedText, firedFacts, firedText } from './fired.ts';
import { RollbackRequested } from './rollback-requested.ts';
import type { PrometheusWatch } from './prometheus.ts';
import type { ServicesSeen } from './services.ts';
import type { CutoverSettings } from './settings.ts';

/** Evaluations that come later than this many intervals leave a stretch of which nothing is known. */
const GAP_INTERVALS = 8;

export interface Watching {
  /** One evaluation of every trigger. Throws RollbackRequested when one fires. */
  evaluate(weight: number): void;
  /**
   * To be asked before a step ends, `from` when its window opened. Where the new release had too few requests for a trigger's window, its last
   * `for` is looked at as a whole: throws RollbackRequested when they were served badly beyond doubt.
   */
  beforeEnd(weight: number, from: number): void;
  /**
   * What is too little, since its window opened, to say that the new release does well at this weight; `last`: no other weight follows at
   * which it can be compared with the one of before.
   */
  unshown(weight: number, from: number, last: boolean): readonly string[];
  /** Requests asked since then that the new release has answered; to be asked again and again from then on, as probes are not kept for ever. */
  answers(from: number): number;
  /** Triggers that are pending or know nothing, with what their two sources say; all of them before the first evaluation. */
  unsettledTriggers(): readonly string[];
  /** Tells how every trigger stands, also where nothing has changed. */
  tellAll(): void;
  /** Whether there are values enough for every trigger. */
  knows(): boolean;
}
export interface Watched {
  readonly settings: Pick<CutoverSettings, 'triggers' | 'intervalMs' | 'route' | 'probeTimeoutMs'>;
  readonly clock: Pick<Clock, 'date'>;
  readonly journal: Pick<CutoverJournal, 'now' | 'tell'>;
  readonly probes: { records(): readonly ProbeRecord[] };
  readonly services: { readonly seen: () => ServicesSeen };
  readonly prometheus: Pick<PrometheusWatch, 'seen'>;
}
/** How a trigger stands. */
interface Standing {
  readonly states: BothStates;
  readonly value: number | null;
  /** Undefined where it has one source. */
  readonly opinion: SecondOpinion | undefined;
}
/** What is known of the world at one evaluation. */
interface Now {
  readonly at: number;
  readonly weight: number;
  /** When traffic was given that weight. */
  readonly since: number;
  readonly seen: ServicesSeen;
  /** Business metrics that do worse, by trigger; null: not known. */
  readonly worse: ReadonlyMap<string, readonly string[] | null>;
}

export function watching({ settings, clock, journal, probes, services, prometheus }: Watched): Watching {
  const { triggers, intervalMs, route } = settings;
  const standings = new Map<string, Standing>();
  const businesses = new Map(
    triggers.filter(({ business }) => business).map((rule) => [rule.item, businessWatch(rule, prometheus)]),
  );
  const window = Math.max(intervalMs, ...triggers.map(({ windowMs }) => windowMs));
  const leastSamples = Math.max(1, ...triggers.map(({ minSamples }) => minSamples));
  let evaluatedAt: number | undefined;
  let given = { weight: 0, since: 0 };
  const givenSince = (weight: number, at: number): number => {
    if (weight !== given.weight) given = { weight, since: at };
    return given.since;
  };

  const downOf = ({ down, known }: ServicesSeen, { minSamples }: TriggerRule): Measured => ({
    value: known || down.length > 0 ? down.length : null,
    samples: minSamples,
  });

  /** Of those that the new release was given, at the weight it has now. */
  const ownOf = (
    { metric, windowMs }: TriggerRule,
    { at, weight, since }: Pick<Now, 'at' | 'weight' | 'since'>,
  ): Measured => {
    const records = probes.records();
    if (metric === 'error-rate')
      return errorRateOfNew(records, newRelease(route, weight), Math.max(since, at - windowMs), at);
    const answers = records.filter(({ version }) => version === route.canaryVersion);
    return p95Of(answers, at - windowMs, at, at);
  };

  /** Of all users, or of those the new release was given where it does worse: at 5 % of the traffic it could fail them all unseen. */
  const measure = (rule: TriggerRule, now: Now): Measured => {
    const { at, seen } = now;
    if (rule.metric === 'critical-service') return downOf(seen, rule);
    if (rule.metric === 'business')
      return { value: now.worse.get(rule.item)?.length ?? null, samples: rule.minSamples };
    const records = probes.records();
    const all =
      rule.metric === 'error-rate'
        ? errorRateOf(records, at - rule.windowMs, at)
        : p95Of(records, at - rule.windowMs, at, at);
    return worstOf([all, ownOf(rule, now)], rule.minSamples);
  };

  /** What Prometheus says of all users, beside the same of the probes. */
  const second = (rule: TriggerRule, { at, seen }: Now): SecondOpinion | undefined => {
    const { metric } = rule;
    if (!rule.prometheus || metric === 'business') return undefined;
    const probed = metric === 'critical-service' ? () => downOf(seen, rule) : endedOver(metric, probes.records());
    const reading = prometheus.seen(rule.item);
    return opinionOf(rule.prometheus, rule, reading, { now: at, evaluatedEveryMs: intervalMs, probed });
  };

  const judge = (rule: TriggerRule, now: Now): void => {
    const before = standings.get(rule.item)?.states ?? AT_REST;
    const last = evaluatedAt === undefined ? undefined : { at: evaluatedAt, maxGapMs: intervalMs * GAP_INTERVALS };
    const own = measure(rule, now);
    const opinion = second(rule, now);
    const states = nextStates(rule, before, { at: now.at, own, opinion }, last);
    const value = opinion ? combine(rule, own, opinion).value : own.value;
    standings.set(rule.item, { states, value, opinion });
    const state = standingOf(states);
    if (state.state !== standingOf(before).state) tell(rule);
    if (state.state !== 'firing') return;
    const since = new Date(clock.date().getTime() - (now.at - state.since));
    const lastedMs = state.firedAt - state.since;
    const fired = {
      value,
      opinion,
      lastedMs,
      since,
      weight: now.weight,
      down: now.seen.down,
      worse: now.worse.get(rule.item) ?? [],
    };
    throw new RollbackRequested({
      code: 'trigger',
      text: firedText(rule, fired),
      breachedAt: since.toISOString(),
      facts: firedFacts(rule, fired),
    });
  };

  const tell = ({ item, threshold }: TriggerRule): void => {
    const standing = standings.get(item);
    const { value = null, opinion } = standing ?? {};
    const { state } = standing ? standingOf(standing.states) : ({ state: 'no-data' } as const);
    journal.tell({ event: 'trigger', item, state, value, threshold, ...(opinion ? { prometheus: opinion } : {}) });
  };

  const answers = countAnswers({ probes, journal, settings });

  return {
    answers,
    unshown(weight, from, last) {
      const given = answers(from);
      const few = fewestFor(triggers, given);
      return [
        ...(few ? [`${few.rule.item} (${given} of ${few.needed} answers of ${route.canaryVersion})`] : []),
        ...[...businesses].flatMap(([item, one]) => one.lacks(weight, last).map((what) => `${item} (${what})`)),
      ];
    },
    evaluate(weight) {
      const at = journal.now();
      const records = probes.records();
      const seen = services.seen();
      const rate = errorRateOf(records, at - window, at);
      const since = givenSince(weight, at);
      const worse = new Map([...businesses].map(([item, one]) => [item, one.look(at, weight, since)]));
      const p95Ms = p95Of(records, at - window, at, at).value;
      journal.tell({
        event: 'sample',
        weight,
        errorRate: rate.value,
        p95Ms: p95Ms === null ? null : Math.round(p95Ms * 10) / 10,
        samples: rate.samples,
        down: seen.down,
        ...readingsOf(triggers, prometheus),
        ...worseOf([...worse.values()]),
      });
      for (const rule of triggers) judge(rule, { at, weight, since, seen, worse });
      evaluatedAt = at;
    },
    beforeEnd(weight, from) {
      const at = journal.now();
      const records = probes.records();
      for (const rule of triggers) {
        const { item, metric, threshold, windowMs, forMs, minSamples } = rule;
        if (isCountOfWrongs(metric)) continue;
        if (ownOf(rule, { at, weight, since: givenSince(weight, at) }).samples >= minSamples) continue;
        const lookedFrom = Math.max(from, at - Math.max(windowMs, forMs));
        const bad = badlyServedBy(rule, records, newRelease(route, weight), lookedFrom, at);
        if (!bad) continue;
        journal.tell({ event: 'trigger', item, state: 'firing', value: bad.bad / bad.of, threshold });
        throw new RollbackRequested({
          code: 'trigger',
          text: badlyServedText(rule, bad, weight, at - lookedFrom),
          facts: badlyServedFacts(rule, bad, weight),
        });
      }
    },
    tellAll: () => triggers.forEach(tell),
    unsettledTriggers: () =>
      triggers.flatMap((rule) => {
        const standing = standings.get(rule.item);
        if (standing && standingOf(standing.states).state === 'inactive') return [];
        const { opinion } = standing ?? {};
        return [opinion ? `${rule.item} (${opinionText(rule, opinion)})` : rule.item];
      }),
    knows: () => services.seen().known && errorRateOf(probes.records(), 0, journal.now()).samples >= leastSamples,
  };
}

/** Those older than a time-out have ended, and are counted once; probes are kept for longer than that. */
function countAnswers({ probes, journal, settings }: Pick<Watched, 'probes' | 'journal' | 'settings'>) {
  const { probeTimeoutMs, route } = settings;
  let counted = { from: NaN, to: NaN, answers: 0 };
  return (from: number): number => {
    if (counted.from !== from) counted = { from, to: from, answers: 0 };
    const ended = Math.max(counted.to, journal.now() - probeTimeoutMs);
    const own = probes
      .records()
      .filter(
        ({ at, version, outcome }) => at >= counted.to && version === route.canaryVersion && outcome !== 'under-way',
      );
    const old = own.filter(({ at }) => at < ended).length;
    counted = { from, to: ended, answers: counted.answers + old };
    return counted.answers + own.length - old;
  };
}

/** What all triggers of the business know together. */
function worseOf(known: readonly (readonly string[] | null)[]): { readonly worse?: readonly string[] | null } {
  if (known.length === 0) return {};
  return { worse: known.some((one) => one === null) ? null : [...new Set(known.flatMap((one) => one ?? []))] };
}

/** The last values of Prometheus, by trigger; nothing where none asks it. */
function readingsOf(
  triggers: readonly TriggerRule[],
  prometheus: Pick<PrometheusWatch, 'seen'>,
): { readonly prometheus?: Readonly<Record<string, number | null>> } {
  const asked = triggers.filter((rule) => rule.prometheus !== undefined);
  if (asked.length === 0) return {};
  return { prometheus: Object.fromEntries(asked.map(({ item }) => [item, prometheus.seen(item)?.value ?? null])) };
}

const newRelease = (route: CutoverSettings['route'], weight: number): NewRelease => ({
  version: route.canaryVersion,
  share: weight / 100,
});

/** The triggers of a cutover: what they know, when they fire, and what is told of it. */
import type { ProbeRecord, TriggerRule, TriggerState } from '../../checks/contract/cutover.ts';
import { formatMs } from '../../checks/contract/units.ts';
import { errorRateOf, evaluate, p95Of, worstOf, type Measured } from '../../checks/support/triggers.ts';
import type { CutoverJournal } from '../../fixtures/cutover/log.ts';
import { GoBack } from './go-back.ts';
import type { ServicesSeen } from './services.ts';
import type { CutoverSettings } from './settings.ts';

/** Evaluations that come later than this many intervals leave a stretch of which nothing is known. */
const GAP_INTERVALS = 8;

export interface Watching {
  /** One evaluation of every trigger. Throws GoBack when one fires. */
  evaluate(weight: number): void;
  /** Triggers that are pending or know nothing; all of them before the first evaluation. */
  uneasy(): readonly string[];
  /** Tells how every trigger stands, also where nothing has changed. */
  tellAll(): void;
  /** Whether there are values enough for every trigger. */
  knows(): boolean;
}
export interface Watched {
  readonly settings: Pick<CutoverSettings, 'triggers' | 'intervalMs' | 'route'>;
  readonly journal: Pick<CutoverJournal, 'now' | 'tell'>;
  readonly probes: { records(): readonly ProbeRecord[] };
  readonly services: { readonly seen: () => ServicesSeen };
}

export function watching({ settings, journal, probes, services }: Watched): Watching {
  const { triggers, intervalMs, route } = settings;
  const states = new Map<string, TriggerState>();
  const values = new Map<string, number | null>();
  const window = Math.max(intervalMs, ...triggers.map(({ windowMs }) => windowMs));
  const leastSamples = Math.max(1, ...triggers.map(({ minSamples }) => minSamples));
  let evaluatedAt: number | undefined;

  /** Of all users, or of those the new release answers where it does worse: at 5 % of the traffic it could fail them all unseen. */
  const measure = (rule: TriggerRule, now: number): Measured => {
    const records = probes.records();
    const of = (some: readonly ProbeRecord[]): Measured =>
      rule.metric === 'error-rate'
        ? errorRateOf(some, now - rule.windowMs, now)
        : p95Of(some, now - rule.windowMs, now, now);
    const own = records.filter(({ version }) => version === route.canaryVersion);
    return worstOf([of(records), of(own)], rule.minSamples);
  };

  const judge = (rule: TriggerRule, measured: Measured, now: number, weight: number, down: readonly string[]): void => {
    const before = states.get(rule.item);
    const last = evaluatedAt === undefined ? undefined : { at: evaluatedAt, maxGapMs: intervalMs * GAP_INTERVALS };
    const state = evaluate(rule, before ?? { state: 'inactive' }, { at: now, ...measured }, last);
    states.set(rule.item, state);
    values.set(rule.item, measured.value);
    const { value } = measured;
    const { item, threshold } = rule;
    if (state.state !== (before?.state ?? 'inactive'))
      journal.tell({ event: 'trigger', item, state: state.state, value, threshold });
    if (state.state !== 'firing') return;
    const since = new Date(Date.now() - (now - state.since));
    const text = firedText(rule, { value, lastedMs: state.firedAt - state.since, since, weight, down });
    throw new GoBack({ code: 'trigger', text, breachedAt: since.toISOString() });
  };

  return {
    evaluate(weight) {
      const now = journal.now();
      const records = probes.records();
      const { down, known } = services.seen();
      const rate = errorRateOf(records, now - window, now);
      const p95Ms = p95Of(records, now - window, now, now).value;
      journal.tell({
        event: 'sample',
        weight,
        errorRate: rate.value,
        p95Ms: p95Ms === null ? null : Math.round(p95Ms * 10) / 10,
        samples: rate.samples,
        down,
      });
      for (const rule of triggers) {
        const measured =
          rule.metric === 'critical-service'
            ? { value: known || down.length > 0 ? down.length : null, samples: rule.minSamples }
            : measure(rule, now);
        judge(rule, measured, now, weight, down);
      }
      evaluatedAt = now;
    },
    tellAll() {
      for (const { item, threshold } of triggers) {
        const state = states.get(item)?.state ?? 'no-data';
        journal.tell({ event: 'trigger', item, state, value: values.get(item) ?? null, threshold });
      }
    },
    uneasy: () => triggers.map(({ item }) => item).filter((item) => states.get(item)?.state !== 'inactive'),
    knows: () => services.seen().known && errorRateOf(probes.records(), 0, journal.now()).samples >= leastSamples,
  };
}

interface Fired {
  readonly value: number | null;
  readonly lastedMs: number;
  readonly since: Date;
  readonly weight: number;
  readonly down: readonly string[];
}

function firedText(rule: TriggerRule, { value, lastedMs, since, weight, down }: Fired): string {
  const lasted = formatMs(Math.max(0, lastedMs));
  const begun = since.toISOString();
  const where = `${rule.item} fired at ${weight} %`;
  if (value === null) return `${where}: no data for ${lasted} since ${begun}.`;
  if (rule.metric === 'critical-service')
    return `${where}: critical service${down.length === 1 ? '' : 's'} ${down.join(', ')} did not answer, since ${begun}.`;
  const show = (one: number): string => (rule.metric === 'p95' ? formatMs(one) : `${(one * 100).toFixed(1)} %`);
  const name = rule.metric === 'p95' ? 'P95' : 'error rate';
  return `${where}: ${name} ${show(value)}, above ${show(rule.threshold)} for ${lasted} (declared ${formatMs(rule.forMs)}) since ${begun}.`;
}

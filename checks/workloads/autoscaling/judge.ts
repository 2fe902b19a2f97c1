import type { LoadResult } from '../../contract/load.ts';
import { formatMs } from '../../contract/units.ts';
import type { Evidence, Finding, Judgement, NonEmpty } from '../../kit/define-check.ts';
import { table } from '../../kit/evidence.ts';
import { judged } from '../../kit/judged.ts';
import { runEvidence } from '../../load/load.ts';
import type { Params } from './check.ts';
import { doubtsOf, isAbove, leastOf, scalerName, type Replicas, type ScalerState } from './state.ts';

export const messages = {
  missing: {
    says: '{subject}: does not exist, expected an autoscaler of Deployment {deployment}.',
    fix: 'Apply the HorizontalPodAutoscaler.',
  },
  otherTarget: {
    says: '{subject}: scales {actual}, expected {expected}.',
    fix: 'Correct scaleTargetRef of the HorizontalPodAutoscaler.',
  },
  targetMissing: {
    says: '{subject}: its target {target} does not exist, expected one to scale.',
    fix: 'Deploy the target, or correct scaleTargetRef of the HorizontalPodAutoscaler.',
  },
  inactive: {
    says: '{subject}: {type} is not True ({why}), expected an autoscaler that can act.',
    fix: 'See the conditions of the autoscaler: a missing metrics API, pods without requests, a target that is gone.',
  },
  unknownMetric: {
    says: '{subject}: the current value of {metric} is unknown, expected a value for every metric of its spec.',
    fix: 'Check that the metrics API serves these pods and that every container has a request for the resource.',
  },
  nothingReady: {
    says: '{subject}: no replica of {target} is ready, expected some before load is put on them.',
    fix: 'Repair the Deployment first; workloads/rollout says what is wrong with it.',
  },
  atLimit: {
    says: '{subject}: wants {desired} of at most {max} replicas before any load, expected room to scale up.',
    fix: 'Raise maxReplicas, or find what keeps the replicas busy.',
  },
  down: {
    says: '{subject}: does not accept connections ({why}), expected a service that carries load.',
    fix: 'Start the service, or correct the endpoint.',
  },
  notUp: {
    says: '{subject}: {ready} replicas ready and {desired} wanted after {within} of load, at {pressure} of the target, expected more than the {before} before.',
    fix: 'See the events of the autoscaler and of the new pods: no room on the nodes, a quota, a slow start.',
  },
  notBack: {
    says: '{subject}: {ready} replicas ready and {desired} wanted {within} after the load, expected no more than the {before} before.',
    fix: 'See the scale-down behaviour and the metrics of the autoscaler: what never rests is paid for every hour.',
  },
};
type Id = keyof typeof messages;

export type Gathered =
  | { readonly found: false }
  /** Load is put on it only where it could act. */
  | { readonly found: true; readonly before: ScalerState }
  | {
      readonly found: true;
      readonly before: ScalerState;
      readonly load: { readonly up: true; readonly result: LoadResult } | { readonly up: false; readonly why: string };
      /** From before the load until the replicas were up, or the time was over. */
      readonly rising: readonly ScalerState[];
      /** From the end of the load on; empty when nothing had risen. */
      readonly falling: readonly ScalerState[];
    };

export function judge(params: Params, gathered: Gathered): Judgement<Id> {
  const subject = scalerName(params.namespace, params.autoscaler);
  if (!gathered.found) {
    const { deployment } = params;
    const evidence = [{ type: 'text', title: subject, text: 'not found' }] as const;
    return judged<Id>([{ message: 'missing', subject, data: { deployment } }], [subject], evidence, '');
  }
  const { before } = gathered;
  const doubts = doubtsOf(before, params);
  if (doubts.length > 0) return judged<Id>(doubts, [subject], [conditions(subject, before)], '');
  if (!('load' in gathered)) throw new RangeError('an autoscaler without doubts was not put under load');
  const { load, rising, falling } = gathered;
  const evidence: NonEmpty<Evidence> = [
    conditions(subject, before),
    ...replicas(before, rising, falling),
    ...(load.up ? runEvidence(load.result) : []),
  ];
  if (!load.up) {
    const service = `Service at ${params.endpoint.url}`;
    return judged<Id>([{ message: 'down', subject: service, data: { why: load.why } }], [subject], evidence, '');
  }
  const up = rising.at(-1) ?? before;
  const least = leastOf([before, ...rising]);
  if (!isAbove(up, least)) return judgeNotUp({ params, subject, least, up, rising }, evidence);
  const back = falling.at(-1) ?? up;
  if (back.desired <= least.desired && back.ready <= least.ready) return judged<Id>([], [subject], evidence, '');
  const { ready, desired } = back;
  const data = { ready, desired, within: params.downWithin, before: least.ready };
  return judged<Id>([{ message: 'notBack', subject, data }], [subject], evidence, '');
}

interface NotUp {
  readonly params: Params;
  readonly subject: string;
  readonly least: Replicas;
  readonly up: ScalerState;
  readonly rising: readonly ScalerState[];
}

/** The tolerance of the autoscaler: up to 10 % over its target it rightly does nothing. */
const TOLERANCE = 1.1;

function judgeNotUp({ params, subject, least, up, rising }: NotUp, evidence: NonEmpty<Evidence>): Judgement<Id> {
  const pressures = rising.slice(1).flatMap((state) => pressureOf(state) ?? []);
  const pressure = Math.max(0, ...pressures);
  const rose = rising.some(({ desired }) => desired > least.desired);
  const doubt = rose ? null : tooLittle(pressure, Math.min(...pressures.slice(Math.floor(pressures.length / 2))));
  if (doubt !== null)
    return {
      outcome: 'inconclusive',
      reason: 'too-few-samples',
      why: `${subject}: the load brought the pods ${doubt}. Raise the rate, or the time of upWithin.`,
      evidence,
    };
  const { ready, desired } = up;
  const finding: Finding<Id> = {
    message: 'notUp',
    subject,
    data: { ready, desired, within: params.upWithin, pressure: share(pressure), before: least.ready },
  };
  return judged<Id>([finding], [subject], evidence, '');
}

/** Of the metric that asks for most; null while none is known. */
function pressureOf({ metrics }: ScalerState): number | null {
  const known = metrics.flatMap(({ pressure }) => pressure ?? []);
  return known.length === 0 ? null : Math.max(...known);
}

/** Why it was right to add none; null where it was not. It adds for what lasts (`stabilizationWindowSeconds`), so lows count in the second half. */
function tooLittle(most: number, lowest: number): string | null {
  if (most <= TOLERANCE) return `to ${share(most)} of the target at most, where it rightly adds none`;
  if (lowest > TOLERANCE) return null;
  return `to ${share(most)} of the target, and later to ${share(lowest)} again: for what does not last it may rightly add none`;
}

const share = (pressure: number): string => `${Math.round(pressure * 100)} %`;

function conditions(subject: string, { metrics, conditions, current, desired, ready, max }: ScalerState): Evidence {
  return table(
    `${subject} before the load`,
    ['fact', 'value'],
    [
      ['replicas', `${current} current, ${desired} wanted, ${ready} ready, at most ${max}`],
      ...metrics.map(({ name, target, current }) => [name, `${current ?? 'unknown'}, target ${target}`]),
      ...conditions.map(({ type, status, reason, message }) => [type, `${status} (${reason}: ${message})`]),
    ],
  );
}

function replicas(before: ScalerState, rising: readonly ScalerState[], falling: readonly ScalerState[]): Evidence[] {
  const all = [...rising, ...falling];
  const series = (title: string, of: (state: ScalerState) => number): Evidence => ({
    type: 'series',
    title,
    unit: 'count',
    points: all.map((state) => [Math.round(state.at - before.at), of(state)] as const),
  });
  const [end, back] = [rising.at(-1), falling.at(-1)];
  return [
    series('Replicas wanted', ({ desired }) => desired),
    series('Replicas ready', ({ ready }) => ready),
    ...before.metrics.map(({ name }) => pressureSeries(name, before, all)),
    {
      type: 'text',
      title: 'Times',
      text: `load until ${end ? formatMs(end.at - before.at) : 'its end'} after the first look, last look ${back ? formatMs(back.at - before.at) : 'then'}`,
    },
  ];
}

/** What is unknown for a moment is left out. */
function pressureSeries(metric: string, before: ScalerState, states: readonly ScalerState[]): Evidence {
  const points = states.flatMap(({ at, metrics }): (readonly [number, number])[] => {
    const pressure = metrics.find(({ name }) => name === metric)?.pressure ?? null;
    return pressure === null ? [] : [[Math.round(at - before.at), Math.round(pressure * 1000) / 10]];
  });
  return { type: 'series', title: `${metric}, share of its target`, unit: 'percent', points };
}

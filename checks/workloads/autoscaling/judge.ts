import type { LoadResult } from '../../contract/load.ts';
import { formatMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import { subjectText, type Evidence, type Say, type Subject } from '../../kit/kind.ts';
import { runEvidence } from '../../load/load.ts';
import type { Params } from './params.ts';
import {
  isAbove,
  judgeObstacles,
  leastOf,
  obstacleMessages,
  obstaclesOf,
  scalerSubject,
  type ScalerState,
} from './state.ts';

export const messages = {
  ...obstacleMessages,
  missing: {
    says: '{subject}: does not exist, expected an autoscaler of Deployment {deployment}.',
    fix: 'Apply the HorizontalPodAutoscaler.',
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
} as const;

export type Loaded = { readonly up: true; readonly result: LoadResult } | { readonly up: false; readonly why: string };
export type Seen =
  /** Null when there is no such autoscaler. Load is put on it only where it could act. */
  | { readonly before: ScalerState | null; readonly load?: undefined }
  | {
      readonly before: ScalerState;
      readonly load: Loaded;
      /** From before the load until the replicas were up, or the time was over. */
      readonly rising: readonly ScalerState[];
      /** From the end of the load on; empty when nothing had risen. */
      readonly falling: readonly ScalerState[];
    };

/** The tolerance of the autoscaler: up to 10 % over its target it rightly does nothing. */
const TOLERANCE = 1.1;

export function judge(params: Params, seen: Seen, say: Say<typeof messages>): void {
  const { deployment, endpoint, upWithin, downWithin } = params;
  const subject = scalerSubject(params);
  const { before } = seen;
  say.judged(subject);
  if (before === null) return say.fail('missing', subject, { deployment });
  say.show(conditions(subject, before));
  judgeObstacles(before, params, say);
  if (obstaclesOf(before, params).length > 0) return;
  if (!seen.load) throw new RangeError('an autoscaler that could act was not put under load');
  const { load, rising, falling } = seen;
  say.show(...replicas(before, rising, falling));
  if (!load.up) return say.fail('down', `Service at ${endpoint.url}`, { why: load.why });
  say.show(...runEvidence(load.result));

  const up = rising.at(-1) ?? before;
  const least = leastOf([before, ...rising]);
  const path = 'status.desiredReplicas';
  if (isAbove(up, least)) {
    const { ready, desired } = falling.at(-1) ?? up;
    if (desired > least.desired || ready > least.ready)
      say.fail('notBack', subject, { ready, desired, within: downWithin, before: least.ready }, { path });
    return;
  }
  const pressures = rising.slice(1).flatMap((state) => pressureOf(state) ?? []);
  const pressure = Math.max(0, ...pressures);
  const rose = rising.some(({ desired }) => desired > least.desired);
  const doubt = rose ? null : tooLittle(pressure, Math.min(...pressures.slice(Math.floor(pressures.length / 2))));
  if (doubt !== null)
    return say.unsure(
      'too-few-samples',
      `${subjectText(subject)}: the load brought the pods ${doubt}. Raise the rate, or the time of upWithin.`,
      { subject },
    );
  const { ready, desired } = up;
  const data = { ready, desired, within: upWithin, pressure: share(pressure), before: least.ready };
  say.fail('notUp', subject, data, { path });
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

function conditions(subject: Subject, { metrics, conditions, current, desired, ready, max }: ScalerState): Evidence {
  return table(
    `${subjectText(subject)} before the load`,
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

import type { LoadResult } from '../../contract/load.ts';
import { table } from '../../kit/evidence.ts';
import { subjectText, type Evidence, type Say, type Subject } from '../../kit/kind.ts';
import { percent, runEvidence, successes } from '../../load/load.ts';
import { judgeDown, runMessages, serviceAt, type Down } from '../../load/run.ts';
import type { Params } from './params.ts';
import {
  isAbove,
  judgeObstacles,
  leastOf,
  obstacleMessages,
  pressureOf,
  scalerSubject,
  type ScalerState,
} from './state.ts';

export const messages = {
  ...obstacleMessages,
  down: runMessages.down,
  missing: {
    says: '{subject}: does not exist, expected an autoscaler of Deployment {deployment}.',
    fix: 'Apply the HorizontalPodAutoscaler.',
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

export type Seen =
  /** Null when there is no such autoscaler. Load is put on it only where it could act. */
  | { readonly before: ScalerState | null; readonly load?: undefined }
  | {
      readonly before: ScalerState;
      readonly load: LoadResult | Down;
      /** From before the load until the replicas were up, or the time was over. */
      readonly rising: readonly ScalerState[];
      /** From the end of the load on; empty when nothing had risen. */
      readonly falling: readonly ScalerState[];
    };

/** The tolerance of the autoscaler: up to 10 % over its target it rightly does nothing. */
const TOLERANCE = 1.1;

export function judge(params: Params, seen: Seen, say: Say<typeof messages>): void {
  const { upWithin, downWithin, minSuccess } = params;
  const subject = scalerSubject(params);
  const { before } = seen;
  const unsure = (why: string): void => {
    say.unsure('too-few-samples', `${subjectText(subject)}: ${why}`, { subject });
  };
  say.judged(subject);
  if (before === null) return say.fail('missing', subject, { deployment: params.deployment });
  say.show(facts(subject, before));
  judgeObstacles(before, params, say);
  if (!seen.load) return unsure('no load was put on it.');
  const { load, rising, falling } = seen;
  say.show(...series(before, [...rising, ...falling]));
  if ('up' in load) return judgeDown(serviceAt(params), load, say);
  say.show(...runEvidence(load));

  const up = rising.at(-1) ?? before;
  const least = leastOf([before, ...rising]);
  const pressures = rising.slice(1).flatMap((state) => pressureOf(state) ?? []);
  const pressure = Math.max(0, ...pressures);
  const path = 'status.desiredReplicas';
  if (isAbove(up, least)) {
    const { ready, desired } = falling.at(-1) ?? up;
    if (desired > least.desired || ready > least.ready)
      say.fail('notBack', subject, { ready, desired, within: downWithin, before: least.ready }, { path });
    // Replicas rise for other reasons, too: an edit by hand, another minimum, the load of somebody else.
    const success = load.answered === 0 ? 0 : successes(load) / load.answered;
    if (success < minSuccess)
      unsure(`${percent(success)} of the answers to the load were 2xx, so this load is not what it scaled for.`);
    if (pressure <= 1)
      unsure(`it added replicas at ${share(pressure)} of the target at most, so it did not add them for a metric.`);
    return;
  }
  const rose = rising.some(({ desired }) => desired > least.desired);
  const doubt = rose ? null : tooLittle(pressure, Math.min(...pressures.slice(Math.floor(pressures.length / 2))));
  if (doubt !== null) return unsure(`the load brought the pods ${doubt}. Raise the rate, or the time of upWithin.`);
  const { ready, desired } = up;
  const data = { ready, desired, within: upWithin, pressure: share(pressure), before: least.ready };
  say.fail('notUp', subject, data, { path });
}

/** Why it was right to add none; null where it was not. It adds for what lasts (`stabilizationWindowSeconds`), so lows count in the second half. */
function tooLittle(most: number, lowest: number): string | null {
  if (most <= TOLERANCE) return `to ${share(most)} of the target at most, where it rightly adds none`;
  if (lowest > TOLERANCE) return null;
  return `to ${share(most)} of the target, and later to ${share(lowest)} again: for what does not last it may rightly add none`;
}

const share = (pressure: number): string => `${Math.round(pressure * 100)} %`;

function facts(subject: Subject, { metrics, conditions, current, desired, ready, max }: ScalerState): Evidence {
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

/** Replicas and metrics over time; what is unknown for a moment is left out. */
function series(before: ScalerState, states: readonly ScalerState[]): readonly Evidence[] {
  const one = (title: string, unit: 'count' | 'percent', of: (state: ScalerState) => number | null): Evidence => ({
    type: 'series',
    title,
    unit,
    points: states.flatMap((state): (readonly [number, number])[] => {
      const value = of(state);
      return value === null ? [] : [[Math.round(state.at - before.at), value]];
    }),
  });
  return [
    one('Replicas wanted', 'count', ({ desired }) => desired),
    one('Replicas ready', 'count', ({ ready }) => ready),
    ...before.metrics.map(({ name }) =>
      one(`${name}, share of its target`, 'percent', ({ metrics }) => {
        const pressure = metrics.find((metric) => metric.name === name)?.pressure ?? null;
        return pressure === null ? null : Math.round(pressure * 1000) / 10;
      }),
    ),
  ];
}

/** What batch jobs leave in a Pushgateway: it never expires, and each scrape dates it anew. */
import type { HttpClient } from '../../contract/http.ts';
import { duration } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import type { Say } from '../../kit/kind.ts';
import { query, selectorOf, type LabelSet } from '../../protocols/prometheus.ts';
import { labelText, labelValues, type TelemetrySource } from '../../protocols/telemetry.ts';

export const pushMessages = {
  notPushed: {
    says: '{subject}: {seen}, expected a push in the last {maxAge}.',
    fix: 'See whether the job ran and whether Prometheus scrapes the Pushgateway. Without honor_labels the job of a group is its exported_job.',
  },
  pushOld: {
    says: '{subject}: was last pushed {age} ago{refused}, expected {maxAge} at most.',
    fix: 'See why the job does not push: the Pushgateway serves the old values as if they were new until the group is deleted.',
  },
} as const;

export const pushesParam = {
  type: 'array',
  default: [],
  description: 'What batch jobs push: each group is as old as its push_time_seconds, however freshly it is scraped.',
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['labels'],
    properties: {
      labels: labelValues('Labels of its groups, for example {job: db-backup}.'),
      maxAge: duration('Oldest push that was accepted.', '26h'),
    },
  },
} as const;

interface Pushed {
  readonly labels: LabelSet;
  readonly maxAge: string;
}
/** A group of pushed metrics; Unix seconds, 0 for never, null where it is not told. */
export interface Push {
  readonly group: string;
  readonly accepted: number | null;
  readonly refused: number | null;
}

export async function pushesOf(
  http: HttpClient,
  source: TelemetrySource,
  pushes: readonly Pushed[],
): Promise<readonly (readonly Push[])[]> {
  return Promise.all(
    pushes.map(async ({ labels }) => {
      const timesOf = async (metric: string): Promise<ReadonlyMap<string, number>> =>
        new Map(
          (await query(http, source, `${metric}${selectorOf(labels)}`)).map((one) => [
            // Of the text the metric's name stands before the group.
            labelText(one.labels).replace(/^[^{]*/, ''),
            one.value,
          ]),
        );
      const [accepted, refused] = await Promise.all([
        timesOf('push_time_seconds'),
        timesOf('push_failure_time_seconds'),
      ]);
      return [...new Set([...accepted.keys(), ...refused.keys()])].map((group) => ({
        group,
        accepted: accepted.get(group) ?? null,
        refused: refused.get(group) ?? null,
      }));
    }),
  );
}

/** Clocks of the Pushgateway and of Prometheus may differ a little. */
const AHEAD_SECONDS = 60;

export function judgePushes(
  pushes: readonly Pushed[],
  seen: { readonly time: number; readonly pushes: readonly (readonly Push[])[] },
  say: Say<typeof pushMessages>,
): void {
  pushes.forEach(({ labels, maxAge }, index) => {
    const groups = seen.pushes[index] ?? [];
    if (groups.length === 0) {
      const subject = `Pushes ${selectorOf(labels)}`;
      say.judged(subject);
      say.fail('notPushed', subject, { seen: 'Prometheus has no push_time_seconds of it', maxAge });
    }
    for (const push of groups) judgePush(push, { time: seen.time, maxAge }, say);
  });
  if (pushes.length > 0)
    say.show(
      table(
        'Pushes',
        ['group', 'accepted', 'refused'],
        seen.pushes.flat().map(({ group, accepted, refused }) => [group, timeText(accepted), timeText(refused)]),
      ),
    );
}

function judgePush(
  { group, accepted, refused }: Push,
  { time, maxAge }: { readonly time: number; readonly maxAge: string },
  say: Say<typeof pushMessages>,
): void {
  const subject = `Push ${group}`;
  say.judged(subject);
  if (accepted === null || !Number.isFinite(accepted)) return say.unknown(subject, 'when it was last pushed');
  if (accepted <= 0) return say.fail('notPushed', subject, { seen: 'no push was ever accepted', maxAge });
  const age = time - accepted;
  if (age < -AHEAD_SECONDS)
    return say.unknown(subject, 'when it was last pushed: the time lies ahead of Prometheus’ clock');
  if (age * 1000 > durationMs(maxAge))
    say.fail('pushOld', subject, {
      age: formatMs(age * 1000),
      maxAge,
      refused: refused !== null && refused > accepted ? ` and a later push was refused (${timeText(refused)})` : '',
    });
}

const timeText = (seconds: number | null): string | null =>
  seconds === null || !(seconds > 0 && Number.isFinite(seconds)) ? null : new Date(seconds * 1000).toISOString();

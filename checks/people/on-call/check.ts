import { onCallSchema } from '../../contract/notify-schemas.ts';
import type { OnCallSource } from '../../contract/notify.ts';
import { duration } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import { attempt, kind, type Capabilities } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { secretsIn } from '../../protocols/notify/deliver.ts';
import { calendarText } from '../../protocols/on-call/calendar-source.ts';
import { calendarShifts } from '../../protocols/on-call/icalendar.ts';
import {
  grafanaSchedule,
  opsgenieSchedule,
  pagerdutyPolicy,
  pagerdutySchedule,
} from '../../protocols/on-call/schedules.ts';
import { gapsOf, type Rota, type Span } from '../../protocols/on-call/shifts.ts';

export const onCall = kind('people/on-call', {
  title: 'Somebody is on call throughout the release',
  why: 'A page that nobody is on call for is read in the morning.',
  sees: [
    'The schedules themselves, asked for the whole window: every moment of it has a person, on every level that is asked for.',
  ],
  not: [
    'Whether that person reads a page: a drill shows it.',
    'Of Opsgenie: the time between the twelve instants that are asked.',
  ],
  needs: ['http', 'files'],
  params: {
    schedules: {
      type: 'array',
      minItems: 1,
      items: onCallSchema,
      description: 'Schedules that must each cover the window, from the environment file: ${environment.onCall.NAME}.',
    },
    begin: {
      type: 'string',
      format: 'date-time',
      description: 'When the window begins (RFC 3339). Absent: now.',
    },
    window: duration('How long somebody must be on call.', '72h'),
  },
  required: ['schedules'],
  messages: {
    gap: {
      says: '{subject}: nobody is on call from {from} to {to} ({for}), expected somebody at every moment from {begin} to {end}.',
      fix: 'Put somebody into the schedule for that time.',
    },
  },
  rights: ({ schedules }) => mayReadSecrets(secretsIn(schedules)),

  async gather({ schedules, ...params }, can, { now }) {
    const window = windowOf(params, now);
    const asked = schedules.map(async (source) => {
      const answer = await attempt(() => rotasOf(source, can, window));
      return { schedule: nameOf(source), rotas: answer.seen ?? [], refusal: answer.refusal ?? null };
    });
    return await Promise.all(asked);
  },

  judge(params, seen, say, now) {
    const window = windowOf(params, now);
    const [begin, end] = [iso(window.from), iso(window.to)];
    const rows = seen.flatMap(({ schedule, rotas, refusal }) => {
      if (refusal) say.refused(refusal, schedule);
      return rotas.map(({ name, shifts, sampled }) => {
        const subject = rotas.length > 1 ? `${schedule}, ${name}` : schedule;
        const gaps = gapsOf(shifts, window);
        say.judged(subject);
        for (const gap of gaps)
          say.fail('gap', subject, {
            from: iso(gap.from),
            to: iso(gap.to),
            for: formatMs(gap.to - gap.from),
            begin,
            end,
          });
        const people = [...new Set(shifts.map(({ who }) => who))];
        return [subject, people.join(', '), shifts.length, gaps.length, sampled ? 'at twelve instants' : 'throughout'];
      });
    });
    say.show(table(`On call from ${begin} to ${end}`, ['schedule', 'people', 'shifts', 'gaps', 'looked at'], rows));
  },
});

const iso = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

function windowOf({ begin, window }: { readonly begin?: string; readonly window: string }, now: Date): Span {
  const from = begin === undefined ? now.getTime() : Date.parse(begin);
  return { from, to: from + durationMs(window) };
}

function nameOf(source: OnCallSource): string {
  if (source.type === 'icalendar') return `Calendar ${source.file ?? source.url ?? ''}`.trim();
  return source.type === 'pagerduty-policy' ? `Policy ${source.policy}` : `Schedule ${source.schedule}`;
}

async function rotasOf(
  source: OnCallSource,
  can: Pick<Capabilities, 'http' | 'files'>,
  window: Span,
): Promise<readonly Rota[]> {
  switch (source.type) {
    case 'pagerduty':
      return await pagerdutySchedule(can.http, source, window);
    case 'pagerduty-policy':
      return await pagerdutyPolicy(can.http, source, window);
    case 'opsgenie':
      return await opsgenieSchedule(can.http, source, window);
    case 'grafana-oncall':
      return await grafanaSchedule(can.http, source, window);
    case 'icalendar':
      return [await calendarShifts(await calendarText(source, can), window, source.timeZone)];
  }
}

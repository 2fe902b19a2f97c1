import { changesSchema } from '../../contract/change-schemas.ts';
import { duration } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import { kind } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { secretsIn } from '../../protocols/notify/deliver.ts';
import { instantText, momentOf, readCalendars, spanText } from './calendar.ts';

const { windows, freezes } = changesSchema.properties;

export const cutoverChangeWindow = kind('cutover/change-window', {
  title: 'Traffic may be moved now: within a change window, and in no freeze',
  why: 'A release that goes live at night or in the week of the sale finds nobody who can help.',
  sees: [
    'The calendars themselves, with their recurrences and time zones: this moment lies in a window, in no freeze, and the cutover ends before either changes.',
    'The process of the cutover looks again before it moves anything.',
  ],
  not: ['Whether the change was approved; people sign for that.'],
  needs: ['http', 'files'],
  params: {
    windows,
    freezes,
    lasts: duration('How long the cutover takes; the window must be open for as long.', '2h'),
  },
  messages: {
    outside: {
      says: '{subject}: {now} lies in none, expected one that is open for {lasts}. The next: {next}.',
      fix: 'Wait for the next window, or have one opened in the calendar.',
    },
    frozen: {
      says: '{subject}: it is frozen until {until} ({freeze}), expected no freeze while traffic moves. The next window: {next}.',
      fix: 'Wait for the next window, or have whoever declared the freeze lift it.',
    },
    tooShort: {
      says: '{subject}: may be moved until {until}, for {left}; expected {lasts}, as long as the cutover takes. The next window: {next}.',
      fix: 'Begin in the next window: half of a cutover is no state to leave users in.',
    },
  },
  rights: (params) => mayReadSecrets(secretsIn([...(params.windows ?? []), ...(params.freezes ?? [])])),
  // Read anew: the clock of the phase stands still, the windows do not.
  gather: async (params, can) => {
    const at = new Date();
    return { at: at.toISOString(), calendars: await readCalendars(params, can, at) };
  },
  judge(params, { at, calendars }, say) {
    const subject = 'Change windows';
    if (calendars.length === 0) return say.unsure('no-subjects', 'No window and no freeze is declared.');
    for (const { source, refusal } of calendars) if (refusal) say.refused(refusal, source);
    say.show(
      table(
        `Spans from ${at} on`,
        ['source', 'is', 'spans', 'the first'],
        calendars.map(({ source, role, spans, refusal }) => {
          const [first] = [...spans].sort((a, b) => a.from - b.from);
          return [source, role, refusal ? null : spans.length, first ? `${first.who}: ${spanText(first)}` : 'none'];
        }),
      ),
    );
    // What could not be read may be a freeze: the rest says nothing.
    if (calendars.some(({ refusal }) => refusal)) return;
    say.judged(subject);
    const now = Date.parse(at);
    const { lasts } = params;
    const moment = momentOf(calendars, params.windows !== undefined, now, durationMs(lasts));
    if (moment.may) return;
    const next = spanText(moment.next);
    if (moment.why === 'outside') return say.fail('outside', subject, { now: at, lasts, next });
    if (moment.why === 'frozen')
      return say.fail('frozen', subject, { until: instantText(moment.by.to), freeze: moment.by.who, next });
    say.fail('tooShort', subject, {
      until: instantText(moment.until),
      left: formatMs(moment.until - now),
      lasts,
      next,
    });
  },
});

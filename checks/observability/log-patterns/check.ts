import { durationMs, formatMs } from '../../contract/units.ts';
import { shortened, table } from '../../kit/evidence.ts';
import { kind, ObservationError } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { credentialIn } from '../../protocols/credential-text.ts';
import { countLines, lokiOf, newestLines } from '../../protocols/loki.ts';
import { promDuration, valueText } from '../../protocols/prometheus.ts';
import { params, type Params } from './params.ts';

const SHOWN = 5;

export const logPatterns = kind('observability/log-patterns', {
  title: 'Log streams show normal patterns',
  why: 'Errors that a retry hides from users are in the logs hours before they are in the metrics.',
  sees: [
    'Error lines a minute of each service against those of the release before, of the window before, or a declared number.',
    'Lines that must never appear.',
    'That lines were seen at all, and some that name a level.',
  ],
  not: ['What a service does not write.'],
  needs: ['http'],
  params,
  required: ['logs', 'services'],
  messages: {
    moreErrors: {
      says: '{subject}: {rate} error lines a minute over {window}, expected {bound} at most ({basis}).',
      fix: 'Read the newest error lines in the evidence; compare with what was deployed.',
    },
    forbidden: {
      says: '{subject}: {count} lines match /{pattern}/ over {window}, expected none.',
      fix: 'Read those lines in the evidence: a crash or an exhausted memory does not pass by itself.',
    },
  },
  rights: ({ logsToken }) => mayReadSecrets([logsToken]),

  async gather(given, { http }, { now }) {
    const source = lokiOf(given);
    const windowMs = durationMs(given.window);
    const window = promDuration(windowMs);
    if (windowMs === 0)
      throw new ObservationError('misconfigured', 'The window is 0, expected a time to look back on.');
    const matching = (selector: string, pattern: string): string => `${selector} |~ ${JSON.stringify(pattern)}`;
    const count = async (stream: string, offset = ''): Promise<number> => {
      const counted = await countLines(http, source, `sum(count_over_time(${stream} [${window}]${offset}))`);
      return counted.reduce((sum, { lines }) => sum + lines, 0);
    };
    const services = given.services.map(async ({ selector, maxErrorsPerMinute, baseline }) => {
      const errorLines = matching(selector, given.errorPattern);
      const before = async () => {
        const [stream, offset] = baseline === undefined ? [selector, ` offset ${window}`] : [baseline, ''];
        const asked = [stream, matching(stream, given.errorPattern)].map((one) => count(one, offset));
        const [all, wrong] = await Promise.all(asked);
        return { lines: all ?? 0, errors: wrong ?? 0 };
      };
      const [lines, levelled, errors, compared, forbidden] = await Promise.all([
        count(selector),
        count(matching(selector, given.levelPattern)),
        count(errorLines),
        maxErrorsPerMinute === undefined ? before() : null,
        Promise.all(given.forbidden.map((pattern) => count(matching(selector, pattern)))),
      ]);
      const wrong = [
        ...(errors > 0 ? [given.errorPattern] : []),
        ...given.forbidden.filter((_, index) => (forbidden[index] ?? 0) > 0),
      ];
      const times = { fromMs: now.getTime() - windowMs, toMs: Date.now(), limit: SHOWN };
      const examples = await Promise.all(
        wrong.map((pattern) => newestLines(http, source, matching(selector, pattern), times)),
      );
      return { lines, levelled, errors, before: compared, forbidden, examples: examples.flat().map(shownLine) };
    });
    return { services: await Promise.all(services) };
  },

  judge(given, seen, say) {
    const { services, forbidden, minLines, levelPattern } = given;
    const minutes = durationMs(given.window) / 60_000;
    const window = formatMs(durationMs(given.window));
    for (const [index, own] of seen.services.entries()) {
      const service: Partial<Params['services'][number]> = services[index] ?? {};
      const subject = `Logs of ${service.name ?? ''}`;
      const unsure = (why: string): void => say.unsure('no-positive-control', `${subject}: ${why}`, { subject });
      const normal = boundOf(service, own.before, given, minutes);
      const rate = own.errors / minutes;
      say.judged(subject);
      if (normal && rate > normal.bound)
        say.fail('moreErrors', subject, {
          rate: valueText(rate),
          window,
          bound: valueText(normal.bound),
          basis: normal.basis,
        });
      for (const [at, pattern] of forbidden.entries()) {
        const count = own.forbidden[at] ?? 0;
        if (count > 0) say.fail('forbidden', subject, { count, pattern, window });
      }
      if (own.lines < minLines)
        unsure(`fewer than ${minLines} lines over ${window}; no errors among no lines say nothing.`);
      else if (own.levelled === 0)
        unsure(
          `no line over ${window} names a level as /${levelPattern}/ reads it, so errors could not be told. Correct levelPattern and errorPattern.`,
        );
      if (!normal)
        unsure('there are no lines to compare with. Name the streams of the release before (baseline), or wait.');
    }
    const examples = seen.services.flatMap((own) => own.examples);
    say.show(
      table(
        `Lines over ${window}`,
        ['service', 'lines', 'error lines', 'error lines before', ...forbidden.map((pattern) => `/${pattern}/`)],
        seen.services.map((own, index) => [
          services[index]?.name ?? '',
          own.lines,
          own.errors,
          own.before?.errors ?? null,
          ...own.forbidden,
        ]),
      ),
    );
    if (examples.length > 0)
      say.show({ type: 'text', title: 'Newest of the lines in question', text: examples.join('\n') });
  },
});

/** A service that logs a credential must not have golive write it down once more. */
export function shownLine(line: string): string {
  const rule = credentialIn(line);
  return rule === null ? shortened(line, 300) : `(a line that holds a credential is not shown: ${rule})`;
}

/** What is normal, or null where there is nothing to compare with. */
function boundOf(
  { maxErrorsPerMinute, baseline }: Pick<Partial<Params['services'][number]>, 'maxErrorsPerMinute' | 'baseline'>,
  before: { readonly lines: number; readonly errors: number } | null,
  { tolerance, slack }: Params,
  minutes: number,
) {
  if (maxErrorsPerMinute !== undefined) return { bound: maxErrorsPerMinute, basis: 'as declared' };
  if (!before || before.lines === 0) return null;
  const rate = before.errors / minutes;
  return {
    bound: Math.max(rate * tolerance, rate + slack),
    basis: `${valueText(rate)} ${baseline === undefined ? 'in the window before' : 'of the release before'}`,
  };
}

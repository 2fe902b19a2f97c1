import { duration } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import {
  defineCheck,
  ObservationError,
  type Capabilities,
  type CheckContext,
  type Evidence,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { nameList, shortened, table } from '../../kit/evidence.ts';
import { judged } from '../../kit/judged.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { credentialIn } from '../../protocols/literal-credentials.ts';
import { countLines, newestLines, type LokiSource } from '../../protocols/loki.ts';
import { promDuration, valueText } from '../../protocols/prometheus.ts';
import { logsParams, sourceOf } from '../../protocols/telemetry.ts';

const messages = {
  moreErrors: {
    says: '{subject}: {rate} error lines a minute over {window}, expected {bound} at most ({basis}).',
    fix: 'Read the newest error lines in the evidence; compare with what was deployed.',
  },
  forbidden: {
    says: '{subject}: {count} lines match /{pattern}/ over {window}, expected none.',
    fix: 'Read those lines in the evidence: a crash or an exhausted memory does not pass by itself.',
  },
};
type Id = keyof typeof messages;
const SHOWN = 5;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['logs', 'services'],
  properties: {
    ...logsParams,
    services: {
      type: 'array',
      minItems: 1,
      description: 'Whose lines are judged.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'selector'],
        properties: {
          name: { type: 'string', minLength: 1, description: 'Name for people.' },
          selector: { type: 'string', pattern: '^\\{.+\\}$', description: 'Its streams in LogQL: {app="api"}.' },
          maxErrorsPerMinute: {
            type: 'number',
            minimum: 0,
            description: 'Error lines a minute that are normal. Absent: as many as in the window before.',
          },
        },
      },
    },
    errorPattern: {
      type: 'string',
      minLength: 1,
      default: '"level":"(error|fatal|critical)"',
      description: 'Regular expression (RE2) of an error line.',
    },
    levelPattern: {
      type: 'string',
      minLength: 1,
      default: '"level":"',
      description:
        'Regular expression (RE2) of any line that names a level as errorPattern reads it: some line must, or no error could be told.',
    },
    forbidden: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      default: [
        'panic:',
        'OutOfMemory|out of memory|OOMKilled',
        'Traceback \\(most recent call last\\)',
        'segmentation fault',
      ],
      description: 'Regular expressions (RE2) of lines that must not appear at all.',
    },
    window: duration('How far back lines are counted; the window before it is as long.', '15m'),
    tolerance: {
      type: 'number',
      minimum: 1,
      default: 1.5,
      description: 'How many times the window before may be exceeded, where that is the baseline.',
    },
    slack: {
      type: 'number',
      minimum: 0,
      default: 1,
      description:
        'Error lines a minute that are always allowed beside the window before: one more than none is no pattern.',
    },
    minLines: { type: 'integer', minimum: 1, default: 1, description: 'Lines of any kind that must have been seen.' },
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

interface ServiceLines {
  readonly lines: number;
  readonly errors: number;
  /** Lines that name a level. */
  readonly levelled?: number;
  /** In the window before; null where a number was declared instead. */
  readonly before: { readonly lines: number; readonly errors: number } | null;
  /** In the order of `forbidden`. */
  readonly forbidden: readonly number[];
  /** Some of the lines that are wrong. */
  readonly examples: readonly string[];
}
interface Gathered {
  readonly services: readonly ServiceLines[];
}

export const logPatterns = defineCheck({
  meta: {
    kind: 'observability/log-patterns',
    title: 'Log streams show normal patterns',
    why: 'Errors that a retry hides from users are in the logs hours before they are in the metrics.',
    sees: 'Error lines a minute of each service against the declared number or the window before, lines that must never appear, and that lines were seen at all. Not: what a service does not write.',
    needs: ['http'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ logsToken }: Params) => mayReadSecrets([logsToken]),
  gather,
  judge,
});

async function gather(params: Params, { http }: Pick<Capabilities, 'http'>, context: CheckContext): Promise<Gathered> {
  const { tenant } = params;
  const source: LokiSource = {
    ...sourceOf('Loki', params.logs, params.logsToken),
    ...(tenant === undefined ? {} : { tenant }),
  };
  if (durationMs(params.window) === 0)
    throw new ObservationError('misconfigured', 'The window is 0, expected a time to look back on.');
  const window = promDuration(durationMs(params.window));
  const count = async (stream: string, offset = ''): Promise<number> => {
    const counted = await countLines(http, source, `sum(count_over_time(${stream} [${window}]${offset}))`);
    return counted.reduce((sum, { lines }) => sum + lines, 0);
  };
  const errorFilter = ` |~ ${JSON.stringify(params.errorPattern)}`;
  const services = params.services.map(async ({ selector, maxErrorsPerMinute }): Promise<ServiceLines> => {
    const offset = ` offset ${window}`;
    const [lines, levelled, errors, before, forbidden] = await Promise.all([
      count(selector),
      count(`${selector} |~ ${JSON.stringify(params.levelPattern)}`),
      count(selector + errorFilter),
      maxErrorsPerMinute === undefined
        ? Promise.all([count(selector, offset), count(selector + errorFilter, offset)])
        : null,
      Promise.all(params.forbidden.map((pattern) => count(`${selector} |~ ${JSON.stringify(pattern)}`))),
    ]);
    const wrong = [
      ...(errors > 0 ? [params.errorPattern] : []),
      ...params.forbidden.filter((_, i) => (forbidden[i] ?? 0) > 0),
    ];
    const times = { fromMs: context.now.getTime() - durationMs(params.window), toMs: Date.now(), limit: SHOWN };
    const examples = await Promise.all(
      wrong.map((pattern) => newestLines(http, source, `${selector} |~ ${JSON.stringify(pattern)}`, times)),
    );
    return {
      lines,
      levelled,
      errors,
      before: before && { lines: before[0], errors: before[1] },
      forbidden,
      examples: examples.flat().map(shownLine),
    };
  });
  return { services: await Promise.all(services) };
}

/** A service that logs a credential must not have golive write it down once more. */
export function shownLine(line: string): string {
  const rule = credentialIn(line);
  return rule === null ? shortened(line, 300) : `(a line that holds a credential is not shown: ${rule})`;
}

const nameOfLogs = ({ name }: Params['services'][number]): string => `Logs of ${name}`;

function judge(params: Params, gathered: Gathered): Judgement<Id> {
  const minutes = durationMs(params.window) / 60_000;
  const window = formatMs(durationMs(params.window));
  const findings = params.services.flatMap((service, index): Finding<Id>[] => {
    const own = gathered.services[index];
    if (!own) return [];
    const subject = nameOfLogs(service);
    const bound = boundOf(service, own, params, minutes);
    const rate = own.errors / minutes;
    return [
      ...(bound === null || rate <= bound.perMinute
        ? []
        : [
            {
              message: 'moreErrors' as const,
              subject,
              data: { rate: valueText(rate), window, bound: valueText(bound.perMinute), basis: bound.basis },
            },
          ]),
      ...params.forbidden.flatMap((pattern, at): Finding<Id>[] => {
        const count = own.forbidden[at] ?? 0;
        return count === 0 ? [] : [{ message: 'forbidden', subject, data: { count, pattern, window } }];
      }),
    ];
  });
  const evidence = evidenceOf(params, gathered);
  const unseen = params.services.filter((_, index) => (gathered.services[index]?.lines ?? 0) < params.minLines);
  const baseless = params.services.filter((_, index) => gathered.services[index]?.before?.lines === 0);
  const cannotSay = (why: string): Judgement<Id> => ({
    outcome: 'inconclusive',
    reason: 'no-positive-control',
    why,
    evidence,
  });
  if (findings.length === 0 && unseen.length > 0)
    return cannotSay(
      `${nameList(unseen.map(nameOfLogs))}: fewer than ${params.minLines} lines over ${window}; no errors among no lines say nothing.`,
    );
  const unread = params.services.filter((_, index) => gathered.services[index]?.levelled === 0);
  if (findings.length === 0 && unread.length > 0)
    return cannotSay(
      `${nameList(unread.map(nameOfLogs))}: no line over ${window} names a level as /${params.levelPattern}/ reads it, so errors could not be told. Correct levelPattern and errorPattern.`,
    );
  if (findings.length === 0 && baseless.length > 0)
    return cannotSay(
      `${nameList(baseless.map(nameOfLogs))}: no lines in the window before, so there is no baseline. Declare maxErrorsPerMinute, or wait.`,
    );
  return judged(findings, params.services.map(nameOfLogs), evidence, '');
}

/** What is normal, or null where there is nothing to compare with. */
function boundOf(
  { maxErrorsPerMinute }: Params['services'][number],
  { before }: ServiceLines,
  { tolerance, slack }: Params,
  minutes: number,
): { readonly perMinute: number; readonly basis: string } | null {
  if (maxErrorsPerMinute !== undefined) return { perMinute: maxErrorsPerMinute, basis: 'as declared' };
  if (!before || before.lines === 0) return null;
  const rate = before.errors / minutes;
  return { perMinute: Math.max(rate * tolerance, rate + slack), basis: `${valueText(rate)} in the window before` };
}

function evidenceOf(params: Params, gathered: Gathered): [Evidence, ...Evidence[]] {
  const examples = gathered.services.flatMap((own) => own.examples);
  return [
    table(
      `Lines over ${formatMs(durationMs(params.window))}`,
      ['service', 'lines', 'error lines', 'error lines before', ...params.forbidden.map((pattern) => `/${pattern}/`)],
      params.services.map(({ name }, index) => {
        const own = gathered.services[index];
        return [name, own?.lines ?? null, own?.errors ?? null, own?.before?.errors ?? null, ...(own?.forbidden ?? [])];
      }),
    ),
    ...(examples.length === 0
      ? []
      : [{ type: 'text' as const, title: 'Newest of the lines in question', text: examples.join('\n') }]),
  ];
}

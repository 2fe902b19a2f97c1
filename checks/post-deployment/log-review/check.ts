import { duration } from '../../contract/param-schemas.ts';
import { durationMs } from '../../contract/units.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { attempt, kind, ObservationError, type Capabilities, type ParamsOf, type Say } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { shownTemplate, templateOf } from '../../protocols/log-templates.ts';
import { linesBetween, linesPerStep, lokiOf, type LogLine } from '../../protocols/loki.ts';
import { loggedService, logsParams } from '../../protocols/telemetry.ts';
import { whenceOf } from '../metrics.ts';
import { sayNotDue, sayWhence, windowAfter } from '../since.ts';

const HOUR_MS = 3_600_000;
/** Beginnings of a template that fit too much accept what nobody has read. */
const LEAST_OF_A_TEMPLATE = 8;

const params = {
  ...logsParams,
  services: {
    type: 'array',
    minItems: 1,
    description: 'Whose lines are reviewed.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['name', 'selector'],
      properties: {
        ...loggedService,
      },
    },
  },
  pattern: {
    type: 'string',
    minLength: 1,
    default: '"level":"(warn|error|fatal|critical)"',
    description: 'Regular expression (RE2) of the lines that are reviewed: by default those that tell of trouble.',
  },
  before: duration('How long before the approval lines are known from.', '24h'),
  for: duration('How long after the approval; before that it is not due.', '24h'),
  reviewed: {
    type: 'array',
    default: [],
    description: 'New lines that somebody has read, and what they come from.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['template', 'by', 'cause'],
      properties: {
        template: {
          type: 'string',
          minLength: LEAST_OF_A_TEMPLATE,
          description: 'The template as the finding names it, or its beginning.',
        },
        service: { type: 'string', minLength: 1, description: 'Of that service only; absent: of all.' },
        by: { type: 'string', minLength: 1, description: 'Name of the person who has read them.' },
        cause: { type: 'string', minLength: 1, description: 'Where they come from, or why they are accepted.' },
      },
    },
  },
} as const;
type Params = ParamsOf<typeof params, 'logs' | 'services'>;
type Reviewed = Params['reviewed'][number];

const messages = {
  newTemplate: {
    says: '{subject}: wrote {count} times "{template}" since the approval, first at {first}, which it did not write before; expected each new line to be read by somebody.',
    fix: 'Find out where it comes from; correct it, or name it under reviewed with who has read it and its cause.',
  },
} as const;

/** Lines of one template. */
interface Template {
  readonly template: string;
  readonly count: number;
  /** RFC 3339. */
  readonly first: string;
}
interface ServiceLines {
  /** Lines of any kind before the approval. */
  readonly anyBefore: number;
  /** Hours since the approval without a line of any kind, RFC 3339. */
  readonly silent: readonly string[];
  /** Templates before the approval. */
  readonly known: readonly string[];
  readonly since: readonly Template[];
  /** False: there are more lines than were read. */
  readonly isWhole: boolean;
}

export const logReview = kind('post-deployment/log-review', {
  title: 'Each new line of trouble since the approval has been read by somebody',
  why: 'What a release does wrong with all users and real data is in its log on the first day, in words that nobody has read before.',
  sees: [
    'Lines of trouble in the time after the approval, by template: numbers, names and addresses left out.',
    'That each template was written before the approval, too, or that a named person said where it comes from.',
    'That the service wrote lines of some kind in every hour.',
    'Once Loki has let go of them: that a run which still saw them passed.',
  ],
  not: ['Lines that tell of no trouble, unless `pattern` fits them.', 'How often a known line is written.'],
  needs: ['history', 'http'],
  params,
  required: ['logs', 'services'],
  messages,
  rights: ({ logsToken }) => mayReadSecrets([logsToken]),

  async gather(given, { history, http }, { item, now }) {
    const seen = await history.sinceApproval();
    const whence = whenceOf(seen);
    const { fromMs, isOver } = windowAfter(whence, durationMs(given.for), now);
    if (!isOver) return { ...whence, services: [], passed: null };
    const passed = seen.since.find(
      (one) => one.item === item && one.outcome === 'pass' && Date.parse(one.at) >= fromMs + durationMs(given.for),
    );
    const services = given.services.map(({ selector }) => attempt(() => linesOf(selector, fromMs, given, http)));
    return { ...whence, services: await Promise.all(services), passed: passed?.runId ?? null };
  },

  judge(given, { services, passed, ...whence }, say, now) {
    const length = durationMs(given.for);
    const window = windowAfter(whence, length, now);
    sayWhence(say, whence);
    if (!window.isOver) return sayNotDue(say, window, now, window.fromMs + length);
    for (const [index, { name }] of given.services.entries()) {
      const { seen, refusal } = services[index] ?? {};
      const subject = `Logs of ${name}`;
      say.judged(subject);
      if (refusal) say.refused(refusal, subject);
      if (seen) judgeService(subject, seen, { reviewedAs: reviewedOf(given.reviewed, name), passed }, say);
    }
  },
});

async function linesOf(
  selector: string,
  approvedMs: number,
  { logs, logsToken, tenant, pattern, ...given }: Params,
  http: Capabilities['http'],
): Promise<ServiceLines> {
  const source = lokiOf({ logs, logsToken, tenant });
  const before = { fromMs: approvedMs - durationMs(given.before), toMs: approvedMs };
  const since = { fromMs: approvedMs, toMs: approvedMs + durationMs(given.for) };
  if (Math.min(durationMs(given.before), durationMs(given.for)) < HOUR_MS)
    throw new ObservationError(
      'misconfigured',
      'before and for must be an hour or more: silence is looked for by the hour.',
    );
  const trouble = `${selector} |~ ${JSON.stringify(pattern)}`;
  const [hoursBefore, hours, old, fresh] = await Promise.all([
    linesPerStep(http, source, selector, { ...before, stepMs: HOUR_MS }),
    linesPerStep(http, source, selector, { ...since, stepMs: HOUR_MS }),
    linesBetween(http, source, trouble, before),
    linesBetween(http, source, trouble, since),
  ]);
  return {
    anyBefore: hoursBefore.reduce((sum, lines) => sum + lines, 0),
    silent: hours.flatMap((lines, hour) => (lines > 0 ? [] : [new Date(approvedMs + hour * HOUR_MS).toISOString()])),
    known: [...new Set(old.lines.map(({ line }) => templateOf(line)))],
    since: counted(fresh.lines),
    isWhole: old.isWhole && fresh.isWhole,
  };
}

function counted(lines: readonly LogLine[]): readonly Template[] {
  const found = new Map<string, { count: number; first: number }>();
  for (const { at, line } of lines) {
    const template = templateOf(line);
    const { count, first } = found.get(template) ?? { count: 0, first: at };
    found.set(template, { count: count + 1, first: Math.min(first, at) });
  }
  return [...found].map(([template, { count, first }]) => ({ template, count, first: new Date(first).toISOString() }));
}

const reviewedOf =
  (reviewed: Params['reviewed'], name: string) =>
  (template: string): Reviewed | undefined =>
    reviewed.find(({ template: one, service }) => (service ?? name) === name && template.startsWith(one));

interface Earlier {
  readonly reviewedAs: (template: string) => Reviewed | undefined;
  /** The run that passed once the time was over. */
  readonly passed: string | null;
}
function judgeService(
  subject: string,
  { anyBefore, silent, known, since, isWhole }: ServiceLines,
  { reviewedAs, passed }: Earlier,
  say: Say<typeof messages>,
): void {
  // What Loki has let go of was looked at while it was there: the first day does not change any more.
  if (anyBefore === 0 && since.length === 0 && passed !== null)
    return say.show({
      type: 'text',
      title: subject,
      text: `Loki keeps these lines no longer; run ${passed} has seen them.`,
    });
  const fresh = since.filter(({ template }) => !known.includes(template));
  if (anyBefore === 0)
    say.unsure(
      'no-positive-control',
      `${subject}: there is no line of before the approval, so that nobody can tell which are new. Loki may not keep them long enough.`,
      { subject },
    );
  else
    for (const { template, count, first } of fresh.filter((one) => reviewedAs(one.template) === undefined))
      say.fail('newTemplate', subject, { count, first, template: shownTemplate(template) });
  if (silent.length > 0)
    say.unsure(
      'too-few-samples',
      `${subject}: wrote no line at all in ${silent.length} hours since the approval (from ${nameList(silent, 3)}), so that some may have been lost.`,
      { subject },
    );
  if (!isWhole)
    say.unsure(
      'too-few-samples',
      `${subject}: wrote more lines of trouble than were read; name what is known in pattern.`,
      {
        subject,
      },
    );
  say.show(
    table(
      `${subject} since the approval, by template`,
      ['template', 'lines', 'first', 'read by', 'cause'],
      since.map(({ template, count, first }) => {
        const reviewed = reviewedAs(template);
        const isKnown = known.includes(template);
        return [
          shownTemplate(template),
          count,
          first,
          isKnown ? 'known before' : (reviewed?.by ?? null),
          reviewed?.cause ?? null,
        ];
      }),
    ),
  );
}

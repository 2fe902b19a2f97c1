import { duration } from '../../contract/param-schemas.ts';
import { durationMs } from '../../contract/units.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { attempt, kind, type Capabilities, type ParamsOf, type Say } from '../../kit/kind.ts';
import { compareCounts } from '../../kit/statistics/compare.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { shownTemplate, templatesOf } from '../../protocols/log-templates.ts';
import { countLines, lokiOf, newestLines } from '../../protocols/loki.ts';
import { promDuration } from '../../protocols/prometheus.ts';
import { logsParams, streamSelector } from '../../protocols/telemetry.ts';
import { cutoverParam, is, lastCutover, stepLog, stepNames, type Events } from '../log.ts';

const LINES_READ = 2000;
/** Confidence by which the new release is said to write more errors than the other. */
const SURE = 0.999;

const params = {
  cutover: cutoverParam,
  ...logsParams,
  services: {
    type: 'array',
    minItems: 1,
    description: 'Whose lines are judged.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['name', 'fresh', 'stable'],
      properties: {
        name: { type: 'string', minLength: 1, description: 'Name for people.' },
        fresh: streamSelector('Streams of the release that goes live: {app="api",version="2"}.'),
        stable: streamSelector('Streams of the release that serves until then.'),
      },
    },
  },
  errorPattern: {
    type: 'string',
    minLength: 1,
    default: '"level":"(warn|error|fatal|critical)"',
    description: 'Regular expression (RE2) of a line that tells of trouble.',
  },
  before: duration('How long before the cutover lines of the old release are known from.', '1h'),
  accepted: {
    type: 'array',
    items: { type: 'string', minLength: 1 },
    default: [],
    description: 'Templates, or their beginnings, that the new release may write as it does.',
  },
  tolerance: {
    type: 'number',
    minimum: 1,
    default: 1.5,
    description: 'How many times as many lines of trouble the new release may write for its share of the traffic.',
  },
} as const;
type Params = ParamsOf<typeof params, 'cutover' | 'logs' | 'services'>;

const messages = {
  newPattern: {
    says: '{subject}: at {weight} % the new release wrote {count} times "{template}", which the release before never wrote; expected no new line of trouble.',
    fix: 'Read these lines, and go back where nobody can say what they mean; put what is meant to be there under accepted.',
  },
  moreTrouble: {
    says: '{subject}: at {weight} % the new release wrote {fresh} lines of trouble beside {stable} of the other, expected {tolerance} times its share of the traffic at most.',
    fix: 'Read the newest of them, and see what the release changed; go back where it is not known.',
  },
} as const;

/** A step's time; Unix milliseconds. */
interface Step {
  readonly item: string;
  readonly weight: number;
  readonly from: number;
  readonly to: number;
}
interface Lines {
  readonly fresh: readonly string[];
  readonly stable: readonly string[];
}
interface ServiceLines {
  /** Of any kind, of the new release since the cutover began. */
  readonly any: number;
  /** Lines of trouble of the old release before the cutover. */
  readonly before: readonly string[];
  readonly steps: readonly Lines[];
}

export const cutoverLogPatterns = kind('cutover/log-patterns', {
  title: 'Log patterns were watched through every step of the cutover, and nothing new went wrong',
  why: 'A release that retries what fails is quick and correct until it is not: its log says so first, in words nobody has read before.',
  sees: [
    'Lines of trouble of the new release in the time of each step, by template: numbers, names and addresses left out. One that the release before never wrote, before or meanwhile, is a finding.',
    'How many of them each release wrote for its share of the traffic, step by step.',
    'That the new release wrote lines at all.',
  ],
  not: ['What is new in lines that tell of no trouble: it is what releases are for.', 'What a service does not write.'],
  needs: ['cutover', 'http'],
  required: ['cutover', 'logs', 'services'],
  params,
  messages,
  rights: ({ logsToken }) => mayReadSecrets([logsToken]),

  async gather(given, { cutover, http }) {
    const events = lastCutover(await cutover.events());
    const declared = events.find(is('begun'))?.steps ?? [];
    const steps = stepsOf(events);
    const missing = declared.filter(({ item }) => !steps.some((one) => one.item === item));
    const [first] = events;
    if (!first || steps.length === 0) return { declared: declared.length, missing, steps, services: [] };
    const begunAt = Date.parse(first.at);
    const services = given.services.map((one) => attempt(() => linesOf(one, { given, steps, begunAt }, http)));
    return { declared: declared.length, missing, steps, services: await Promise.all(services) };
  },

  judge(given, { declared, missing, steps, services }, say) {
    if (declared === 0) say.unsure('no-subjects', 'No cutover has begun.', { detail: 'not-begun' });
    else if (missing.length > 0)
      say.unsure(
        steps.length === 0 ? 'no-subjects' : 'too-few-subjects',
        `Steps that were not done cannot be watched: ${stepNames(missing)}.`,
        { detail: 'not-done' },
      );
    for (const [index, { seen, refusal }] of services.entries()) {
      const subject = `Logs of ${given.services[index]?.name ?? ''}`;
      say.judged(subject);
      if (refusal) say.refused(refusal, subject);
      if (seen) judgeService(subject, seen, { given, steps }, say);
    }
  },
});

function stepsOf(events: Events): readonly Step[] {
  const begun = events.find(is('begun'));
  return (begun?.steps ?? []).flatMap(({ item, weight }) => {
    const log = stepLog(events, item);
    const from = log?.events.find(is('shifted'))?.at;
    return log?.done && from !== undefined
      ? [{ item, weight, from: Date.parse(from), to: Date.parse(log.done.at) }]
      : [];
  });
}

interface Asked {
  readonly given: Params;
  readonly steps: readonly Step[];
  readonly begunAt: number;
}
async function linesOf(
  { fresh, stable }: Params['services'][number],
  { given, steps, begunAt }: Asked,
  http: Capabilities['http'],
): Promise<ServiceLines> {
  const source = lokiOf(given);
  const trouble = (stream: string, fromMs: number, toMs: number): Promise<readonly string[]> =>
    newestLines(http, source, `${stream} |~ ${JSON.stringify(given.errorPattern)}`, {
      fromMs,
      toMs,
      limit: LINES_READ,
    });
  const range = promDuration(Math.max(1000, Math.ceil((Date.now() - begunAt) / 1000) * 1000));
  const [any, before, ...both] = await Promise.all([
    countLines(http, source, `sum(count_over_time(${fresh} [${range}]))`),
    trouble(stable, begunAt - durationMs(given.before), begunAt),
    ...steps.map(async ({ from, to }) => ({
      fresh: await trouble(fresh, from, to),
      stable: await trouble(stable, from, to),
    })),
  ]);
  return { any: any.reduce((sum, { lines }) => sum + lines, 0), before, steps: both };
}

function judgeService(
  subject: string,
  seen: ServiceLines,
  { given, steps }: { readonly given: Params; readonly steps: readonly Step[] },
  say: Say<typeof messages>,
): void {
  const known = new Set(templatesOf([...seen.before, ...seen.steps.flatMap(({ stable }) => stable)]).keys());
  const isAccepted = (template: string): boolean => given.accepted.some((one) => template.startsWith(one));
  for (const [index, { weight, from, to }] of steps.entries()) {
    const { fresh, stable } = seen.steps[index] ?? { fresh: [], stable: [] };
    for (const [template, count] of templatesOf(fresh))
      if (!known.has(template) && !isAccepted(template))
        say.fail('newPattern', subject, { weight, count, template: shownTemplate(template) });
    const share = weight / 100;
    const [own, other] = [fresh.length, stable.length];
    // Once nobody is on the other one, its lines of before are what there is to compare with.
    const against =
      share < 1
        ? { events: other, exposure: (1 - share) * (to - from) }
        : { events: seen.before.length, exposure: durationMs(given.before) };
    const { low } = compareCounts({ events: own, exposure: share * (to - from) }, against, SURE);
    if (own > 0 && low > given.tolerance)
      say.fail('moreTrouble', subject, { weight, fresh: own, stable: against.events, tolerance: given.tolerance });
  }
  if (seen.any === 0)
    say.unsure(
      'no-positive-control',
      `${subject}: the new release wrote no line since the cutover began; no trouble among no lines says nothing.`,
      { subject },
    );
  if (
    Math.max(seen.before.length, ...seen.steps.flatMap(({ fresh, stable }) => [fresh.length, stable.length])) >=
    LINES_READ
  )
    say.unsure(
      'too-few-samples',
      `${subject}: more than ${LINES_READ} lines of trouble in one stretch of time; not all were read.`,
      { subject },
    );
  say.show(
    table(
      subject,
      ['step, %', 'lines of trouble, new release', 'old release', 'templates of the new release'],
      steps.map(({ weight }, index) => {
        const { fresh, stable } = seen.steps[index] ?? { fresh: [], stable: [] };
        return [weight, fresh.length, stable.length, nameList([...templatesOf(fresh).keys()].map(shownTemplate))];
      }),
    ),
  );
}

import { durationMs, formatMs } from '../../contract/units.ts';
import { duration, endpoint, secretRef } from '../../contract/param-schemas.ts';
import { table } from '../../kit/evidence.ts';
import { kind, ObservationError, type Capabilities, type ParamsOf } from '../../kit/kind.ts';
import { compareMeans, type Moments } from '../../kit/statistics/compare.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { promDuration, query, serverTime, valueText } from '../../protocols/prometheus.ts';
import { ask, sourceOf } from '../../protocols/telemetry.ts';
import { chanceParam, judgeChange, messages as ofChanges, toleranceSchemas } from '../held.ts';
import { judgeStretches, stretchesOf, stretchParams, type Stretch } from '../stretches.ts';
import { momentsOfSamples, momentsWithin, ratingsOfCsv, ratingsOfJson } from './ratings.ts';

const params = {
  ...stretchParams,
  prometheus: {
    ...endpoint,
    description: 'Prometheus, where ratings are a metric: ${environment.endpoints.prometheus}.',
  },
  query: {
    type: 'string',
    pattern: '\\$window',
    description: 'PromQL of how often each score was given: "sum by (score) (increase(ratings_total[$window]))".',
  },
  label: { type: 'string', minLength: 1, default: 'score', description: 'Label of the query that names the score.' },
  file: {
    type: 'string',
    minLength: 1,
    description: 'A CSV of the project with date, score and count, in place of a metric.',
  },
  service: {
    ...endpoint,
    description: 'What answers ratings as JSON, in place of a metric: a list of {date, score, count}.',
  },
  token: { ...secretRef, description: 'Bearer token for Prometheus or the service, where it asks for one.' },
  minRatings: {
    type: 'integer',
    minimum: 2,
    default: 30,
    description: 'Ratings that must have been given since the release.',
  },
  maxAge: duration('How old the latest rating of a file or service may be.', '24h'),
  good: toleranceSchemas.good,
  effect: {
    ...toleranceSchemas.effect,
    description: 'The least change of the mean score that matters: 0.1 is a tenth of it.',
  },
  chance: chanceParam,
} as const;
type Params = ParamsOf<typeof params>;
const SUBJECT = 'Satisfaction';

export const businessSatisfaction = kind('business/satisfaction', {
  title: 'Customers are as satisfied as before the release',
  why: 'Users who are annoyed do not send errors: they leave.',
  sees: [
    'The mean of the scores given since all users are on the new release, against those of a time before it, with the interval of the change.',
    'That enough were given, and that the latest of them is not old.',
  ],
  not: ['Who gave them: people who rate are not all users.', 'Whether they rate the release or something else.'],
  needs: ['http', 'files', 'cutover'],
  params,
  rules: { oneOf: [{ required: ['prometheus', 'query'] }, { required: ['file'] }, { required: ['service'] }] },
  messages: {
    ...ofChanges,
    old: {
      says: '{subject}: the latest rating is {age} old, expected one within {expected}.',
      fix: 'Repair what collects the ratings: what people thought of an earlier release says nothing of this one.',
    },
  },
  rights: ({ token }) => mayReadSecrets([token]),

  async gather(given, can, { now }) {
    const events = await can.cutover.events();
    if (given.prometheus && given.query !== undefined) {
      const source = sourceOf('Prometheus', given.prometheus, given.token);
      const time = await serverTime(can.http, source);
      const stretches = stretchesOf(given, time, events);
      const moments = async ({ start, end }: Stretch): Promise<Moments> => {
        const text = (given.query ?? '').replaceAll('$window', promDuration((end - start) * 1000));
        const ago = Math.round((time - end) * 1000);
        const asked = ago === 0 ? text : shifted(text, ago);
        return momentsOfSamples(await query(can.http, source, asked), given.label);
      };
      return { stretches, now: await moments(stretches.now), before: await moments(stretches.before), age: null };
    }
    const stretches = stretchesOf(given, now.getTime() / 1000, events);
    const ratings = await read(given, can);
    const latest = Math.max(...ratings.map((one) => one.at));
    return {
      stretches,
      now: momentsWithin(ratings, stretches.now),
      before: momentsWithin(ratings, stretches.before),
      age: ratings.length === 0 ? null : stretches.now.end - latest,
    };
  },

  judge(given, { stretches, now, before, age }, say) {
    judgeStretches(stretches, say);
    say.judged(SUBJECT);
    const most = durationMs(given.maxAge);
    if (age !== null && age * 1000 > most)
      say.fail('old', SUBJECT, { age: formatMs(age * 1000), expected: formatMs(most) });
    for (const [when, { count }] of [
      ['since the release', now],
      ['before the release', before],
    ] as const)
      if (count < given.minRatings)
        say.unsure(
          'too-few-samples',
          `${SUBJECT}: ${valueText(count)} ratings ${when}, expected at least ${given.minRatings}. Wait for more, or look further back.`,
          { subject: SUBJECT },
        );
    const enough = Math.min(now.count, before.count) >= given.minRatings;
    if (enough)
      judgeChange(SUBJECT, (confidence) => compareMeans(now, before, confidence), { ...given, family: 1 }, say);
    const row = (when: string, { count, mean }: Moments) => [when, valueText(count), valueText(mean)];
    say.show(table('Ratings', ['when', 'count', 'mean score'], [row('before', before), row('now', now)]));
  },
});

/** The same query of a time that long ago: every range of it is moved. */
function shifted(promql: string, agoMs: number): string {
  return promql.replaceAll(/\[[^\]]+\]/g, (range) => `${range} offset ${promDuration(agoMs)}`);
}

async function read({ file, service, token }: Params, { files, http }: Pick<Capabilities, 'files' | 'http'>) {
  if (file !== undefined) return ratingsOfCsv(await files.read(file), file);
  if (!service) throw new ObservationError('misconfigured', 'The item names no source of ratings.');
  const source = sourceOf('The ratings service', service, token);
  const { status, body } = await ask(http, source, '');
  if (status !== 200)
    throw new ObservationError(
      status === 401 || status === 403 ? 'forbidden' : 'protocol',
      `${source.name} answered ${status}, expected 200.`,
    );
  return ratingsOfJson(body, service.url);
}

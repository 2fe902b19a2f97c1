import { kind } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { rules } from '../../protocols/prometheus.ts';
import { inGoodTimes, type Selector } from '../../protocols/promql.ts';
import { largestBucket, seriesBehind } from '../../protocols/series-behind.ts';
import { prometheusOf } from '../../protocols/telemetry.ts';
import { isOne, judge, messages } from './judge.ts';
import { params } from './params.ts';

export const alertRules = kind('observability/alert-rules', {
  title: 'The required alerts are configured and select data',
  why: 'A rule on a metric that was renamed loads, shows no error and never fires.',
  sees: [
    'Each required rule is loaded, evaluated without error and often enough, patient (for, within a bound) and has a runbook.',
    'Some state of the platform can fulfil its expression: a share never exceeds 1, a count is never negative, a quantile lies within the buckets of its histogram.',
    'Where the item says so: it fires at one value, and not yet at another.',
    'Of the tiers of one alert, which differ in nothing but the severity, one has the required severity.',
    'Every selector of its expression finds series. A matcher by regular expression only asks for its label: its values may come with the trouble.',
    'The job of a metric that exists only in trouble is scraped.',
  ],
  not: ['Whether its threshold is right, where the item says no value at which it must fire.'],
  needs: ['http'],
  params,
  required: ['prometheus', 'required'],
  messages,
  rights: ({ prometheusToken }) => mayReadSecrets([prometheusToken]),

  async gather(given, { http }) {
    const source = prometheusOf(given);
    const loaded = await rules(http, source);
    const records = loaded.filter((rule) => rule.kind === 'recording').map(({ name, query }) => ({ name, query }));
    const wanted = loaded.filter((rule) => given.required.some((one) => isOne(rule, one)));
    // One that watches nothing is true always (a watchdog) or never.
    const selected = wanted.map(async (rule) => ({
      ...rule,
      largestBucket: await largestBucket(
        http,
        source,
        [rule.query, ...records.filter(({ name }) => rule.query.includes(name)).map(({ query }) => query)].join(' or '),
      ),
      selected: await seriesBehind(http, source, rule.query, (one) => watched(one, given.onlyInTrouble)),
    }));
    return { rules: await Promise.all(selected), records };
  },
  judge,
});

/** What must have data while all is well: of a metric that exists only in trouble no more than that its job is scraped. */
function watched(selector: Selector, onlyInTrouble: readonly string[]): readonly Selector[] {
  if (!onlyInTrouble.includes(selector.metric)) return [inGoodTimes(selector)];
  const job = selector.matchers.filter(({ name, operator }) => name === 'job' && operator === '=');
  return job.length === 0 ? [] : [{ metric: 'up', matchers: job }];
}

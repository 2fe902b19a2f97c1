import { duration, endpoint, secretRef, WINDOW_PATTERN } from '../../contract/param-schemas.ts';
import { TRIGGER_METRICS } from '../../contract/cutover.ts';
import { DURATION_PATTERN } from '../../contract/units.ts';
import { kind } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { cutoverParam, is, lastCutover } from '../log.ts';
import { judge, messages, type Seen } from './judge.ts';
import { ruleOf } from './rule.ts';
import { replay, seriesOf } from './series.ts';

const prometheus = {
  type: 'object',
  additionalProperties: false,
  required: ['endpoint', 'query', 'tolerance'],
  description:
    'A second source besides the probes. The worse of both values counts; while they differ, or one says nothing, there is no value.',
  properties: {
    endpoint: {
      ...endpoint,
      description: 'Prometheus, from the environment file: ${environment.endpoints.prometheus}.',
    },
    token: { ...secretRef, description: 'Bearer token for Prometheus, where it asks for one.' },
    query: {
      type: 'string',
      pattern: WINDOW_PATTERN,
      description:
        'PromQL of one number, in the unit of the threshold, over all that users are sent. It looks back over ${window}: the window of the trigger, but never fewer than four scrapes.',
    },
    tolerance: {
      type: 'number',
      minimum: 0,
      description:
        'How far it may be from what the probes saw over the same stretch of time, in the unit of the threshold. From there on up it means nothing.',
    },
    scrapeInterval: {
      ...duration('How often', '15s'),
      description: 'How often Prometheus scrapes what the query reads. A fact, so never compressed.',
    },
  },
} as const;

const business = {
  type: 'object',
  additionalProperties: false,
  required: ['endpoint', 'metrics'],
  description:
    'What the metric business watches: events that users bring, on the release that goes live beside the other one.',
  properties: {
    endpoint: {
      ...endpoint,
      description: 'Prometheus, from the environment file: ${environment.endpoints.prometheus}.',
    },
    token: { ...secretRef, description: 'Bearer token for Prometheus, where it asks for one.' },
    metrics: {
      type: 'array',
      minItems: 1,
      description: 'Each alone takes traffic back.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'fresh', 'stable'],
        properties: {
          name: { type: 'string', minLength: 1, description: 'For people: "Orders".' },
          fresh: {
            type: 'string',
            minLength: 1,
            description:
              'PromQL of the counter on the release that goes live, 0 where it has none yet: "sum(orders_total{version=\"2\"}) or vector(0)". For money: divided by what one event brings.',
          },
          stable: { type: 'string', minLength: 1, description: 'The same on the release that serves until then.' },
          good: {
            type: 'string',
            enum: ['up', 'down', 'steady'],
            default: 'up',
            description: 'Which way is good: more, less, or neither.',
          },
          effect: {
            type: 'number',
            exclusiveMinimum: 0,
            exclusiveMaximum: 0.9,
            default: 0.2,
            description: 'The least change that matters: 0.2 is a fifth. One of a third of it is never enough.',
          },
          dispersion: {
            type: 'number',
            minimum: 1,
            default: 1,
            description: 'Variance of a count over its mean: more than 1 where events come in clusters, or are money.',
          },
          level: {
            type: 'string',
            pattern: DURATION_PATTERN,
            description:
              'Where the queries give a level, such as a mean rating, and not a counter: the stretch of time each value looks back over. Stretches are compared by which release does better; where two standard deviations lie between them, a hundred stretches show it. While all users are on one release nothing is compared.',
          },
        },
      },
    },
    chance: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 0.05,
      default: 0.01,
      description: 'Chance at most that traffic goes back without reason, over the whole cutover and all metrics.',
    },
    scrapeInterval: {
      ...duration('How often', '15s'),
      description: 'How often Prometheus scrapes the counters. A fact, so never compressed.',
    },
  },
} as const;

export const cutoverTrigger = kind('cutover/trigger', {
  title: 'A trigger fires when its metric is in breach for long enough, and never otherwise',
  why: 'A trigger that was never seen firing may be one that cannot.',
  sees: [
    'The evaluator of the cutover, replayed against synthetic series made from this very rule: a lasting breach fires exactly in time, values at the threshold and breaches that come and go never do, missing data does what is declared.',
    'The cutover and the rehearsal of its rollback run with this rule.',
    'It had a value, and not one in breach, from each of its sources when the rollback was rehearsed, and the sources agreed.',
  ],
  not: [],
  needs: ['cutover'],
  required: ['cutover', 'metric', 'threshold', 'for'],
  params: {
    cutover: cutoverParam,
    metric: {
      type: 'string',
      enum: TRIGGER_METRICS,
      description:
        'What is watched: the share of failed requests, P95 of their times, how many critical services do not answer, or how many business metrics surely do worse on the new release.',
    },
    threshold: {
      type: 'number',
      minimum: 0,
      description: 'Above this is a breach: a share from 0 to 1 (error-rate), milliseconds (p95), services, metrics.',
    },
    for: {
      ...duration('How long a breach lasts before it fires.', '0s'),
      description: 'How long a breach must last without interruption before traffic goes back; 0s: at once.',
    },
    window: {
      ...duration('The stretch of time.', '1m'),
      description: 'The stretch of time each value is made from.',
    },
    minSamples: { type: 'integer', minimum: 1, default: 50, description: 'Requests without which there is no value.' },
    onNoData: {
      type: 'string',
      enum: ['hold', 'fail'],
      default: 'hold',
      description: 'Without a value: hold lets no step end meanwhile, fail counts as a breach.',
    },
    prometheus,
    business,
  },
  rules: { if: { properties: { metric: { const: 'business' } } }, then: { required: ['business'] } },
  messages,
  // The process of the cutover asks with them.
  rights: ({ prometheus, business }) => mayReadSecrets([prometheus?.token, business?.token]),

  async gather(params, { cutover }, { item }): Promise<Seen> {
    const rehearsal = await cutover.rehearsal();
    const rule = ruleOf(params);
    return {
      item,
      running: lastCutover(await cutover.events()).find(is('begun')) ?? rehearsal.find(is('begun')) ?? null,
      live: rehearsal.filter(is('trigger')).findLast((one) => one.item === item) ?? null,
      states: Object.fromEntries(seriesOf(rule).map((series) => [series.name, replay(rule, series)])),
    };
  },
  judge,
});

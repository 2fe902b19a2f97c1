import { duration, endpoint, secretRef, WINDOW_PATTERN } from '../../contract/param-schemas.ts';
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
      enum: ['error-rate', 'p95', 'critical-service'],
      description:
        'What is watched: the share of failed requests, P95 of their times, or how many critical services do not answer.',
    },
    threshold: {
      type: 'number',
      minimum: 0,
      description: 'Above this is a breach: a share from 0 to 1 (error-rate), milliseconds (p95), services.',
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
  },
  messages,
  // The process of the cutover asks with them.
  rights: ({ prometheus }) => mayReadSecrets([prometheus?.token]),

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

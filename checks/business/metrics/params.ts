import { duration } from '../../contract/param-schemas.ts';
import type { ParamsOf } from '../../kit/kind.ts';
import { prometheusParams } from '../../protocols/telemetry.ts';
import { chanceParam, toleranceSchemas } from '../held.ts';
import { stretchParams } from '../stretches.ts';

const query = (description: string) => ({ type: 'string', pattern: '\\$block', description }) as const;

export const params = {
  ...prometheusParams,
  ...stretchParams,
  metrics: {
    type: 'array',
    minItems: 1,
    description: 'What the business watches; each is judged.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['name', 'is', 'query'],
      properties: {
        name: { type: 'string', minLength: 1, description: 'For people: "Orders".' },
        is: {
          type: 'string',
          enum: ['count', 'share', 'level'],
          description:
            '`count`: events; `share`: events among those of `of`; `level`: a value at each moment, such as money a minute.',
        },
        query: query(
          'PromQL of one number over a block of time, written $block: "sum(increase(orders_total[$block]))".',
        ),
        of: query('For a share: PromQL of all among which they are counted.'),
        ...toleranceSchemas,
        dispersion: {
          type: 'number',
          minimum: 1,
          default: 1,
          description:
            'Variance of a count over its mean, at the least: more than 1 where events come in clusters. What was measured before the release counts where it is more.',
        },
      },
    },
  },
  block: duration('Both stretches of time are cut into blocks of this length.', '5m'),
  minCoverage: {
    type: 'number',
    exclusiveMinimum: 0,
    maximum: 1,
    default: 0.8,
    description: 'Share of the blocks that must have a value.',
  },
  chance: chanceParam,
} as const;
export type Params = ParamsOf<typeof params, 'prometheus' | 'metrics'>;
export type Metric = Params['metrics'][number];

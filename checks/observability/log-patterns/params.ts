import { duration } from '../../contract/param-schemas.ts';
import type { ParamsOf } from '../../kit/kind.ts';
import { loggedService, logsParams, streamSelector } from '../../protocols/telemetry.ts';

export const params = {
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
        ...loggedService,
        maxErrorsPerMinute: {
          type: 'number',
          minimum: 0,
          description: 'Error lines a minute that are normal. Absent: as many as those it is compared with.',
        },
        baseline: streamSelector(
          'Streams of the release before, over the same window: {app="api",colour="green"}. Absent: its own, in the window before.',
        ),
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
    description: 'How many times the baseline may be exceeded.',
  },
  slack: {
    type: 'number',
    minimum: 0,
    default: 1,
    description: 'Error lines a minute that are always allowed beside the baseline: one more than none is no pattern.',
  },
  minLines: { type: 'integer', minimum: 1, default: 1, description: 'Lines of any kind that must have been seen.' },
} as const;
export type Params = ParamsOf<typeof params, 'logs' | 'services'>;

/** Faults of the two weeks after the approval, which the rehearsal simulates, and of what its people say of them. */
import type { Fault } from './fault.ts';

export const dayFaults: readonly Fault[] = [
  {
    name: 'days-gap',
    title: 'The CronJob of the verification was suspended from the twentieth hour to the fiftieth',
    inject: [{ lever: 'days.gap', with: { from: 20, to: 50 } }],
  },
  {
    name: 'days-slower',
    title: 'Since the approval the release answers more slowly than was promised',
    inject: [{ lever: 'days.change', with: { metric: 'Response time P95', from: 0, factor: 1.6 } }],
  },
  {
    name: 'days-growing',
    title: 'Responses take eight percent longer each day',
    inject: [{ lever: 'days.grow', with: { metric: 'Response time P95', perDay: 0.08 } }],
  },
  {
    name: 'days-restless',
    title: 'From day 4 on responses are as quick as before on average, and far less even',
    inject: [{ lever: 'days.change', with: { metric: 'Response time P95, spread', from: 96, factor: 2.2 } }],
  },
  {
    name: 'days-scaled-by-hand',
    title: 'Somebody doubled the replicas at midday of day 1, and no load asked for it',
    inject: [{ lever: 'days.change', with: { metric: 'API replicas', from: 12, factor: 2 } }],
  },
  {
    name: 'days-dearer',
    title: 'A request costs half as much again as it did before',
    inject: [{ lever: 'days.change', with: { metric: 'Cost per 1,000 requests', from: 0, factor: 1.5 } }],
  },
  {
    name: 'days-new-risk',
    title: 'A critical vulnerability of a running image has become known since the approval',
    inject: [
      { lever: 'days.finding', with: { item: 'P1-IMG-004', id: 'critical', subject: 'Image mcp-typescript-server' } },
    ],
  },
  {
    name: 'days-new-line',
    title: 'From midday of day 1 a service warns of something that nobody has read of before',
    inject: [
      {
        lever: 'days.log',
        with: {
          stream: 'mcp-production_mcp-learning-system-day1_learning',
          level: 'error',
          message: 'lock was not released',
          from: 12,
        },
      },
    ],
  },
  {
    name: 'rollback-rehearsed-long-ago',
    title: 'The rollback of this release was rehearsed in another environment five weeks ago, and never again',
    inject: [{ lever: 'days.rollback', with: { days: 35 } }],
  },
  {
    name: 'later-attestations-changed',
    title: 'Somebody has changed what was attested about the weeks after the approval',
    inject: [
      { lever: 'people.change-attestation', with: { item: 'PD-WEE-004' } },
      { lever: 'people.change-attestation', with: { item: 'PD-TWO-003' } },
      { lever: 'people.change-attestation', with: { item: 'PD-TWO-004' } },
    ],
  },
];

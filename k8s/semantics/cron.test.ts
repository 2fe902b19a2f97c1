import { describe, expect, it } from 'vitest';
import { cronProblem, startsBetween } from './cron.ts';

function starts(cron: string, zone: string, from: string, to: string): readonly string[] {
  return startsBetween(cron, zone, new Date(from), new Date(to)).map((at) => at.toISOString());
}

describe('a schedule starts as a CronJob does', () => {
  it('has 23 hourly starts on the day that the clocks go forward, and 25 when they go back', () => {
    expect(starts('7 * * * *', 'Europe/Berlin', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z')).toHaveLength(23);
    expect(starts('7 * * * *', 'Europe/Berlin', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z')).toHaveLength(25);
  });

  it('does not start in an hour that is skipped, and starts twice in one that is repeated', () => {
    expect(starts('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', '2026-03-30T12:00:00Z')).toEqual([
      '2026-03-30T00:30:00.000Z',
    ]);
    expect(starts('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', '2026-10-25T12:00:00Z')).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-25T01:30:00.000Z',
    ]);
  });

  it('takes either of a day of the month and a day of the week', () => {
    expect(starts('0 0 1 * 1', 'Etc/UTC', '2026-10-25T00:00:00Z', '2026-11-02T00:00:00Z')).toEqual([
      '2026-10-26T00:00:00.000Z',
      '2026-11-01T00:00:00.000Z',
      '2026-11-02T00:00:00.000Z',
    ]);
  });

  it('knows zones far from UTC, and of half hours', () => {
    expect(starts('0 6 * * *', 'Pacific/Kiritimati', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z')).toEqual([
      '2026-01-01T16:00:00.000Z',
    ]);
    expect(starts('0 6 * * *', 'Asia/Kathmandu', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z')).toEqual([
      '2026-01-01T00:15:00.000Z',
    ]);
  });
});

describe('what Kubernetes refuses', () => {
  const UTC = 'Etc/UTC';
  it.each([
    ['* * * * * *', UTC, /five fields.*has 6/],
    ['@every 5m', UTC, /one of @yearly/],
    ['CRON_TZ=UTC 0 * * * *', UTC, /write timeZone/],
    ['0 0 L * *', UTC, /"L", which Kubernetes does not know/],
    ['0 25 * * *', UTC, /is no cron expression/],
    ['0 0 31 2 *', UTC, /matches no time/],
    ['0 * * * *', 'Europe/Atlantis', /time zone that nobody knows/],
  ])('%s in %s', (cron, zone, why) => {
    expect(cronProblem(cron, zone)).toMatch(why);
  });

  it.each(['7 * * * *', '@hourly', '*/15 8-18 * * MON-FRI', '5 4 1,15 jan ?'])('%s is accepted', (cron) => {
    expect(cronProblem(cron, UTC)).toBeUndefined();
  });
});

import { expect, it } from 'vitest';
import { parseYamlFile } from '../yaml/parse.ts';
import { scheduleProblems, schedulesOf } from './read.ts';

const ITEMS = [
  { phase: 'post-deployment', raw: { id: 'PD-DAY-001' } },
  { phase: 'phase5', raw: { id: 'P5-HEA-001' } },
] as const;

function problemsOf(text: string): readonly string[] {
  const yaml = parseYamlFile(text, 'checklist.yaml');
  return scheduleProblems((yaml.value as { schedules: unknown }).schedules, ITEMS, yaml).map(
    ({ line, column, message }) => `${line}:${column} ${message}`,
  );
}

it('says every fault with its place, all at once', () => {
  const text = [
    'schedules:',
    "  - { name: hourly, cron: '7 * * *', phase: post-deployment, deadline: 30m }",
    "  - { name: hourly, cron: '@hourly', phase: phase5, items: [PD-DAY], deadline: 30m }",
    "  - { name: daily, cron: '0 6 * * *', timeZone: Mars/Olympus, phase: phase5, deadline: 30m }",
  ].join('\n');
  expect(problemsOf(text)).toEqual([
    expect.stringMatching(/^2:\d+ must be five fields .* has 4$/),
    expect.stringMatching(/^3:\d+ hourly is used twice$/),
    expect.stringMatching(/^3:\d+ no item of phase5 begins with PD-DAY$/),
    expect.stringMatching(/^4:\d+ has a time zone that nobody knows: "Mars\/Olympus"$/),
  ]);
});

it('reads what is written, UTC where no zone is named', () => {
  const [one] = schedulesOf([{ name: 'hourly', cron: '@hourly', phase: 'phase5', deadline: '30m' }]);
  expect(one).toEqual({
    name: 'hourly',
    cron: '@hourly',
    timeZone: 'Etc/UTC',
    phase: 'phase5',
    items: [],
    deadlineMs: 1_800_000,
  });
});

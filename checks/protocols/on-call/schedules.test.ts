/** Who is on call, by answers as PagerDuty, Opsgenie, Jira Service Management and Grafana OnCall give them, page by page. */
import { describe, expect, it } from 'vitest';
import type { HttpClient } from '../../contract/http.ts';
import { grafanaSchedule, opsgenieSchedule, pagerdutyPolicy } from './schedules.ts';

const token = { from: 'env', name: 'TOKEN' } as const;
const window = { from: Date.parse('2026-11-30T09:00:00Z'), to: Date.parse('2026-12-01T09:00:00Z') };
/** Answers by the first text that the address contains; remembers what was asked. */
function answering(answers: readonly (readonly [part: string, body: unknown])[]) {
  const asked: string[] = [];
  const http: HttpClient = {
    request: ({ url }) => {
      asked.push(url);
      const [, body] = answers.find(([part]) => url.includes(part)) ?? ['', { message: `nobody answers ${url}` }];
      return Promise.resolve({ status: 200, headers: {}, body: JSON.stringify(body), truncated: false, ms: 1 });
    },
  };
  return { http, asked };
}

describe('PagerDuty', () => {
  const entry = (level: number, user: string, start: string | null, end: string | null) => ({
    escalation_policy: { id: 'PSHOPEP', type: 'escalation_policy_reference' },
    escalation_level: level,
    schedule: start === null ? null : { id: 'PSHOPS1', type: 'schedule_reference' },
    user: { id: user, type: 'user_reference', summary: user },
    start,
    end,
  });
  const week = ['2026-11-30T08:00:00Z', '2026-12-07T08:00:00Z'] as const;

  it('has its third level on the second page, held for ever by a person outside any schedule', async () => {
    const { http, asked } = answering([
      [
        'offset=0',
        { oncalls: [entry(1, 'A', ...week), entry(2, 'B', ...week)], limit: 2, offset: 0, more: true, total: null },
      ],
      ['offset=', { oncalls: [entry(3, 'M', null, null)], limit: 2, offset: 2, more: false, total: null }],
    ]);
    const source = { type: 'pagerduty-policy', url: 'https://api.test', token, policy: 'PSHOPEP', levels: 4 } as const;
    const rotas = await pagerdutyPolicy(http, source, window);
    expect(asked).toHaveLength(2);
    expect(rotas.map(({ shifts }) => shifts.map(({ who }) => who))).toEqual([['A'], ['B'], ['M'], []]);
    expect(rotas[2]?.shifts[0]).toMatchObject({ from: -Infinity, to: Infinity });
  });
});

describe('Opsgenie', () => {
  const source = { type: 'opsgenie', url: 'https://opsgenie.test', token, schedule: 'shop' } as const;
  const parent = { id: '1', name: 'shop', enabled: true };

  it('is asked at instants over the whole window', async () => {
    const { http, asked } = answering([['', { data: { _parent: parent, onCallRecipients: ['ada@shop.test'] } }]]);
    const [rota] = await opsgenieSchedule(http, source, window);
    expect(rota).toMatchObject({ name: 'shop', sampled: true });
    expect(rota?.shifts[0]).toMatchObject({ from: window.from, who: 'ada@shop.test' });
    expect(rota?.shifts.at(-1)?.to).toBe(window.to);
    expect(new Set(asked).size).toBe(12);
    expect(asked[0]).toMatch(/scheduleIdentifierType=name.*flat=true.*date=2026-11-30T09/);
  });

  it('is read without its wrapper, as Jira Service Management answers', async () => {
    const { http } = answering([
      ['', { _parent: parent, onCallParticipants: [{ id: 'u1', name: 'Bob', type: 'user' }] }],
    ]);
    const [rota] = await opsgenieSchedule(http, source, window);
    expect(rota?.shifts.every(({ who }) => who === 'Bob')).toBe(true);
  });

  it('counts the people behind a team or an escalation, which is nobody by itself', async () => {
    const team = (people: readonly unknown[]) => ({ id: 't', name: 'shop', type: 'team', onCallParticipants: people });
    const escalation = {
      id: 'e',
      name: 'Escalation',
      type: 'escalation',
      onCallParticipants: [team([{ id: 'u', name: 'Eve', type: 'user' }])],
    };
    const asked = (people: readonly unknown[]) =>
      opsgenieSchedule(answering([['', { _parent: parent, onCallParticipants: people }]]).http, source, window);
    expect((await asked([escalation]))[0]?.shifts[0]?.who).toBe('Eve');
    expect((await asked([team([])]))[0]?.shifts).toEqual([]);
  });

  it.each([
    ['nobody is on call', { data: { _parent: parent, onCallRecipients: [] } }],
    ['the schedule is switched off', { data: { _parent: { ...parent, enabled: false }, onCallRecipients: ['ada'] } }],
  ])('has a gap where %s', async (_, body) => {
    const [rota] = await opsgenieSchedule(answering([['', body]]).http, source, window);
    expect(rota?.shifts).toEqual([]);
  });

  it('cannot be judged by an answer without a list', async () => {
    await expect(opsgenieSchedule(answering([['', { data: {} }]]).http, source, window)).rejects.toThrow(
      /no recipients/,
    );
  });
});

describe('Grafana OnCall', () => {
  const source = { type: 'grafana-oncall', url: 'https://oncall.test', token, schedule: 'S1' } as const;
  const shift = (user: string, start: string, end: string) => ({
    user_pk: `pk-${user}`,
    user_username: user,
    shift_start: start,
    shift_end: end,
  });

  it('is followed to its last page, with offsets as instants', async () => {
    const { http, asked } = answering([
      [
        'page=1',
        {
          count: 2,
          next: 'https://oncall.test/?page=2',
          results: [shift('ada', '2026-11-30T09:00:00+01:00', '2026-11-30T21:00:00Z')],
        },
      ],
      ['page=2', { count: 2, next: null, results: [shift('', '2026-11-30T21:00:00Z', '2026-12-01T09:00:00Z')] }],
    ]);
    const [rota] = await grafanaSchedule(http, source, window);
    expect(asked[0]).toMatch(/start_date=2026-11-29&end_date=2026-12-02/);
    expect(rota?.shifts.map(({ from, who }) => [new Date(from).toISOString(), who])).toEqual([
      ['2026-11-30T08:00:00.000Z', 'ada'],
      ['2026-11-30T21:00:00.000Z', expect.stringMatching(/^(pk-)?$/)],
    ]);
  });

  it('cannot be judged by an answer without results', async () => {
    await expect(grafanaSchedule(answering([['', {}]]).http, source, window)).rejects.toThrow(/no results/);
  });
});

/** Silences, inhibitions and routes by which a critical alert reaches nobody, as Alertmanager answers them. */
import { describe, expect, it } from 'vitest';
import { alertmanagerRouting } from '../../checks/observability/alertmanager-routing/check.ts';
import { firingAlerts } from '../../checks/observability/firing-alerts/check.ts';
import type { CheckKind } from '../../checks/kit/kind.ts';
import type { HttpRequest } from '../../checks/contract/http.ts';
import { validateParams } from '../../checks/kit/params.ts';
import { testContext } from '../../checks/kit/testing/cases.ts';

const NOW = '2026-01-15T12:00:00Z';
const prometheus = { url: 'http://prometheus.test' };
const alertmanager = { url: 'http://alertmanager.test' };
const alert = { alertname: 'ServiceDown', severity: 'critical', namespace: 'shop', service: 'api' };
const names = ['ServiceDown', 'HighErrorRate', 'DatabaseDown', 'CacheDown'];

interface World {
  readonly silences?: readonly object[];
  readonly config?: string;
  readonly firing?: readonly object[];
}

/** What the two answer by path. */
function answersOf({ silences = [], config = '', firing = [] }: World): Readonly<Record<string, unknown>> {
  const ok = (data: object) => ({ status: 'success', data });
  const rules = names.map((name) => ({
    name,
    type: 'alerting',
    query: 'up == 0',
    labels: { severity: 'critical' },
    health: 'ok',
    lastEvaluation: NOW,
  }));
  return {
    '/-/ready': 'OK',
    '/api/v1/rules': ok({ groups: [{ name: 'a', interval: 15, rules }] }),
    '/api/v1/alerts': ok({
      alerts: firing.map((labels) => ({ labels, annotations: {}, state: 'firing', activeAt: NOW })),
    }),
    '/api/v1/alertmanagers': ok({ activeAlertmanagers: [{ url: 'http://alertmanager.test/api/v2/alerts' }] }),
    '/api/v1/query': ok({ resultType: 'scalar', result: [0, String(Date.parse(NOW) / 1000)] }),
    '/api/v2/silences': silences,
    '/api/v2/alerts': [],
    '/api/v2/status': { config: { original: config } },
  };
}

async function judged(kind: CheckKind, world: World, given: object = {}) {
  const answers = answersOf(world);
  const request = ({ url }: HttpRequest) =>
    Promise.resolve({
      status: 200,
      headers: {},
      body: JSON.stringify(answers[new URL(url).pathname]),
      truncated: false,
      ms: 1,
    });
  const { params } = validateParams(kind, { prometheus, alertmanager, ...given }) as { params: object };
  const context = testContext(NOW);
  const { outcome, findings } = kind.judge(
    params,
    await kind.gather(params, { http: { request } } as never, context),
    context,
  );
  return [outcome, ...findings.map(({ id }) => id)];
}

const silence = (matchers: Readonly<Record<string, string>>, over: object = {}) => ({
  id: '1',
  createdBy: 'jane.doe',
  comment: 'OPS-12: the disk is replaced',
  endsAt: '2026-01-15T18:00:00Z',
  status: { state: 'active' },
  matchers: Object.entries(matchers).map(([key, value]) => ({
    name: key.replace(/[!~]/g, ''),
    value,
    isRegex: key.includes('~'),
    isEqual: !key.includes('!'),
  })),
  ...over,
});

describe('a critical alert that fires under a silence', () => {
  it.each([
    ['by its name', silence({ alertname: 'ServiceDown' })],
    ['by two names', silence({ 'alertname~': 'ServiceDown|CacheDown' })],
    ['of its service', silence({ service: 'api' })],
    ['of its name in its namespace', silence({ alertname: 'ServiceDown', namespace: 'shop' })],
  ])('%s, with an owner, a reason and an end is known', async (_, one) => {
    expect(await judged(firingAlerts, { silences: [one], firing: [alert] })).toEqual(['pass']);
  });
  it.each([
    ['of everything', silence({ 'alertname~': '.+' })],
    ['of everything else', silence({ '!alertname': 'Watchdog' })],
    ['of its severity', silence({ severity: 'critical' })],
    ['of any severity', silence({ 'severity~': 'critical|warning' })],
    ['of its namespace', silence({ namespace: 'shop' })],
    ['of all namespaces', silence({ 'namespace~': '.+' })],
    ['of most alerts', silence({ 'alertname~': 'Service.*|High.*|Database.*' })],
    ['of x', silence({ alertname: 'ServiceDown' }, { createdBy: 'x' })],
    ['for x', silence({ alertname: 'ServiceDown' }, { comment: 'x' })],
    ['for xxx', silence({ alertname: 'ServiceDown' }, { comment: 'xxx' })],
    ['of nobody', silence({ alertname: 'ServiceDown' }, { createdBy: '' })],
    ['for a year', silence({ alertname: 'ServiceDown' }, { endsAt: '2027-01-15T12:00:00Z' })],
    ['that is over', silence({ alertname: 'ServiceDown' }, { status: { state: 'expired' } })],
    ['that begins later', silence({ alertname: 'ServiceDown' }, { status: { state: 'pending' } })],
  ])('%s is red', async (_, one) => {
    expect(await judged(firingAlerts, { silences: [one], firing: [alert] })).toEqual(
      expect.arrayContaining(['fail', 'firing']),
    );
  });
  it('without the ticket that the item asks for is red', async () => {
    const one = silence({ alertname: 'ServiceDown' }, { comment: 'the disk is replaced' });
    const world = { silences: [one], firing: [alert] };
    expect(await judged(firingAlerts, world, { reasonPattern: 'OPS-\\d+' })).toEqual(['fail', 'ownerless', 'firing']);
  });
});

describe('a route for a critical alert', () => {
  const config = ({ routes = '', rules = '', top = '' }) => `
route:
  receiver: chat
  ${top}
  routes:
    ${routes}
    - { receiver: pager, matchers: [severity="critical"] }
inhibit_rules: [${rules}]
time_intervals: [{ name: night, time_intervals: [] }]
receivers:
  - { name: 'null' }
  - { name: chat, webhook_configs: [{ url: <secret> }] }
  - { name: pager, pagerduty_configs: [{ routing_key: <secret> }] }
`;
  const routed = (text: string) =>
    judged(alertmanagerRouting, { config: text }, { alerts: [{ labels: alert, receiver: 'pager' }] });

  it.each([
    config({}),
    config({ routes: `- { receiver: 'null', matchers: [alertname="Watchdog"] }` }),
    config({ routes: `- { receiver: chat, matchers: [severity=~"critical|warning"], continue: true }` }),
    config({ routes: `- { receiver: 'null', matchers: ['"2nd team"="yes"'] }` }),
    config({
      rules:
        '{ source_matchers: [severity="critical"], target_matchers: [severity=~"warning|info"], equal: [namespace] }',
    }),
    config({
      rules: '{ source_matchers: [alertname="NodeDown"], target_matchers: [severity="critical"], equal: [node] }',
    }),
    config({ rules: '{ source_matchers: [alertname="InfoInhibitor"], target_matchers: [severity="info"] }' }),
  ])('is sound: %s', async (text) => {
    expect(await routed(text)).toEqual(['pass']);
  });

  it.each([
    ['otherReceiver', config({ routes: '- { receiver: chat, matchers: [namespace="shop"] }' })],
    ['nobody', config({ routes: `- { receiver: 'null', matchers: [alertname=~".+"] }` })],
    ['nobody', config({ routes: `- { receiver: 'null', match_re: { severity: "crit.*" } }` })],
    [
      'muted',
      config({ routes: '- { receiver: pager, matchers: [severity="critical"], mute_time_intervals: [night] }' }),
    ],
    [
      'muted',
      config({ routes: '- { receiver: pager, matchers: [severity="critical"], active_time_intervals: [night] }' }),
    ],
    ['late', config({ top: 'group_wait: 24h' })],
    ['late', config({ routes: '- { receiver: pager, matchers: [severity="critical"], group_interval: 1d }' })],
    [
      'swallowed',
      config({
        rules: '{ source_matchers: [severity="warning"], target_matchers: [severity="critical"], equal: [namespace] }',
      }),
    ],
    [
      'swallowed',
      config({ rules: '{ source_matchers: [severity=~"info|warning"], target_matchers: [severity="critical"] }' }),
    ],
    ['swallowed', config({ rules: '{ source_match: { team: any }, target_match_re: { severity: ".+" } }' })],
    [
      'swallowed',
      config({ rules: '{ source_matchers: [alertname!="ServiceDown"], target_matchers: [alertname="ServiceDown"] }' }),
    ],
  ])('is not: %s %s', async (id, text) => {
    expect(await routed(text)).toEqual(expect.arrayContaining(['fail', id]));
  });
});

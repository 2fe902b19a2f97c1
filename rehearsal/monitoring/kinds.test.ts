import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Capabilities } from '../../checks/contract/capabilities.ts';
import { type CheckKind } from '../../checks/kit/kind.ts';
import { kinds } from '../../checks/index.ts';
import { validateParams } from '../../checks/kit/params.ts';
import { httpClient } from '../../fixtures/capabilities/http.ts';
import { createRedactor } from '../../fixtures/capabilities/redactor.ts';
import { testContext } from '../../tests/harness/context.ts';
import type { LeverArguments } from '../../fixtures/rehearsal-client/control-protocol.ts';
import { monitoredServices } from './testing.ts';

describe('kinds over a real Prometheus and Alertmanager', () => {
  let platform: Awaited<ReturnType<typeof monitoredServices>>;
  beforeAll(async () => {
    platform = await monitoredServices();
  });
  afterAll(() => platform.close());

  /** The outcome and what it says, in one text. */
  const look = async (name: string, own: object): Promise<string> => {
    const kind = kinds.get(`observability/${name}`) as CheckKind;
    const { prometheus, alertmanager } = platform.monitoring;
    const validated = validateParams(kind, { prometheus: { url: prometheus.url }, ...own });
    if (!validated.ok) throw new Error(JSON.stringify(validated.errors));
    expect(alertmanager.url).not.toBe(prometheus.url);
    const context = testContext({ now: new Date() });
    const resolveSecret = () => Promise.reject(new Error('no secrets here'));
    const http = httpClient({ signal: context.signal, redactor: createRedactor(), resolveSecret });
    const gathered = await kind.gather(validated.params, { http } as unknown as Capabilities, context);
    const judgement = kind.judge(validated.params, gathered, context);
    if (judgement.outcome === 'pass') return `pass ${judgement.subjects.join('; ')}`;
    if (judgement.outcome !== 'fail')
      return `${judgement.outcome} ${judgement.doubts.map(({ why }) => why).join('\n')}`;
    return `fail ${judgement.findings.map(({ says }) => says).join('\n')}`;
  };
  const both = () => ({ alertmanager: { url: platform.monitoring.alertmanager.url } });
  const soon = (name: string, own: object) => expect.poll(() => look(name, own), { timeout: 25_000, interval: 500 });
  const under = async (lever: string, args: LeverArguments, then: () => Promise<void>): Promise<void> => {
    const release = await platform.platform.context.levers.pull(lever, args);
    try {
      await then();
    } finally {
      await release();
    }
  };

  const targets = {
    services: [{ labels: { job: 'mcp-rust-server' }, targets: 1, metric: 'http_requests_total' }],
    maxAge: '10s',
  };
  const required = {
    required: [
      { alert: 'ServiceDown', labels: { service: 'mcp-rust-server' } },
      { alert: 'HighErrorRate' },
      { alert: 'HighLatencyP95', labels: { severity: 'critical' } },
      { alert: 'DatabaseDown' },
      { alert: 'CacheDown' },
    ],
  };
  const requests = (matchers: string): string =>
    `sum(increase(http_requests_total{job="mcp-typescript-api"${matchers}}[$window]))`;
  const availability = {
    objective: 'Availability',
    query: `1 - (${requests(',status=~"5.."')} or vector(0)) / ${requests('')}`,
    window: '5m',
    comparison: '>=',
    bound: 0.999,
    unit: 'ratio',
    samples: { query: requests(''), min: 100 },
    mayCountOwnLoad: true,
  };

  it('pass while all is well', async () => {
    await soon('prometheus-targets', targets).toMatch(/^pass Targets \{job="mcp-rust-server"\}; Rule/);
    await soon('alert-rules', required).toMatch(/^pass/);
    await soon('firing-alerts', { ...both(), control: 'Watchdog' }).toMatch(/^pass/);
    const { url } = platform.monitoring.alertmanager;
    await soon('alertmanager-routing', { ...both(), knownAs: url, watchdog: 'Watchdog' }).toMatch(/^pass/);
    await soon('slo-window', availability).toMatch(/^pass/);
    await soon('incidents', { window: '2s', control: 'Watchdog' }).toMatch(/^pass/);
  });
  it('say that nothing was watched before there was anything to watch', async () => {
    expect(await look('incidents', { window: '24h', control: 'Watchdog' })).toMatch(
      /^inconclusive .*not evaluated all/,
    );
    expect(await look('slo-window', { ...availability, samples: { ...availability.samples, min: 1e9 } })).toMatch(
      /^inconclusive .*samples/,
    );
    const nobody = { ...availability, query: availability.query.replaceAll('mcp-typescript-api', 'nobody') };
    expect(await look('slo-window', nobody)).toMatch(/^inconclusive .*no data/);
  });
  it('see rules that are missing, blind or broken', async () => {
    await under('prometheus.rules', { without: 'DatabaseDown' }, () =>
      soon('alert-rules', required).toMatch(/^fail Alert DatabaseDown: no such/),
    );
    await under('prometheus.rules', { change: { alert: 'CacheDown', expr: 'redis_is_up == 0' } }, () =>
      soon('alert-rules', required).toMatch(/CacheDown: its selector redis_is_up finds no series/),
    );
    await under(
      'prometheus.rules',
      { change: { alert: 'CacheDown', expr: 'up * on(namespace) up == 0' } },
      async () => {
        await soon('alert-rules', required).toMatch(/CacheDown: cannot be evaluated/);
        await soon('prometheus-targets', targets).toMatch(/^fail Rule mcp-stores\/CacheDown: rule is failing/);
      },
    );
  });
  it('see a critical alert while it fires and in the window afterwards, and forget it with the fault', async () => {
    const added = { alert: 'DiskFull', expr: 'vector(1)', labels: { severity: 'critical' } };
    await under('prometheus.rules', { add: [added] }, async () => {
      await soon('firing-alerts', both()).toMatch(/^fail Alert DiskFull .*has been firing/);
      await soon('incidents', { window: '1m', control: 'Watchdog' }).toMatch(/^fail Alert DiskFull .*fired once/);
    });
    await soon('incidents', { window: '2s', control: 'Watchdog' }).toMatch(/^pass/);
  });
  it('see silences and receivers that tell nobody', async () => {
    await under('alertmanager.silence', { matchers: [{ name: 'severity', value: 'critical' }] }, async () => {
      await soon('firing-alerts', both()).toMatch(/without an owner and a reason/);
      await soon('alertmanager-routing', both()).toMatch(/^fail Alert .*is silenced by/);
    });
    const args = { replace: 'receiver: on-call\n      matchers', with: 'receiver: watchdog\n      matchers' };
    await under('alertmanager.config', args, () =>
      soon('alertmanager-routing', both()).toMatch(/receiver watchdog .*has no integration/),
    );
    await soon('alertmanager-routing', both()).toMatch(/^pass/);
  });
  it('see failing requests in what was recorded, and the old record afterwards', async () => {
    await under('prometheus.lose-data', {}, async () => {
      expect(await look('slo-window', availability)).toMatch(/^inconclusive/);
      const fed = { job: 'mcp-typescript-api', colour: 'blue', perSecond: 2000, errorRatio: 0.1 };
      await under('prometheus.replica', fed, () =>
        soon('slo-window', availability).toMatch(/^fail Availability: was 0\.9/),
      );
    });
    await soon('slo-window', availability).toMatch(/^pass/);
  });
  it('see that Prometheus or Alertmanager is gone', async () => {
    await under('alertmanager.kill', {}, async () => {
      expect(await look('alertmanager-routing', both())).toMatch(/^fail Alertmanager: .*connection refused/);
      expect(await look('firing-alerts', both())).toMatch(/^error .*connection refused/);
    });
    await under('prometheus.kill', {}, async () => {
      expect(await look('prometheus-targets', targets)).toMatch(/^fail Prometheus: .*connection refused/);
      await expect(look('slo-window', availability)).rejects.toThrow('connection refused');
    });
  });
});

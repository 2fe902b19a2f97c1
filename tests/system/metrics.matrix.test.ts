/** The alerts on golive's own metrics, as Prometheus evaluates them: on what an export writes, through a real Pushgateway. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { at, listAt, textAt } from '../../checks/contract/json.ts';
import { freePort } from '../../rehearsal/monitoring/loopback.ts';
import { findTool } from '../../fixtures/rehearsal-client/tools.ts';
import { sampleDecision, sampleItem, samplePlan } from '../../reports/tell/html/sample.ts';
import { groupLabels } from '../../reports/export/formats/metric-families.ts';
import { openMetrics } from '../../reports/export/formats/openmetrics.ts';
import { resultGraph } from '../../reports/export/graph.ts';
import { groupPath, pushMetrics } from '../../reports/export/push.ts';

const MONITORING = join(import.meta.dirname, '../../k8s/monitoring');
let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'golive-metrics-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function graphOf(outcome: 'pass' | 'fail', decidedAt = '2026-11-23T10:43:37.412Z') {
  const items = [sampleItem({ id: 'P1-CLU-001', title: 'A "quoted"\nname \\', outcome })];
  return resultGraph(sampleDecision({ items, decidedAt }), samplePlan(items), '0.1.0');
}

describe('the alert rules', () => {
  /** Alerts by time, as `promtool test rules` sees them. */
  function promtool(tests: readonly object[]): { readonly status: number | null; readonly said: string } {
    const rules = join(folder, 'rules.yaml');
    const spec = at(load(readFileSync(join(MONITORING, 'golive-rules.yaml'), 'utf8')), 'spec');
    // It compares annotations, too: those are for people.
    writeFileSync(
      rules,
      JSON.stringify(spec, (name, value: unknown) => (name === 'annotations' ? undefined : value)),
    );
    const file = join(folder, 'tests.yaml');
    writeFileSync(file, JSON.stringify({ rule_files: [rules], evaluation_interval: '5m', tests }));
    const program = join(import.meta.dirname, '../../.golive/tools/root/usr/bin/promtool');
    const { status, stdout, stderr } = spawnSync(program, ['test', 'rules', file], { encoding: 'utf8' });
    return { status, said: `${stdout}${stderr}` };
  }
  const labels = { environment: 'production', checklist: 'code-platform' };
  const series = (name: string, more: Record<string, string>, values: string): object => {
    const all = Object.entries({ ...labels, ...more }).map(([key, value]) => `${key}="${value}"`);
    return { series: `${name}{${all.join(',')}}`, values };
  };
  const alert = (name: string, time: string, fires: boolean, more: Record<string, string> = {}): object => ({
    alertname: name,
    eval_time: time,
    exp_alerts: fires
      ? [
          {
            exp_labels: {
              ...labels,
              ...more,
              severity: more['severity'] ?? 'warning',
              owner: more['owner'] ?? 'platform-team',
            },
          },
        ]
      : [],
  });

  it('fire at what they name, and not before', () => {
    const item = { item: 'P1-CLU-001', phase: 'phase1', waived: 'no' };
    const sampled = { ...item, severity: 'major', owner: 'api-team' };
    const told = { ...item, severity: 'warning', owner: 'platform-team' };
    const { status, said } = promtool([
      {
        interval: '5m',
        input_series: [
          series('golive_decision', { decision: 'NO-GO' }, '0x10 1x10'),
          series('golive_item_outcome', { ...sampled, outcome: 'fail' }, '_x10 1x10'),
          series('golive_item_outcome', { ...sampled, waived: 'yes', item: 'W', outcome: 'fail' }, '1x20'),
          series('golive_item_outcome', { ...sampled, item: 'E', outcome: 'error' }, '1x60'),
          // The same sample for ever, as a gateway keeps it.
          series('golive_run_timestamp_seconds', {}, '0x60'),
        ],
        alert_rule_test: [
          alert('GoliveNoGo', '45m', false),
          alert('GoliveNoGo', '60m', true, { decision: 'NO-GO' }),
          alert('GoliveItemFails', '45m', false),
          alert('GoliveItemFails', '60m', true, { ...told, outcome: 'fail' }),
          alert('GoliveItemUnknown', '170m', false),
          alert('GoliveItemUnknown', '190m', true, { ...told, item: 'E', outcome: 'error' }),
          alert('GoliveStale', '175m', false),
          alert('GoliveStale', '200m', true),
          alert('GoliveLost', '200m', false),
        ],
      },
      {
        interval: '1m',
        input_series: [series('golive_run_timestamp_seconds', {}, '0+60x600 _x1200')],
        alert_rule_test: [alert('GoliveLost', '26h', true)],
      },
    ]);
    expect(said).toContain('SUCCESS');
    expect(status).toBe(0);
  });
});

describe('a Pushgateway', () => {
  let gateway: ChildProcess;
  let url: string;
  beforeAll(async () => {
    const program = findTool('prometheus-pushgateway');
    if (program === undefined)
      throw new Error('prometheus-pushgateway is missing: npm run setup -- prometheus-pushgateway');
    gateway = spawn(program, ['--web.listen-address=127.0.0.1:0'], { stdio: ['ignore', 'ignore', 'pipe'] });
    url = await new Promise((resolve, reject) => {
      let said = '';
      gateway.stderr?.on('data', (chunk) => {
        said += String(chunk);
        const [, port] = /(?:listen_address|address)=127\.0\.0\.1:(\d+)/.exec(said) ?? [];
        if (port !== undefined && port !== '0') resolve(`http://127.0.0.1:${port}`);
      });
      gateway.once('exit', () => reject(new Error(`it ended: ${said}`)));
    });
  });
  afterAll(() => void gateway.kill());

  it('takes what an export writes, and forgets the items of the run before', async () => {
    const push = (outcome: 'pass' | 'fail'): Promise<void> =>
      pushMetrics(url, openMetrics(graphOf(outcome)), groupLabels(graphOf(outcome)));
    const held = async (): Promise<string> => await (await fetch(`${url}/metrics`)).text();
    await push('fail');
    expect(await held()).toMatch(/golive_item_outcome\{[^}]*environment="rehearsal"[^}]*outcome="fail"[^}]*\} 1/);
    await push('pass');
    const text = await held();
    expect(text).not.toMatch(/golive_item_outcome\{[^}]*outcome="fail"/);
    expect(text).toMatch(/golive_run_timestamp_seconds\{[^}]*job="golive"\} 1.795430617412e\+09/);
    expect(text).toMatch(/push_time_seconds\{[^}]*job="golive"/);
  });

  it('refuses what is no metric, and that is said', async () => {
    await expect(pushMetrics(url, 'no metric\n', { environment: '' })).rejects.toThrow(/refused the metrics: 400/);
    expect(groupPath({ environment: '' })).toBe('/metrics/job/golive/environment@base64/=');
  });

  /** Prometheus itself over that gateway, with our rules; what must last for a while there may be told at once here. */
  async function prometheus(): Promise<{
    readonly alerts: () => Promise<readonly string[]>;
    readonly stop: () => void;
  }> {
    const spec = at(load(readFileSync(join(MONITORING, 'golive-rules.yaml'), 'utf8')), 'spec');
    const rules = join(folder, 'loaded-rules.yaml');
    writeFileSync(
      rules,
      JSON.stringify(spec, (name, value: unknown) => (name === 'for' ? undefined : value)),
    );
    const config = join(folder, 'prometheus.yaml');
    const scrape = {
      job_name: 'pushgateway',
      honor_labels: true,
      static_configs: [{ targets: [url.slice('http://'.length)] }],
    };
    const global = { scrape_interval: '1s', evaluation_interval: '1s' };
    writeFileSync(config, JSON.stringify({ global, rule_files: [rules], scrape_configs: [scrape] }));
    const program = findTool('prometheus');
    if (program === undefined) throw new Error('prometheus is missing: npm run setup -- prometheus');
    const port = await freePort();
    const args = [`--config.file=${config}`, `--storage.tsdb.path=${join(folder, 'tsdb')}`];
    const server = spawn(program, [...args, `--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' });
    const alerts = async (): Promise<readonly string[]> => {
      const answer: unknown = await fetch(`http://127.0.0.1:${port}/api/v1/alerts`)
        .then((one) => one.json())
        .catch(() => undefined);
      return listAt(answer, 'data', 'alerts')
        .filter((one) => at(one, 'state') === 'firing')
        .map((one) => textAt(one, '', 'labels', 'alertname'));
    };
    return { alerts, stop: () => void server.kill() };
  }

  it("the dead man's switch fires when the last run is long ago, and falls silent when one has ended", async () => {
    const push = (at: string): Promise<void> =>
      pushMetrics(url, openMetrics(graphOf('pass', at)), groupLabels(graphOf('pass', at)));
    await push(new Date(Date.now() - 4 * 3_600_000).toISOString());
    const { alerts, stop } = await prometheus();
    try {
      await expect.poll(alerts, { timeout: 60_000, interval: 500 }).toContain('GoliveStale');
      await push(new Date().toISOString());
      await expect.poll(alerts, { timeout: 60_000, interval: 500 }).not.toContain('GoliveStale');
    } finally {
      stop();
    }
  });
});

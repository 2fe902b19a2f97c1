/** The rehearsal's Prometheus: a real one, on loopback, that scrapes once a second. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { PlatformContext } from '../platform-types.ts';
import { writeAtomically } from '../../fixtures/rehearsal-client/state-file.ts';
import { HISTORY_MINUTES } from './history.ts';
import { startProgram, type Program } from './program.ts';
import type { RuleGroup } from './rules.ts';

/** Addresses that Prometheus is told: `http://127.0.0.1:PORT`. */
export interface PrometheusSources {
  readonly alertmanager: string;
  /** Serves `/targets` (http_sd) and one path an exporter. */
  readonly sources: string;
}
export interface Prometheus extends Program {
  /** Replaces the rules and waits until they are loaded. Throws with Prometheus' own words when it refuses them. */
  setRules(groups: readonly RuleGroup[]): Promise<void>;
  /** The value of an instant query that answers one number, or undefined. */
  value(query: string): Promise<number | undefined>;
  /** Forgets what a fault has left behind since then: its alerts, and every failed request ever counted. */
  forgetSince(since: Date): Promise<void>;
  /** Forgets series altogether. */
  forgetSeries(selector: string): Promise<void>;
  /** Restarts it over another folder of samples: an empty one, or the one it had. Answers which it had. */
  swapData(folder: string | undefined): Promise<string>;
}
export const EXPORTERS = ['kube-state-metrics', 'postgres-exporter', 'redis-exporter'] as const;

/** Its configuration; JSON is YAML. Targets found by discovery bring their own `job`. */
export function prometheusConfig(
  { alertmanager, sources }: PrometheusSources,
  rulesFile: string,
): Readonly<Record<string, unknown>> {
  const fixed = (job: string, url: string, metricsPath: string) => ({
    job_name: job,
    metrics_path: metricsPath,
    honor_labels: true,
    static_configs: [{ targets: [new URL(url).host] }],
  });
  return {
    global: {
      scrape_interval: '1s',
      scrape_timeout: '1s',
      evaluation_interval: '1s',
      external_labels: { cluster: 'rehearsal' },
    },
    rule_files: [rulesFile],
    storage: { tsdb: { out_of_order_time_window: `${HISTORY_MINUTES + 15}m` } },
    alerting: { alertmanagers: [{ static_configs: [{ targets: [new URL(alertmanager).host] }] }] },
    scrape_configs: [
      { job_name: 'services', http_sd_configs: [{ url: `${sources}/targets`, refresh_interval: '1s' }] },
      ...EXPORTERS.map((job) => fixed(job, sources, `/${job}`)),
      {
        ...fixed('alertmanager', alertmanager, '/metrics'),
        // The rest of its 300 series, of its own runtime and clients, was four tenths of all samples; nobody asks for them.
        metric_relabel_configs: [
          { source_labels: ['__name__'], regex: 'alertmanager_(alerts|build|config|notif|silences).*', action: 'keep' },
          { source_labels: ['__name__'], regex: '.*_bucket', action: 'drop' },
        ],
      },
    ],
  };
}

/** Starts it without rules: they are loaded once there is something they can judge. */
export async function startPrometheus(context: PlatformContext, sources: PrometheusSources): Promise<Prometheus> {
  const folder = join(context.temporary, 'prometheus');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const [configFile, rulesFile] = [join(folder, 'prometheus.yml'), join(folder, 'rules.yml')];
  writeAtomically(rulesFile, JSON.stringify({ groups: [] }));
  writeAtomically(configFile, JSON.stringify(prometheusConfig(sources, rulesFile)));
  let data = join(folder, 'data');
  const program = await startProgram(context, {
    program: 'prometheus',
    log: 'prometheus',
    args: (port) => [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${data}`,
      '--storage.tsdb.retention.time=6h',
      `--web.listen-address=127.0.0.1:${port}`,
      // Rules are changed and history forgotten over HTTP; it listens on loopback only.
      '--web.enable-lifecycle',
      '--web.enable-admin-api',
      '--rules.alert.resend-delay=5s',
      '--log.level=warn',
    ],
  });
  return {
    ...program,
    async setRules(groups) {
      writeAtomically(rulesFile, JSON.stringify({ groups }));
      await post(`${program.url}/-/reload`);
    },
    value: (query) => instantValue(program.url, query),
    async forgetSince(since) {
      await forget(program.url, ['ALERTS{alertname!="Watchdog"}', 'ALERTS_FOR_STATE'], since);
      // A counter keeps what was added to it: only without its past does nothing seem to have been added.
      await forget(program.url, ['http_requests_total{status=~"5.."}']);
    },
    forgetSeries: (selector) => forget(program.url, [selector]),
    async swapData(wanted) {
      const had = data;
      data = wanted ?? join(folder, `data-${Date.now()}`);
      await program.kill();
      await program.start();
      return had;
    },
  };
}

async function forget(url: string, selectors: readonly string[], since?: Date): Promise<void> {
  const range = new URLSearchParams(selectors.map((selector): [string, string] => ['match[]', selector]));
  if (since) range.set('start', String(since.getTime() / 1000));
  range.set('end', String(Date.now() / 1000));
  await post(`${url}/api/v1/admin/tsdb/delete_series?${range.toString()}`);
}

async function post(url: string): Promise<void> {
  const answer = await fetch(url, { method: 'POST', signal: AbortSignal.timeout(10_000) });
  const said = await answer.text();
  if (!answer.ok) throw new Error(`Prometheus refused: ${said.trim().slice(0, 500)}`);
}

async function instantValue(url: string, query: string): Promise<number | undefined> {
  const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(query)}`, {
    signal: AbortSignal.timeout(5000),
  });
  const body = (await answer.json()) as {
    readonly data?: { readonly result?: readonly { readonly value?: readonly [number, string] }[] };
  };
  const value = body.data?.result?.[0]?.value;
  return value === undefined ? undefined : Number(value[1]);
}

/** The dashboards' process: its token, its data sources, its levers. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { LeverArguments } from '../../fixtures/rehearsal-client/control-protocol.ts';
import type { Release } from '../levers.ts';
import type { PlatformContext } from '../platform-types.ts';
import { secretPath, writeAtomically } from '../../fixtures/rehearsal-client/state-file.ts';
import type { DataSource, GrafanaConfig } from './grafana-config.ts';
import type { StandInServer } from './loki-process.ts';
import { startOnPort } from './process.ts';

/** Secret file of the service account token that the environment file names. */
export const GRAFANA_TOKEN = 'grafana-token';
/** Nobody listens there: ports below 1024 are not handed out, and this one is reserved. */
const DEAD = 'http://127.0.0.1:1';

export interface GrafanaSources {
  /** `http://127.0.0.1:PORT` of the real Prometheus, and of the log store. */
  readonly prometheus: string;
  readonly loki?: string;
}

/**
 * Starts the dashboards of `k8s/monitoring/dashboards`. Levers: `grafana.kill`; `grafana.hide-dashboard {uid}`: it was deleted;
 * `grafana.break-data-source {uid}`: its address leads nowhere.
 */
export async function startGrafana(context: PlatformContext, sources: GrafanaSources): Promise<StandInServer> {
  const configFile = join(context.temporary, 'grafana.json');
  writeConfig(configFile, {
    tokenSha256: createHash('sha256').update(makeToken(context)).digest('hex'),
    dataSources: dataSources(sources),
    dashboardFolder: join(dirname(context.dist), 'k8s/monitoring/dashboards'),
    hidden: [],
  });
  const env = { CONFIG_FILE: configFile };
  const server = await startOnPort(context, { program: 'stand-in-grafana.js', log: 'grafana', env });
  context.levers.add('grafana.kill', async () => {
    await server.kill();
    return () => server.restart();
  });
  context.levers.add('grafana.hide-dashboard', (args) =>
    changed(configFile, (config) => ({ ...config, hidden: [...config.hidden, uidOf(args)] })),
  );
  context.levers.add('grafana.break-data-source', (args) =>
    changed(configFile, (config) => ({ ...config, dataSources: broken(config.dataSources, uidOf(args)) })),
  );
  return {
    url: `http://127.0.0.1:${server.port}`,
    port: server.port,
    pid: () => server.pid(),
    stop: () => server.stop(),
  };
}

/** In the form of Grafana's own: `glsa_`, 32 characters, a checksum of eight. */
function makeToken(context: PlatformContext): string {
  const token = `glsa_${randomBytes(16).toString('hex')}_${randomBytes(4).toString('hex')}`;
  mkdirSync(secretPath(context.dir, ''), { recursive: true, mode: 0o700 });
  writeAtomically(secretPath(context.dir, GRAFANA_TOKEN), token);
  return token;
}

function dataSources({ prometheus, loki }: GrafanaSources): DataSource[] {
  return [
    { uid: 'prometheus', name: 'Prometheus', type: 'prometheus', url: prometheus },
    ...(loki === undefined ? [] : [{ uid: 'loki', name: 'Loki', type: 'loki' as const, url: loki }]),
  ];
}

const writeConfig = (file: string, config: GrafanaConfig): void => writeAtomically(file, JSON.stringify(config));

function changed(file: string, change: (config: GrafanaConfig) => GrafanaConfig): Promise<Release> {
  const before = JSON.parse(readFileSync(file, 'utf8')) as GrafanaConfig;
  writeConfig(file, change(before));
  return Promise.resolve(() => {
    writeConfig(file, before);
    return Promise.resolve();
  });
}

function broken(all: readonly DataSource[], uid: string): DataSource[] {
  if (!all.some((source) => source.uid === uid)) throw new Error(`there is no data source ${uid}`);
  return all.map((source) => (source.uid === uid ? { ...source, url: DEAD } : source));
}

function uidOf({ uid }: LeverArguments): string {
  if (typeof uid === 'string') return uid;
  throw new Error('the lever takes uid, a text');
}

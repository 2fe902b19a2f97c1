/** What `golive up` says once the rehearsal is ready: where everything is, and what to try. */
import { join, relative } from 'node:path';
import { findTool, TOOLS_DIR } from '../fixtures/rehearsal-client/tools.ts';
import { kubeconfigPath, logPath } from '../fixtures/rehearsal-client/state-file.ts';
import type { RehearsalState } from '../fixtures/rehearsal-client/state.ts';

const NAME_COLUMNS = 14;

export interface Place {
  /** The project. */
  readonly root: string;
  /** The rehearsal's folder. */
  readonly dir: string;
  /** Where commands will be typed: paths are shown from there. */
  readonly cwd: string;
}

/** Addresses and commands of a ready rehearsal, each command ready to be pasted. */
export function nextSteps(place: Place, { pid, values }: RehearsalState): string {
  const { dir } = place;
  const from = (path: string): string => relative(place.cwd, path) || '.';
  const ca = from(join(dir, 'ca.pem'));
  const kubeconfig = from(kubeconfigPath(dir));
  const onLoopback = (port: string | number | undefined): string => `127.0.0.1:${port ?? ''}`;
  const places: readonly (readonly [string, string | number | undefined])[] = [
    ['Users', `${values.gateway ?? ''} (served by green)`],
    ['Blue', `${values.blue ?? ''} (what goes live)`],
    ['API server', values.apiServer],
    ['PostgreSQL', `${onLoopback(values.postgresPort)}, through PgBouncer ${onLoopback(values.pgbouncerPort)}`],
    ['Redis', onLoopback(values.redisPort)],
    ['Registry', values.registry],
    ['Prometheus', values.prometheus],
    ['Alertmanager', values.alertmanager],
    ['Grafana', `${values.grafana ?? ''} (API only)`],
    ['Logs', `${values.logs ?? ''} (Loki's API only)`],
    ['DNS', values.dnsServer],
    ['CA', ca],
    ['Kubeconfig', `${kubeconfig} (contexts: rehearsal, rehearsal-admin)`],
    ['Log', from(logPath(dir))],
  ];
  return [
    `Ready (pid ${pid}). It stays until: golive down`,
    '',
    ...places.map(([name, what]) => `  ${name.padEnd(NAME_COLUMNS)}${what ?? ''}`),
    '',
    'Try next:',
    '  npx playwright test --project=phase1',
    `  ${curl(ca, `${String(values.gateway ?? '')}/health`)}`,
    `  ${kubectl(place)} --kubeconfig ${kubeconfig} --context rehearsal-admin get pods -A`,
    '  npx golive drill redis-killed',
  ].join('\n');
}

/** The gateway has a name that only the rehearsal's DNS server knows, and a certificate of its CA. */
function curl(ca: string, url: string): string {
  const { hostname, port } = new URL(url);
  return `curl --cacert ${ca} --resolve ${hostname}:${port}:127.0.0.1 ${url}`;
}

/** As it must be typed: with its path where only this project has it. */
function kubectl({ root, cwd }: Place): string {
  const found = findTool('kubectl', root);
  return found?.startsWith(join(root, TOOLS_DIR)) ? relative(cwd, found) : 'kubectl';
}

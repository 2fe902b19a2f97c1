/** The API server from where this machine stands: reached, its clock, and the rights of the gate. Reads and reviews only. */
import { attempt, ObservationError } from '../../checks/kit/kind.ts';
import type { AccessAttributes } from '../../checks/contract/cluster.ts';
import type { Environment } from '../../checks/contract/environment.ts';
import { clusterLink, type ClusterLink } from '../../fixtures/capabilities/cluster-link.ts';
import { ask } from '../../fixtures/capabilities/cluster-requests.ts';
import { clusterReader } from '../../fixtures/capabilities/cluster.ts';
import { createRedactor } from '../../fixtures/capabilities/redactor.ts';
import type { NeededRight } from '../../specs/loader/rbac.ts';
import { bad, ok, type Finding } from './finding.ts';

const REACH_LIMIT_MS = 3000;
/** A credential plug-in asks its own server. */
const LOGIN_LIMIT_MS = 30_000;
const RIGHTS_LIMIT_MS = 30_000;
const SKEW_LIMIT_MS = 30_000;

export interface AskedRight extends NeededRight {
  readonly allowed: boolean;
  /** The authoriser's own reason, where it gives one. */
  readonly reason: string;
}

/** Opens the environment's cluster for `use` and closes it; texts of failures have every credential removed. */
export async function withCluster<T>(
  kubeconfig: Environment['kubeconfig'],
  use: (link: ClusterLink) => Promise<T>,
): Promise<T> {
  const redactor = createRedactor();
  const link = clusterLink(kubeconfig, redactor);
  try {
    return await use(link);
  } catch (error) {
    if (!(error instanceof ObservationError)) throw error;
    const { fix } = error;
    throw new ObservationError(error.code, redactor.redact(error.message), fix === undefined ? {} : { fix });
  } finally {
    await link.close();
  }
}

/** Is the API server there, and does its clock agree with this machine's? `reached` says whether it is worth asking more. */
export async function reachFindings(
  link: ClusterLink,
): Promise<{ readonly reached: boolean; readonly findings: readonly Finding[] }> {
  try {
    const access = await link.access(AbortSignal.timeout(LOGIN_LIMIT_MS));
    const sentAt = Date.now();
    const answer = await ask(access, { method: 'GET', path: '/version' }, AbortSignal.timeout(REACH_LIMIT_MS));
    const receivedAt = Date.now();
    const clock = clockFindings(answer.headers['date'], sentAt, receivedAt);
    if (answer.status === 401) {
      const fix = 'Renew the credentials of the kubeconfig context';
      return { reached: false, findings: [bad('API server', `${link.where} refuses the credentials`, fix), ...clock] };
    }
    const said = `${link.where}${versionIn(answer.body)} answered in ${receivedAt - sentAt} ms`;
    return { reached: true, findings: [ok('API server', said), ...clock] };
  } catch (error) {
    if (!(error instanceof ObservationError)) throw error;
    const slow =
      error.code === 'timeout' ? `${link.where}: no answer within ${REACH_LIMIT_MS / 1000} s` : error.message;
    const fix = error.fix ?? 'Check the address, the network and the VPN from this machine';
    return { reached: false, findings: [bad('API server', slow, fix)] };
  }
}

function versionIn(body: string): string {
  try {
    const { gitVersion } = JSON.parse(body) as { gitVersion?: unknown };
    return typeof gitVersion === 'string' ? `, ${gitVersion},` : '';
  } catch {
    return '';
  }
}

/** `Date` has whole seconds; the answer was written somewhere between `sentAt` and `receivedAt`. */
export function clockFindings(date: string | undefined, sentAt: number, receivedAt: number): readonly Finding[] {
  const server = Date.parse(date ?? '');
  if (Number.isNaN(server)) return [];
  const early = sentAt - (server + 1000);
  const late = server - receivedAt;
  const apart = Math.max(0, early, late);
  if (apart <= SKEW_LIMIT_MS) return [ok('clock', 'agrees with the API server')];
  const direction = early > late ? 'ahead of' : 'behind';
  return [
    bad(
      'clock',
      `this machine is ${Math.round(apart / 1000)} s ${direction} the API server: expiries and ages are judged wrongly`,
      'Set the clock of this machine by NTP (timedatectl set-ntp true)',
    ),
  ];
}

/** Asks for each right by a SelfSubjectAccessReview, and whom the cluster takes the gate for. Throws ObservationError when it could not ask. */
export async function askRights(
  link: ClusterLink,
  rights: readonly NeededRight[],
): Promise<{ readonly rights: readonly AskedRight[]; readonly user: string | undefined }> {
  const signal = AbortSignal.timeout(RIGHTS_LIMIT_MS);
  const noSnapshots = { shared: <T>(_key: string, _signal: AbortSignal, read: () => Promise<T>): Promise<T> => read() };
  const reader = clusterReader(link, noSnapshots, { signal, fresh: true });
  // A server before 1.28 does not say it; the command that grants is then for the name the roles are made for.
  const { seen } = await attempt(() => reader.whoAmI());
  const asked = rights.map(async (right) => ({ ...right, ...(await reader.canI(right.attributes)) }));
  return { rights: await Promise.all(asked), user: seen?.user };
}

/** `get secrets "db" in mcp-production`, `list deployments.apps in …`, `get /readyz`. */
export function rightText(attributes: AccessAttributes): string {
  if ('path' in attributes) return `${attributes.verb} ${attributes.path}`;
  const { verb, group, resource, subresource, namespace, name } = attributes;
  const target = `${resource}${group === '' ? '' : `.${group}`}${subresource === undefined ? '' : `/${subresource}`}`;
  const which = name === undefined ? '' : ` "${name}"`;
  return `${verb} ${target}${which}${namespace === undefined ? '' : ` in ${namespace}`}`;
}

/** One line for all rights, with the command that grants them, and one for each that is missing. */
export function rightsFindings(rights: readonly AskedRight[], grant: string): readonly Finding[] {
  const missing = rights.filter(({ allowed }) => !allowed);
  const granted = ok('rights', `the gate has ${rights.length - missing.length} of the ${rights.length} it needs`);
  if (missing.length === 0) return [granted];
  return [
    bad('rights', granted.text.replace('has', 'has only'), grant),
    ...missing.map(({ attributes, neededBy }) => bad('', `cannot ${rightText(attributes)}: ${neededBy.join(', ')}`)),
  ];
}

/** The rehearsal's way in: DNS and gateway as processes, then the gateway's objects and their controller; and how they are broken. */
import type { RehearsalValues } from '../../checks/contract/environment.ts';
import type { Authority, CertificateOrder, KeyPair } from '../authority.ts';
import type { ControlPlane } from '../control-plane-types.ts';
import type { LeverArguments } from '../../fixtures/rehearsal-client/control-protocol.ts';
import type { PlatformContext } from '../platform-types.ts';
import { DOMAIN, HOSTS, NAMESPACE } from '../topology.ts';
import { addCutoverLevers } from './cutover-levers.ts';
import { startDns, type DnsServer } from './dns-server.ts';
import type { Enforcement } from './enforcement.ts';
import { runGatewayController, SECRETS, type GatewayController } from './gateway-controller.ts';
import { startGatewayProcess, type GatewayProcess } from './gateway-process.ts';
import { certificateData, certificateSecret, CERTIFICATE_SECRET, gatewayManifests, GATEWAY_NAME } from './manifests.ts';
import { selfSigned } from './self-signed.ts';
import { addVisitors } from './visitors.ts';

const DAY_MS = 86_400_000;

/** Starts the gateway's process and adds its levers `gateway.kill` and `gateway.visit {path, perSecond}`. */
export async function startGateway(context: PlatformContext): Promise<GatewayProcess> {
  const gateway = await startGatewayProcess(context);
  context.levers.add('gateway.kill', async () => {
    await gateway.kill();
    return () => gateway.restart();
  });
  addVisitors(context, gateway);
  return gateway;
}

export function gatewayValues({ port }: GatewayProcess): Pick<RehearsalValues, 'gateway' | 'blue' | 'gatewayPort'> {
  return {
    gateway: `https://${HOSTS.public}:${port}`,
    blue: `https://${HOSTS.blue}:${port}`,
    gatewayPort: port,
  };
}

/** Starts DNS and adds its levers `dns.kill`, `dns.record {name, address | null}` and `dns.wildcard`. */
export async function startNames(context: PlatformContext): Promise<DnsServer> {
  const dns = await startDns(context);
  context.levers.add('dns.kill', async () => {
    await dns.kill();
    return () => dns.restart();
  });
  context.levers.add('dns.record', async (args) => {
    const { name, address } = recordOf(args);
    const before = dns.record(name);
    await dns.setRecord(name, address);
    return () => dns.setRecord(name, before);
  });
  context.levers.add('dns.wildcard', async () => {
    await dns.setWildcard(true);
    return () => dns.setWildcard(false);
  });
  return dns;
}

function recordOf({ name, address }: LeverArguments): { readonly name: string; readonly address: string | null } {
  if (typeof name !== 'string') throw new Error('dns.record takes name and address');
  if (address === undefined || address === null) return { name, address: null };
  if (typeof address === 'string') return { name, address };
  throw new Error('dns.record: address is text, or null for a name that is to be unknown');
}

/**
 * Applies certificate and gateway objects (their namespace must be there) and follows them. Adds the levers `gateway.certificate
 * {days?, dnsNames?, selfSigned?, rsaBits?}`, `gateway.tls {minVersion}`, `gateway.freeze` (it goes on by the routes it has and says
 * that it took the new ones), `gateway.serve-unready` (it sends traffic to pods that are not ready, too), and those of a cutover.
 */
export async function attachGateway(
  context: PlatformContext,
  plane: ControlPlane,
  gateway: GatewayProcess,
  k8s: string,
  enforcement: Enforcement,
): Promise<GatewayController> {
  await plane.apply(certificateSecret(context.authority.issue(USUAL)));
  for (const manifest of gatewayManifests(k8s, { https: gateway.port, http: gateway.httpPort }))
    await plane.apply(manifest);
  const controller = runGatewayController({
    plane,
    process: gateway,
    namespace: NAMESPACE,
    name: GATEWAY_NAME,
    enforcement,
    log: (line) => context.log(line),
  });
  context.levers.add('gateway.certificate', async (args) => {
    const before = await plane.get(SECRETS, CERTIFICATE_SECRET, NAMESPACE);
    if (!before) throw new Error(`Secret ${CERTIFICATE_SECRET} is gone`);
    const target = { name: CERTIFICATE_SECRET, namespace: NAMESPACE };
    await plane.patch(SECRETS, target, { data: certificateData(ordered(context.authority, args)) });
    return async () => {
      await plane.patch(SECRETS, target, { data: before['data'] });
    };
  });
  context.levers.add('gateway.tls', ({ minVersion }) => {
    if (minVersion !== 'TLSv1.2' && minVersion !== 'TLSv1.3')
      throw new Error('gateway.tls takes minVersion TLSv1.2 or TLSv1.3');
    controller.setMinVersion(minVersion);
    return Promise.resolve(() => {
      controller.setMinVersion('TLSv1.3');
      return Promise.resolve();
    });
  });
  addCutoverLevers(context.levers, plane, context);
  context.levers.add('gateway.freeze', async () => {
    await controller.freeze(true);
    return () => controller.freeze(false);
  });
  context.levers.add('gateway.serve-unready', async () => {
    await controller.serveUnready(true);
    return () => controller.serveUnready(false);
  });
  return controller;
}

const USUAL: CertificateOrder = { commonName: HOSTS.public, dnsNames: [`*.${DOMAIN}`, DOMAIN] };

/** The usual certificate with something wrong about it. */
function ordered(authority: Authority, args: LeverArguments): KeyPair {
  const { days, dnsNames, rsaBits } = args;
  const names = Array.isArray(dnsNames) ? dnsNames.map(String) : undefined;
  const order: CertificateOrder = {
    ...USUAL,
    ...(names ? { dnsNames: names, commonName: names[0] ?? 'nobody' } : {}),
    ...(typeof days === 'number' ? period(days) : {}),
    ...(typeof rsaBits === 'number' ? { rsaBits } : {}),
  };
  return args['selfSigned'] === true ? selfSigned(order) : authority.issue(order);
}

/** Valid for so many days from now; a negative number has been over for so many. */
function period(days: number): Pick<CertificateOrder, 'notBefore' | 'notAfter'> {
  const notAfter = new Date(Date.now() + days * DAY_MS);
  return { notAfter, notBefore: new Date(Math.min(Date.now() - 3_600_000, notAfter.getTime() - DAY_MS)) };
}

/** Faults of the way in: DNS, gateway, certificates, routes. */
import { NAMESPACE } from '../topology.ts';
import { because, noHandshake } from './consequences.ts';
import type { Act, Fault } from './fault.ts';

const TRAFFIC = 'Its requests take the way in that is broken.';

const ROUTE = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  resource: 'httproutes',
  namespace: NAMESPACE,
} as const;
const route = (name: string, backendRefs: readonly Readonly<Record<string, unknown>>[]): Act => ({
  lever: 'objects.patch',
  with: { ...ROUTE, name, patch: { spec: { rules: [{ backendRefs }] } } },
});

/** Items that ask the release that goes live, and those that ask what serves users. */
const AT_BLUE = because(TRAFFIC, [
  'P2-SMO-001',
  'P2-API-001',
  'P2-API-002',
  'P2-API-003',
  'P2-API-004',
  'P2-FLO-003',
  'P2-FLO-004',
]);
const AT_USERS = because(TRAFFIC, ['P5-SEC-003', 'P5-SEC-004']);
const AT_BOTH = { ...AT_BLUE, ...AT_USERS };
/** A certificate that clients refuse stops them at the door. */
const REFUSED = { ...AT_BOTH, ...because('Clients do not trust the certificate.', ['P1-NET-003']) };

export const networkFaults: readonly Fault[] = [
  {
    name: 'dns-record-missing',
    title: 'The name of the blue deployment has no DNS record',
    inject: [{ lever: 'dns.record', with: { name: 'blue.mcp.test', address: null } }],
    changes: [{ item: 'P1-NET-001', outcome: 'fail', says: /blue\.mcp\.test: has neither A nor AAAA record/ }],
    mayChange: { ...AT_BLUE, ...noHandshake('the gateway under the name of blue') },
  },
  {
    name: 'dns-record-left-over',
    title: 'The name of the blue deployment still leads to another platform',
    inject: [{ lever: 'dns.record', with: { name: 'blue.mcp.test', address: '127.0.0.9' } }],
    changes: [{ item: 'P1-NET-001', outcome: 'fail', says: /blue\.mcp\.test: resolves to 127\.0\.0\.9/ }],
    mayChange: { ...AT_BLUE, ...noHandshake('the gateway under the name of blue') },
  },
  {
    name: 'dns-wildcard',
    title: 'Every name below the domain resolves',
    inject: [{ lever: 'dns.wildcard' }],
    changes: [{ item: 'P1-NET-001', outcome: 'fail', says: /\*\.mcp\.test: a name nobody has declared resolves to/ }],
  },
  {
    name: 'dns-killed',
    title: 'The DNS server is dead',
    inject: [{ lever: 'dns.kill' }],
    changes: [{ item: 'P1-NET-001', outcome: 'error', says: /nothing listens there/ }],
    mayChange: { ...AT_BOTH, ...noHandshake('the gateway, which nobody finds,') },
  },
  {
    name: 'certificate-expires-tomorrow',
    title: 'The certificate of the gateway runs out tomorrow',
    inject: [{ lever: 'gateway.certificate', with: { days: 1 } }],
    changes: [
      {
        item: 'P1-NET-002',
        outcome: 'fail',
        says: /is valid for 24\.0 h more|is valid for 1\.0 d more|is valid for 23\.\d h more/,
      },
      { item: 'P5-SEC-002', outcome: 'fail', says: /is valid for .* more, expected at least/ },
    ],
  },
  {
    name: 'certificate-key-too-short',
    title: 'The certificate of the gateway has an RSA key of 1024 bits',
    inject: [{ lever: 'gateway.certificate', with: { rsaBits: 1024 } }],
    changes: [
      { item: 'P1-NET-002', outcome: 'fail', says: /has a key of 1024 bits \(rsa\)/ },
      { item: 'P5-SEC-002', outcome: 'fail', says: /has a key of 1024 bits \(rsa\)/ },
    ],
    // OpenSSL of Node 24 refuses such a key by itself.
    mayChange: { ...REFUSED, 'P1-NWS-002': 'Its own handshakes are refused as well.' },
  },
  {
    name: 'certificate-self-signed',
    title: 'The gateway shows a self-signed certificate',
    inject: [{ lever: 'gateway.certificate', with: { selfSigned: true } }],
    changes: [
      { item: 'P1-NET-002', outcome: 'fail', says: /does not verify: it is self-signed/ },
      { item: 'P5-SEC-002', outcome: 'fail', says: /does not verify: it is self-signed/ },
    ],
    mayChange: REFUSED,
  },
  {
    name: 'certificate-of-another-name',
    title: 'The certificate of the gateway is for another name',
    inject: [{ lever: 'gateway.certificate', with: { dnsNames: ['www.other.test'] } }],
    changes: [
      { item: 'P1-NET-002', outcome: 'fail', says: /it is not for the name api\.mcp\.test/ },
      { item: 'P5-SEC-002', outcome: 'fail', says: /it is not for the name api\.mcp\.test/ },
    ],
    mayChange: REFUSED,
  },
  {
    name: 'doors-killed',
    title: 'The network inside the cluster is dead: no pod reaches a Service',
    inject: [{ lever: 'doors.kill' }],
    changes: [
      { item: 'P2-HEA-003', outcome: 'fail', says: /\/health: the connection was refused/ },
      ...['P2-HEA-001', 'P5-HEA-001'].map(
        (item) => ({ item, outcome: 'fail', says: /\/health answered 503.*"database":"down","cache":"down"/ }) as const,
      ),
      { item: 'P1-DAT-004', outcome: 'fail', says: /through PgBouncer: does not answer/ },
    ],
    mayChange: { ...AT_BOTH, 'P1-NET-003': 'It asks the API how it is, which reaches no store.' },
  },
  {
    name: 'gateway-speaks-old-tls',
    title: 'The gateway still takes TLS 1.2',
    inject: [{ lever: 'gateway.tls', with: { minVersion: 'TLSv1.2' } }],
    changes: [{ item: 'P1-NWS-002', outcome: 'fail', says: /endpoint \w+ .*speaks TLSv1\.2, too/ }],
  },
  {
    name: 'gateway-killed',
    title: 'The process of the gateway is dead',
    inject: [{ lever: 'gateway.kill' }],
    changes: [
      { item: 'P1-NET-003', outcome: 'fail', says: /has no address|condition Programmed is False/ },
      { item: 'P1-NET-002', outcome: 'fail', says: /no TLS handshake/ },
      { item: 'P1-NWS-002', outcome: 'fail', says: /no TLS handshake/ },
      { item: 'P5-SEC-002', outcome: 'fail', says: /no TLS handshake/ },
    ],
    mayChange: { ...AT_BOTH, 'P1-NET-001': 'The Gateway has no address that names could lead to.' },
  },
  {
    name: 'backends-gone',
    title: 'The deployment that serves users has no pods left',
    inject: [
      {
        lever: 'objects.patch',
        with: {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          resource: 'deployments',
          namespace: NAMESPACE,
          name: 'mcp-typescript-api-green',
          patch: { spec: { replicas: 0 } },
        },
      },
    ],
    changes: [
      {
        item: 'P1-NET-003',
        outcome: 'fail',
        says: /Service mcp-production\/mcp-typescript-api-green-service: has no ready endpoint/,
      },
    ],
    mayChange: { ...AT_USERS, 'P2-DEP-001': 'The manifests describe two replicas.' },
  },
  {
    name: 'route-to-nowhere',
    title: 'The route of the blue deployment names a Service that does not exist',
    inject: [route('mcp-blue', [{ name: 'mcp-nobody', port: 3000 }])],
    changes: [
      { item: 'P1-NET-003', outcome: 'fail', says: /mcp-blue: condition ResolvedRefs is False \(BackendNotFound/ },
    ],
    mayChange: AT_BLUE,
  },
  {
    name: 'route-without-weight',
    title: 'All weights of the route of the blue deployment are 0',
    inject: [route('mcp-blue', [{ name: 'mcp-typescript-api-service', port: 3000, weight: 0 }])],
    changes: [{ item: 'P1-NET-003', outcome: 'fail', says: /mcp-blue: 1 of its rules send traffic to nobody/ }],
    mayChange: AT_BLUE,
  },
];

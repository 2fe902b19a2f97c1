/** What makes a certificate one to go live with. */
import type { CertificateFacts } from '../../contract/network.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import type { CheckContext, Evidence, Finding, Judgement } from '../../kit/define-check.ts';
import { table } from '../../kit/evidence.ts';
import { judged, present } from '../../kit/judged.ts';
import type { Handshake } from '../../protocols/tls-servers.ts';
import type { Params } from './check.ts';

export const messages = {
  noAnswer: {
    says: '{subject}: no TLS handshake ({why}), expected a certificate.',
    fix: 'Start the server, or open the way to it from where the gate runs.',
  },
  refused: {
    says: '{subject}: refuses TLS ({why}), expected a certificate.',
    fix: 'Switch TLS on in the server, and give it a certificate and the key that belongs to it.',
  },
  withoutTls: {
    says: '{subject}: is declared without TLS ({declared}), expected TLS.',
    fix: 'Give the server a certificate and declare it with TLS, or exempt it with the reason why.',
  },
  untrusted: {
    says: '{subject}: the certificate does not verify: {why}; expected one that clients trust for {name}.',
    fix: 'Install a certificate of a trusted CA for that name, with all certificates in between; or trust its CA (caFile) where clients do, too.',
  },
  noNames: {
    says: '{subject}: the certificate ({name}) names its server in the subject only, expected {expected} among its alternative names.',
    fix: 'Have it issued with subjectAltName: browsers and most programs no longer read the common name (RFC 9525).',
  },
  selfSigned: {
    says: '{subject}: the certificate ({name}) is its own issuer, expected one issued by a CA.',
    fix: 'Have it issued by a CA: a self-signed one can neither be revoked nor renewed without touching every client.',
  },
  expiresSoon: {
    says: '{subject}: {name} is valid for {actual} more, expected at least {expected}.',
    fix: 'Renew the certificate, and repair what should have renewed it.',
  },
  weakKey: {
    says: '{subject}: {name} has a key of {actual}, expected at least {expected}.',
    fix: 'Issue the certificate anew over a larger key.',
  },
  weakSignature: {
    says: '{subject}: {name} is signed with {actual}, expected SHA-256 or better.',
    fix: 'Have the certificate issued anew: signatures over MD5 and SHA-1 can be forged.',
  },
  oldProtocol: {
    says: '{subject}: the handshake ended with {actual}, expected {expected} or newer.',
    fix: 'Enable the newer version in the server or the proxy before it.',
  },
  notStapled: {
    says: '{subject}: sends no OCSP response with its certificate, expected one.',
    fix: 'Switch OCSP stapling on, and let the server reach the responder of its CA.',
  },
  unmatchedExemption: {
    says: '{subject}: is exempt but not declared without TLS, expected exemptions that are needed.',
    fix: 'Remove the exemption, or correct its name.',
  },
};
type Id = keyof typeof messages;

export interface Seen {
  /** `endpoint public`, `api.example.com at Gateway shop/edge`. */
  readonly server: string;
  readonly address: string;
  readonly serverName: string;
  readonly answer: Handshake;
}
export interface Gathered {
  readonly seen: readonly Seen[];
  readonly withoutTls: readonly { readonly server: string; readonly declared: string }[];
  /** Host names asked for at the Gateway; null where none is declared. */
  readonly gatewayNames: number | null;
}

const ROOT_ISSUED_BY_ITSELF = ({ subject, issuer }: CertificateFacts): boolean => subject === issuer;

export function judge(params: Params, gathered: Gathered, { now }: Pick<CheckContext, 'now'>): Judgement<Id> {
  const { seen, withoutTls, gatewayNames } = gathered;
  const exempt = new Set(params.exemptions.map(({ server }) => server));
  const evidence = evidenceOf(params, gathered, now);
  const findings: Finding<Id>[] = [
    ...seen.flatMap((one) => findingsOf(params, one, now)),
    ...withoutTls
      .filter(({ server }) => !exempt.has(server))
      .map(({ server, declared }) => ({ message: 'withoutTls' as const, subject: server, data: { declared } })),
    ...[...exempt]
      .filter((server) => !withoutTls.some((one) => one.server === server))
      .map((server) => ({ message: 'unmatchedExemption' as const, subject: server })),
  ];
  const subjects = seen.map(({ server, address }) => `${server} (${address})`);
  if (findings.length === 0 && gatewayNames === 0)
    return {
      outcome: 'inconclusive',
      reason: 'no-subjects',
      why: 'The Gateway has no address, no TLS listener or no host name: none of its certificates was seen.',
      evidence,
    };
  return judged(findings, subjects, evidence, 'No server with TLS is declared.');
}

function findingsOf(params: Params, { server, address, serverName, answer }: Seen, now: Date): Finding<Id>[] {
  const subject = `${server} (${address})`;
  if (answer.handshake === 'none') return [{ message: 'noAnswer', subject, data: { why: answer.why } }];
  if (answer.handshake === 'refused') return [{ message: 'refused', subject, data: { why: answer.why } }];
  const { chain, verified, verifyError, protocol, ocspStapled } = answer;
  const [leaf] = chain;
  // The root is trusted for being there, not for its own signature.
  const judgedOnes = chain.filter((one, index) => index === 0 || !ROOT_ISSUED_BY_ITSELF(one));
  return present<Finding<Id>>([
    (!verified || !leaf) && {
      message: 'untrusted',
      subject,
      data: { why: verifyError ?? 'the server sent none', name: serverName },
    },
    // This side's verification still takes the common name for want of others.
    verified &&
      leaf &&
      !leaf.names.some((name) => /^(DNS|IP)/.test(name)) && {
        message: 'noNames',
        subject,
        data: { name: leaf.subject, expected: serverName },
      },
    verified && leaf && ROOT_ISSUED_BY_ITSELF(leaf) && { message: 'selfSigned', subject, data: { name: leaf.subject } },
    ...chain.map((one) => expiry(params, subject, one, verified, now)),
    ...chain.map((one) => weakKey(params, subject, one)),
    ...judgedOnes.map((one): Finding<Id> | false => {
      const weak = /md5|sha1(?!\d)/i.test(one.signatureAlgorithm);
      return weak && { message: 'weakSignature', subject, data: { name: one.subject, actual: one.signatureAlgorithm } };
    }),
    protocol < params.minProtocol && {
      message: 'oldProtocol',
      subject,
      data: { actual: protocol, expected: params.minProtocol },
    },
    params.requireOcspStapling && !ocspStapled && { message: 'notStapled', subject },
  ]);
}

/** One that has expired is told by the verification already. */
function expiry(
  { minValidity }: Params,
  subject: string,
  one: CertificateFacts,
  verified: boolean,
  now: Date,
): Finding<Id> | false {
  const left = Date.parse(one.notAfter) - now.getTime();
  if (left >= durationMs(minValidity) || (left <= 0 && !verified)) return false;
  const data = { name: one.subject, actual: formatMs(Math.max(0, left)), expected: minValidity };
  return { message: 'expiresSoon', subject, data };
}

function weakKey({ minRsaBits, minEcBits }: Params, subject: string, one: CertificateFacts): Finding<Id> | false {
  const { keyType, keyBits } = one;
  const least = /^(rsa|dsa)/.test(keyType) ? minRsaBits : minEcBits;
  if (keyBits >= least) return false;
  const data = { name: one.subject, actual: `${keyBits} bits (${keyType})`, expected: `${least} bits` };
  return { message: 'weakKey', subject, data };
}

function evidenceOf(params: Params, { seen, withoutTls }: Gathered, now: Date): readonly [Evidence, ...Evidence[]] {
  const days = (text: string): number => Math.floor((Date.parse(text) - now.getTime()) / 86_400_000);
  return [
    table(
      `Handshakes (${params.minProtocol} or newer, valid for ${params.minValidity} or longer)`,
      ['server', 'address', 'version', 'cipher', 'verifies', 'OCSP stapled', 'ms'],
      seen.map(({ server, address, answer }) =>
        answer.handshake === 'completed'
          ? [
              server,
              address,
              answer.protocol,
              answer.cipher,
              answer.verifyError ?? answer.verified,
              answer.ocspStapled,
              Math.round(answer.ms),
            ]
          : [server, address, answer.handshake === 'none' ? 'no answer' : 'refused', null, answer.why, null, null],
      ),
    ),
    table(
      'Certificates, leaf first',
      ['server', 'subject', 'issuer', 'names', 'not after', 'days left', 'key', 'signature', 'SHA-256'],
      seen.flatMap(({ server, answer }) =>
        answer.handshake === 'completed'
          ? answer.chain.map((one) => [
              server,
              one.subject,
              one.issuer,
              one.names.join(', '),
              one.notAfter,
              days(one.notAfter),
              `${one.keyType} ${one.keyBits}`,
              one.signatureAlgorithm,
              one.fingerprint,
            ])
          : [],
      ),
    ),
    ...(withoutTls.length === 0
      ? []
      : [
          table(
            'Declared without TLS',
            ['server', 'declared', 'reason'],
            withoutTls.map(({ server, declared }) => [
              server,
              declared,
              params.exemptions.find((one) => one.server === server)?.reason ?? null,
            ]),
          ),
        ]),
  ];
}

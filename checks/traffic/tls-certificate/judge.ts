/** What makes a certificate one to go live with. */
import type { CertificateFacts } from '../../contract/network.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import type { Evidence, Refusal, Say } from '../../kit/kind.ts';
import type { Handshake } from '../../protocols/tls-servers.ts';

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
} as const;

/** What of the params is judged by. */
interface Bounds {
  readonly exemptions: readonly { readonly server: string; readonly reason: string }[];
  readonly minValidity: string;
  readonly minRsaBits: number;
  readonly minEcBits: number;
  readonly minProtocol: string;
  readonly requireOcspStapling: boolean;
}
export interface Seen {
  /** `endpoint public`, `api.example.com at Gateway shop/edge`. */
  readonly server: string;
  readonly address: string;
  readonly serverName: string;
  readonly answer: Handshake;
}
interface All {
  readonly seen: readonly Seen[];
  readonly withoutTls: readonly { readonly server: string; readonly declared: string }[];
  /** Host names asked for at the Gateway; null where none is declared. */
  readonly gatewayNames: number | null;
  /** Why the Gateway or its routes could not be read. */
  readonly gatewayRefusal?: Refusal;
}

export function judge(bounds: Bounds, all: All, say: Say<typeof messages>, now: Date): void {
  const { seen, withoutTls, gatewayNames, gatewayRefusal } = all;
  const exempt = new Set(bounds.exemptions.map(({ server }) => server));
  for (const one of seen) judgeServer(bounds, one, say, now);
  for (const { server, declared } of withoutTls) if (!exempt.has(server)) say.fail('withoutTls', server, { declared });
  for (const server of exempt)
    if (!withoutTls.some((one) => one.server === server)) say.fail('unmatchedExemption', server);
  if (gatewayRefusal) say.refused(gatewayRefusal);
  if (gatewayNames === 0)
    say.unsure(
      'no-subjects',
      'The Gateway has no address, no TLS listener or no host name: none of its certificates was seen.',
    );
  say.show(...evidenceOf(bounds, all, now));
}

const isItsOwnIssuer = ({ subject, issuer }: CertificateFacts): boolean => subject === issuer;

function judgeServer(
  bounds: Bounds,
  { server, address, serverName, answer }: Seen,
  say: Say<typeof messages>,
  now: Date,
) {
  const subject = `${server} (${address})`;
  say.judged(subject);
  if (answer.handshake === 'none') return say.fail('noAnswer', subject, { why: answer.why });
  if (answer.handshake === 'refused') return say.fail('refused', subject, { why: answer.why });
  const { chain, verified, verifyError, protocol, ocspStapled } = answer;
  const [leaf] = chain;
  if (!verified || !leaf)
    say.fail('untrusted', subject, { why: verifyError ?? 'the server sent none', name: serverName });
  else {
    const name = leaf.subject;
    // This side's verification still takes the common name for want of others.
    if (!leaf.names.some((one) => /^(DNS|IP)/.test(one))) say.fail('noNames', subject, { name, expected: serverName });
    if (isItsOwnIssuer(leaf)) say.fail('selfSigned', subject, { name });
  }
  for (const one of chain) {
    const name = one.subject;
    const left = Date.parse(one.notAfter) - now.getTime();
    // One that has expired is reported by the verification already.
    if (left < durationMs(bounds.minValidity) && (left > 0 || verified))
      say.fail('expiresSoon', subject, { name, actual: formatMs(Math.max(0, left)), expected: bounds.minValidity });
    const least = /^(rsa|dsa)/.test(one.keyType) ? bounds.minRsaBits : bounds.minEcBits;
    if (one.keyBits < least)
      say.fail('weakKey', subject, { name, actual: `${one.keyBits} bits (${one.keyType})`, expected: `${least} bits` });
    // The root is trusted for being there, not for its own signature.
    const isRoot = one !== leaf && isItsOwnIssuer(one);
    if (!isRoot && /md5|sha1(?!\d)/i.test(one.signatureAlgorithm))
      say.fail('weakSignature', subject, { name, actual: one.signatureAlgorithm });
  }
  if (protocol < bounds.minProtocol)
    say.fail('oldProtocol', subject, { actual: protocol, expected: bounds.minProtocol });
  if (bounds.requireOcspStapling && !ocspStapled) say.fail('notStapled', subject);
}

function evidenceOf(
  { minProtocol, minValidity, exemptions }: Bounds,
  { seen, withoutTls }: All,
  now: Date,
): Evidence[] {
  const days = (text: string): number => Math.floor((Date.parse(text) - now.getTime()) / 86_400_000);
  return [
    table(
      `Handshakes (${minProtocol} or newer, valid for ${minValidity} or longer)`,
      ['server', 'address', 'version', 'cipher', 'verifies', 'OCSP stapled', 'ms'],
      seen.map(({ server, address, answer }) => {
        if (answer.handshake !== 'completed')
          return [server, address, answer.handshake === 'none' ? 'no answer' : 'refused', null, answer.why, null, null];
        const { protocol, cipher, verified, verifyError, ocspStapled, ms } = answer;
        return [server, address, protocol, cipher, verifyError ?? verified, ocspStapled, Math.round(ms)];
      }),
    ),
    table(
      'Certificates, leaf first',
      ['server', 'address', 'subject', 'issuer', 'names', 'not after', 'days left', 'key', 'signature', 'SHA-256'],
      seen.flatMap(({ server, address, answer }) =>
        (answer.handshake === 'completed' ? answer.chain : []).map((one) => [
          server,
          address,
          one.subject,
          one.issuer,
          one.names.join(', '),
          one.notAfter,
          days(one.notAfter),
          `${one.keyType} ${one.keyBits}`,
          one.signatureAlgorithm,
          one.fingerprint,
        ]),
      ),
    ),
    table(
      'Declared without TLS',
      ['server', 'declared', 'reason'],
      withoutTls.map(({ server, declared }) => [
        server,
        declared,
        exemptions.find((one) => one.server === server)?.reason ?? null,
      ]),
    ),
  ];
}

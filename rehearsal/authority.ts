/**
 * The rehearsal's certificate authority: made anew at each start. Its certificate is `ca.pem` in the rehearsal's folder, its key stays
 * in this process.
 */
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { issueCertificate } from './api-server/x509.ts';
import { writeAtomically } from '../fixtures/rehearsal-client/state-file.ts';

const DAY_MS = 86_400_000;
const SUBJECT = { commonName: 'golive rehearsal CA', organizations: ['golive'] } as const;

export interface CertificateOrder {
  readonly commonName: string;
  readonly dnsNames?: readonly string[];
  readonly addresses?: readonly string[];
  /** Valid from an hour ago (or `notBefore`) for 90 days unless said. */
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** An RSA key of so many bits instead of P-256. */
  readonly rsaBits?: number;
}
export interface KeyPair {
  /** PEM, PKCS #8. */
  readonly key: string;
  /** PEM: the certificate, then its CA's. */
  readonly certificate: string;
}
export interface Authority {
  /** Path of the CA's certificate. */
  readonly caFile: string;
  readonly caCertificate: string;
  /** Issues a server certificate over a fresh key, P-256 unless said. */
  issue(order: CertificateOrder): KeyPair;
  /** Issues and writes `NAME.pem` and `NAME.key` (0600) into a folder, for programs that read files. */
  issueInto(
    folder: string,
    name: string,
    order: CertificateOrder,
  ): { readonly certFile: string; readonly keyFile: string };
}

export function createAuthority(dir: string): Authority {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const now = Date.now();
  const caCertificate = issueCertificate({
    subject: SUBJECT,
    publicKey: keys.publicKey,
    issuer: SUBJECT,
    issuerKey: keys,
    use: 'ca',
    notBefore: new Date(now - 3_600_000),
    notAfter: new Date(now + 365 * DAY_MS),
  });
  const caFile = join(dir, 'ca.pem');
  writeAtomically(caFile, caCertificate);

  const issue = (order: CertificateOrder): KeyPair => {
    const own =
      order.rsaBits === undefined
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : generateKeyPairSync('rsa', { modulusLength: order.rsaBits });
    const certificate = issueCertificate({
      subject: { commonName: order.commonName },
      publicKey: own.publicKey,
      issuer: SUBJECT,
      issuerKey: keys,
      use: 'server',
      ...(order.dnsNames ? { dnsNames: order.dnsNames } : {}),
      ...(order.addresses ? { addresses: order.addresses } : {}),
      notBefore: order.notBefore ?? new Date(Date.now() - 3_600_000),
      notAfter: order.notAfter ?? new Date(Date.now() + 90 * DAY_MS),
    });
    return {
      key: own.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      certificate: certificate + caCertificate,
    };
  };
  return {
    caFile,
    caCertificate,
    issue,
    issueInto(folder, name, order) {
      const pair = issue(order);
      const [certFile, keyFile] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
      writeAtomically(certFile, pair.certificate);
      writeAtomically(keyFile, pair.key);
      return { certFile, keyFile };
    },
  };
}

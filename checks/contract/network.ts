/** The capabilities `dns` and `tls`, as types only: what names and certificates say. */

export type DnsRecordType = 'A' | 'AAAA' | 'CNAME';
/** Asks the environment's DNS servers, or the system's where it declares none. */
export interface DnsClient {
  /** The servers asked, for messages. */
  readonly where: string;
  /** Records of a name; empty when the name or the type does not exist (NXDOMAIN, NODATA). Throws `unreachable`, `timeout`, `protocol`. */
  resolve(name: string, type: DnsRecordType): Promise<readonly string[]>;
}

/** What a certificate says of itself. */
export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  /** `subjectAltName`: `DNS:api.example.com`, `IP:127.0.0.1`. */
  readonly names: readonly string[];
  /** RFC 3339. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** `rsa`, `ec`, `ed25519` …, with its size in bits (of an EC key: of its curve). */
  readonly keyType: string;
  readonly keyBits: number;
  /** As OpenSSL names it, for example `ecdsa-with-SHA256`. */
  readonly signatureAlgorithm: string;
  /** SHA-256 of the certificate, hexadecimal. */
  readonly fingerprint: string;
  readonly isCa: boolean;
}
export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
export interface TlsTarget {
  readonly host: string;
  readonly port: number;
  /** Name for SNI and verification; the host when absent. */
  readonly serverName?: string;
  /** Connects to this IP address instead of those the host resolves to. */
  readonly address?: string;
  readonly caFile?: string;
  /** Versions offered; both ends when absent. */
  readonly minVersion?: TlsVersion;
  readonly maxVersion?: TlsVersion;
  /** Asks for TLS in the protocol's own way first (PostgreSQL's SSLRequest). */
  readonly startTls?: 'postgres';
}
export type TlsAnswer =
  | {
      readonly handshake: 'completed';
      readonly protocol: TlsVersion;
      readonly cipher: string;
      /** Whether chain, name and time verify; why not otherwise. The handshake is completed either way, and no data sent. */
      readonly verified: boolean;
      readonly verifyError?: string;
      /** As the server sent it, leaf first. */
      readonly chain: readonly CertificateFacts[];
      readonly ocspStapled: boolean;
      readonly ms: number;
    }
  /** The server answered and refused: an alert, or (for startTls) that it speaks no TLS. */
  | { readonly handshake: 'refused'; readonly why: string; readonly ms: number };
/** A PostgreSQL or Redis server, spoken to without TLS. */
export interface PlaintextTarget extends Pick<TlsTarget, 'host' | 'port' | 'address'> {
  readonly protocol: 'postgres' | 'redis';
  /** PostgreSQL decides by user and database who may come without TLS. */
  readonly user?: string;
  readonly database?: string;
}
export interface PlaintextAnswer {
  /** `unclear` where the server said nothing, or refused for another reason. */
  readonly plaintext: 'accepted' | 'refused' | 'unclear';
  /** What it said, in words. */
  readonly why: string;
}
/** What became of a TCP connection to one port. */
export interface PortAnswer {
  /** `silent`: nobody answered in time, or a router said that there is no way. */
  readonly state: 'open' | 'refused' | 'silent';
  /** In words, where it is not open. */
  readonly why: string;
  readonly ms: number;
}
/** Makes TLS handshakes and says what was seen. Throws `unreachable`, `timeout` when nobody answers at all. */
export interface TlsProber {
  /** The addresses of a host, of the families that this machine has; an address is its own. Throws `unreachable`, `timeout`. */
  addresses(host: string): Promise<readonly string[]>;
  handshake(target: TlsTarget): Promise<TlsAnswer>;
  /** Makes a TCP connection and closes it; nothing is sent. Whether anybody answers is the answer. Throws where the name is not known. */
  port(target: Pick<TlsTarget, 'host' | 'port' | 'address'> & { readonly timeoutMs: number }): Promise<PortAnswer>;
  /** Begins a session without TLS and ends it before any password is sent. */
  plaintext(target: PlaintextTarget): Promise<PlaintextAnswer>;
}

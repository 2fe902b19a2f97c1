/** The capability `http`, as types only. */
import type { PullSecretRef, SecretRef } from './secrets.ts';

/** Who to log in as: a name and its password, or what a pull secret holds for an image. */
export type BasicLogin = { readonly username: string; readonly password: SecretRef } | PullSecretRef;

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Text, at most `maxBytes`; `truncated` says whether more came. */
  readonly body: string;
  readonly truncated: boolean;
  readonly ms: number;
  /** Where the request asked for them: the addresses of the host, of the families that this machine has; users come to each. */
  readonly addresses?: readonly string[];
}
/** A JSON Web Token signed inside the capability: the key never leaves it. `header.alg` says how. */
export interface SignedToken {
  /** A shared secret (HS256 …) or a private key in PEM (RS256, PS256, ES256 …, EdDSA). */
  readonly signedBy: SecretRef;
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}
export interface HttpRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD' | 'PATCH';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. A member that is a SecretRef is resolved inside and never recorded. */
  readonly json?: Readonly<Record<string, unknown>>;
  /** Sent as it is, instead of `json`; its type is in `headers`. */
  readonly body?: string;
  /** Sent as `Authorization: Bearer …`; a SecretRef, a token another answer gave, or one to be signed. */
  readonly bearer?: SecretRef | SignedToken | string;
  /** Sent as `Authorization: Basic …`. */
  readonly basic?: BasicLogin;
  /** Sent as `Authorization`, after a word that some APIs want instead of Bearer: `Token token=`, `GenieKey `, or none. */
  readonly authorization?: { readonly prefix: string; readonly secret: SecretRef };
  /** Appended to the URL, and never recorded: webhooks whose path is their credential. */
  readonly secretPath?: SecretRef;
  /** Signs the body by Standard Webhooks 1.0 and sends the three headers. */
  readonly webhook?: { readonly secret: SecretRef; readonly id: string; readonly at: Date };
  readonly timeoutMs?: number;
  /** Most of the body that is kept; 1 MiB unless it says otherwise. */
  readonly maxBytes?: number;
  /** PEM file of the CA to verify with besides the system's. */
  readonly caFile?: string;
  /** Connects to this IP address instead of those the name resolves to; name and certificate are the URL's all the same. */
  readonly address?: string;
  /** The answer names the addresses of the host. */
  readonly tellAddresses?: boolean;
}
/**
 * Speaks HTTP(S) to the environment's endpoints, TLS verified, redirects not followed. Throws on transport failures only. Names are
 * resolved by the environment's own DNS servers where it declares some.
 */
export interface HttpClient {
  request(request: HttpRequest): Promise<HttpAnswer>;
}

/** A GET whose body is read for its digest alone, however long it is. */
export interface DigestRequest extends Pick<HttpRequest, 'url' | 'headers' | 'bearer' | 'basic' | 'caFile'> {
  readonly algorithm: 'sha256' | 'sha512';
  /** A longer body is not read on. */
  readonly maxBytes: number;
}
export interface DigestAnswer extends Pick<HttpAnswer, 'status' | 'headers' | 'ms'> {
  /** `sha256:…` of the body; null of another answer than 200, and of a body longer than `maxBytes`. */
  readonly digest: string | null;
  /** Bytes of the body that were read. */
  readonly bytes: number;
}
/** Streams bodies into digests and keeps nothing of them. Throws `timeout` when nothing comes for a while, else as `HttpClient` does. */
export interface DigestReader {
  digest(request: DigestRequest): Promise<DigestAnswer>;
}

/**
 * A thin client of container registries: the OCI distribution specification 1.1 over the `http` capability, with the token protocol
 * that registries speak (RFC 6750 challenges, distribution/distribution docs/spec/auth/token.md). It follows redirects of what it
 * reads, hands its credential to the registry alone, and trusts no digest that it has not computed itself.
 */
import { createHash } from 'node:crypto';
import type {
  BasicLogin,
  DigestAnswer,
  DigestReader,
  DigestRequest,
  HttpAnswer,
  HttpClient,
  HttpRequest,
} from '../contract/http.ts';
import type { Registry } from '../contract/environment.ts';
import { ObservationError } from '../kit/kind.ts';
import { parseJson, textAt } from '../contract/json.ts';

/** How a registry wants to be asked. */
export type Challenge =
  | { readonly scheme: 'none' }
  | { readonly scheme: 'basic' }
  | { readonly scheme: 'bearer'; readonly realm: string; readonly service: string | null };

export interface RegistryCall {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'DELETE';
  /** Path below the registry, or a whole address at it, as `Location` names one. */
  readonly path: string;
  /** Whose token is asked for, and for what: `pull` or `pull,push`. */
  readonly repository: string;
  readonly actions: string;
  readonly accept?: string;
  /** Most of the body that is read; what the `http` capability keeps unless it says otherwise. */
  readonly maxBytes?: number;
}
export interface RegistrySession {
  /** `https://registry.shop.test`, for messages. */
  readonly where: string;
  /** `GET /v2/` without a credential: the registry's API and how it wants to be asked. Throws `protocol` when it is none. */
  challenge(): Promise<Challenge>;
  /** Makes a request with what the challenge asks for. Throws `unauthorized`, `forbidden` when no token is given. */
  call(call: RegistryCall): Promise<HttpAnswer>;
  /** The same for what is only read, which registries may keep elsewhere. */
  read(call: RegistryCall): Promise<HttpAnswer>;
  /** The same of a body that matters by its digest alone. */
  digest(call: RegistryCall, of: Pick<DigestRequest, 'algorithm' | 'maxBytes'>): Promise<DigestAnswer>;
}
/** The registry, and who asks it: its own credential, or what a pull secret holds. */
type AskedRegistry = Omit<Registry, 'credential'> & { readonly credential?: BasicLogin | undefined };

const REDIRECTS = [301, 302, 303, 307, 308];
const MAX_REDIRECTS = 5;
/** Registries may issue tokens for a minute (token.md), and reading layers takes longer. */
const TOKEN_KEPT_MS = 45_000;

export function registrySession(http: HttpClient & DigestReader, registry: AskedRegistry): RegistrySession {
  const root = registry.url.replace(/\/+$/, '');
  const trust = registry.caFile === undefined ? {} : { caFile: registry.caFile };
  const tokens = new Map<string, { readonly token: Promise<string>; readonly at: number }>();
  let challenged: Promise<Challenge> | undefined;

  const challenge = (): Promise<Challenge> => (challenged ??= askChallenge(http, root, trust));

  async function authorization(repository: string, actions: string): Promise<Pick<HttpRequest, 'bearer' | 'basic'>> {
    const asked = await challenge();
    if (asked.scheme === 'none') return {};
    if (asked.scheme === 'basic') return registry.credential === undefined ? {} : { basic: registry.credential };
    const scope = `repository:${repository}:${actions}`;
    const known = tokens.get(scope);
    if (known && performance.now() - known.at < TOKEN_KEPT_MS) return { bearer: await known.token };
    const token = askToken(http, { ...registry, url: root }, asked, scope);
    tokens.set(scope, { token, at: performance.now() });
    return { bearer: await token };
  }

  // A registry may live below a path (Artifactory); a whole address is one that it named itself.
  const addressOf = (path: string): URL => new URL(path.startsWith('/v2/') ? `${root}${path}` : path, `${root}/`);
  const isOwn = (url: URL): boolean => url.origin === new URL(root).origin;

  async function requestTo(url: URL, { repository, actions, accept }: RegistryCall) {
    return {
      url: url.href,
      ...trust,
      ...(accept === undefined ? {} : { headers: { accept } }),
      ...(isOwn(url) ? await authorization(repository, actions) : {}),
    };
  }

  async function follow<A extends Pick<HttpAnswer, 'status' | 'headers'>>(
    asked: RegistryCall,
    send: (request: Pick<HttpRequest, 'url' | 'headers' | 'bearer' | 'basic' | 'caFile'>) => Promise<A>,
  ): Promise<A> {
    let url = addressOf(asked.path);
    for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
      const answer = await send(await requestTo(url, asked));
      const location = answer.headers['location'];
      if (!REDIRECTS.includes(answer.status) || location === undefined) return answer;
      url = new URL(location, url);
      if (root.startsWith('https:') && url.protocol !== 'https:')
        throw new ObservationError('protocol', `${root} sends its clients to an address without TLS`);
    }
    throw new ObservationError('protocol', `${root} redirects more than ${MAX_REDIRECTS} times`);
  }

  return {
    where: root,
    challenge,
    async call(asked) {
      const url = addressOf(asked.path);
      // A Location elsewhere would be handed the token.
      if (!isOwn(url))
        throw new ObservationError(
          'protocol',
          `${root} sends its clients to ${url.origin}, expected an address of its own`,
        );
      return await http.request({ method: asked.method, ...(await requestTo(url, asked)) });
    },
    read: (asked) =>
      follow(asked, (request) =>
        http.request({
          method: asked.method,
          ...request,
          ...(asked.maxBytes === undefined ? {} : { maxBytes: asked.maxBytes }),
        }),
      ),
    digest: (asked, of) => follow(asked, (request) => http.digest({ ...request, ...of })),
  };
}

async function askChallenge(http: HttpClient, root: string, trust: { caFile?: string }): Promise<Challenge> {
  const { status, headers } = await http.request({ url: `${root}/v2/`, ...trust });
  if (status === 200) return { scheme: 'none' };
  const found = status === 401 ? parseChallenge(headers['www-authenticate'] ?? '') : null;
  if (found) return found;
  throw new ObservationError(
    'protocol',
    `GET ${root}/v2/ answered ${status}${status === 401 ? ' without a challenge of a known kind' : ''}, expected 200, or 401 and how to log in`,
    {
      detail: `http-${status}`,
      fix: 'Correct the url of the registry: what answers there does not speak the registry API',
    },
  );
}

/** Reads `WWW-Authenticate` (RFC 7235 §4.1, RFC 6750 §3); null when it names no scheme that registries use. */
export function parseChallenge(header: string): Challenge | null {
  const bearer = /(?:^|,\s*)Bearer\s+(.*)$/is.exec(header)?.[1];
  if (bearer !== undefined) {
    const parameters = new Map(
      [...bearer.matchAll(/([a-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi)].map(
        ([, name = '', quoted, plain]) => [name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain ?? ''] as const,
      ),
    );
    const realm = parameters.get('realm');
    if (realm === undefined || !URL.canParse(realm)) return null;
    return { scheme: 'bearer', realm, service: parameters.get('service') ?? null };
  }
  return /(?:^|,\s*)Basic\b/i.test(header) ? { scheme: 'basic' } : null;
}

async function askToken(
  http: HttpClient,
  registry: AskedRegistry,
  { realm, service }: Extract<Challenge, { scheme: 'bearer' }>,
  scope: string,
): Promise<string> {
  const url = new URL(realm);
  if (registry.url.startsWith('https:') && url.protocol !== 'https:')
    throw new ObservationError('protocol', `${registry.url} asks for passwords at an address without TLS`);
  const where = `${url.origin}${url.pathname}`;
  if (service !== null) url.searchParams.set('service', service);
  url.searchParams.append('scope', scope);
  const { credential, caFile } = registry;
  const asked = http.request({
    url: url.href,
    ...(caFile === undefined ? {} : { caFile }),
    ...(credential === undefined ? {} : { basic: credential }),
  });
  const { status, body } = await asked.catch(ofTokens);
  const token = textAt(parseJson(body), '', 'token') || textAt(parseJson(body), '', 'access_token');
  if (status === 200 && token !== '') return token;
  const who = credential === undefined ? 'a client without a credential' : nameOfLogin(credential);
  if (status === 401 || status === 403)
    throw new ObservationError(
      status === 401 ? 'unauthorized' : 'forbidden',
      `${where} refuses ${who} a token for ${scope} (${status})`,
      {
        detail: `token-http-${status}`,
        fix: 'Renew the credential of the registry in the environment file, or give it the right it lacks',
      },
    );
  throw new ObservationError('protocol', `${where} answered ${status} without a token, expected one for ${who}`, {
    detail: `token-http-${status}`,
  });
}

/** For messages: the user, or the Secret whose credential it is. */
export const nameOfLogin = (login: BasicLogin): string =>
  'from' in login ? `Secret ${login.namespace}/${login.name}` : login.username;

/** The service that issues tokens may be away while the registry is there: its refusals are told apart from the registry's. */
function ofTokens(error: unknown): never {
  if (!(error instanceof ObservationError) || error.detail === undefined) throw error;
  const { code, message, detail, fix, cause } = error;
  throw new ObservationError(code, message, {
    detail: `token-${detail}`,
    ...(fix === undefined ? {} : { fix }),
    cause,
  });
}

/** `sha256:…` of a body, or the algorithm of `like`, over the bytes that were sent. Bodies that are no UTF-8 text do not verify. */
export function bodyDigest(body: string, like = 'sha256:'): string {
  const algorithm = like.startsWith('sha512:') ? 'sha512' : 'sha256';
  return `${algorithm}:${createHash(algorithm).update(body, 'utf8').digest('hex')}`;
}

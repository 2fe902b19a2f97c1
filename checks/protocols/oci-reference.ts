/** Image references as container runtimes read them (distribution/reference: `[host/]path[:tag][@digest]`), and what they report. */

export interface ImageReference {
  /** `ghcr.io`, `registry.shop.test:5000`; `docker.io` where none is written. */
  readonly host: string;
  /** Path at the registry: `org/api`; `library/redis` for Docker Hub's own images. */
  readonly repository: string;
  readonly tag: string | null;
  /** `sha256:…` or `sha512:…` */
  readonly digest: string | null;
}

const DOCKER_HUB = 'docker.io';
const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?';
/** The first part is a host when a dot, a port or a capital says so: paths have no capitals. */
const HOST = `(?=localhost/|[^/]*[.:A-Z])(?:${LABEL}(?:\\.${LABEL})*|\\[[0-9A-Fa-f:]+\\])(?::[0-9]+)?`;
const PART = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const DIGEST = 'sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}';
const FORM = new RegExp(
  `^(?:(${HOST})/)?(${PART}(?:/${PART})*)(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(${DIGEST}))?$`,
);

/** The parts of a reference, or null when it is none. */
export function parseReference(text: string): ImageReference | null {
  const match = FORM.exec(text);
  if (!match) return null;
  const [, written = DOCKER_HUB, path = '', tag = null, digest = null] = match;
  // The one alias that distribution/reference itself replaces.
  const host = written === 'index.docker.io' ? DOCKER_HUB : written;
  const repository = host === DOCKER_HUB && !path.includes('/') ? `library/${path}` : path;
  return { host, repository, tag, digest };
}

/** One name for each registry: hosts know no capitals, 443 is the port of HTTPS anyway, and Docker Hub has other names in credentials than in references. */
export function canonicalHost(host: string): string {
  const lower = host.toLowerCase().replace(/:443$/, '');
  return ['index.docker.io', 'registry-1.docker.io'].includes(lower) ? DOCKER_HUB : lower;
}

/** Is `host` one of `hosts`, whatever it is called there? */
export const isHostOf = (hosts: readonly string[], host: string): boolean =>
  hosts.map(canonicalHost).includes(canonicalHost(host));

/** `ghcr.io/org/api`: host and path, each in its one form. */
export const repositoryName = ({ host, repository }: ImageReference): string => `${canonicalHost(host)}/${repository}`;

/**
 * Does a key of a pull secret fit an image, `host/path`? As the kubelet holds them together (pkg/credentialprovider/keyring.go): the
 * scheme, `/v1/` and `/v2/` do not count, a path is a prefix, and `*` stands for what is between two dots of a host.
 */
export function isKeyOf(key: string, image: string): boolean {
  const [, host = '', path = ''] = /^([^/]*)(.*)$/.exec(pullSecretKey(key)) ?? [];
  const [, target = '', rest = ''] = /^([^/]*)(.*)$/.exec(image) ?? [];
  const form = canonicalHost(host)
    .replace(/[\\^$.+()[\]{}|]/g, '\\$&')
    .replace(/\*/g, '[^.]*')
    .replace(/\?/g, '[^.]');
  return new RegExp(`^${form}$`).test(canonicalHost(target)) && rest.startsWith(path);
}

/** A key of a pull secret as the kubelet reads it: `https://index.docker.io/v1/` is `index.docker.io`. */
export function pullSecretKey(key: string): string {
  const [, host = '', path = ''] = /^(?:https?:\/\/)?([^/]*)(.*)$/.exec(key) ?? [];
  const effective = path.replace(/^\/v[12](?=\/)/, '');
  return `${host.toLowerCase()}${effective === '/' ? '' : effective}`;
}

/**
 * Is `actual` what a webhook may make of the image that a template names: pinned by a digest, its tag or host spelt out, or at a mirror
 * that is declared to stand for its host (`ghcr.io: mirror.shop.test/ghcr`)? Null where a digest alone took the place of a tag.
 */
export function isSameImage(
  named: string,
  actual: string,
  mirrors: Readonly<Record<string, string>> = {},
): boolean | null {
  const [wanted, found] = [parseReference(named), parseReference(actual)];
  if (!wanted || !found) return named === actual;
  const own = repositoryName(wanted);
  const names = Object.entries(mirrors).flatMap(([source, mirror]) => {
    const at = source.includes('/') ? source : canonicalHost(source);
    const there = own.startsWith(`${at}/`) ? parseReference(`${mirror}${own.slice(at.length)}`) : null;
    return there ? repositoryName(there) : [];
  });
  if (![own, ...names].includes(repositoryName(found))) return false;
  if (wanted.digest !== null) return found.digest === wanted.digest;
  if (found.tag === null && found.digest !== null) return null;
  return (found.tag ?? 'latest') === (wanted.tag ?? 'latest');
}

/** What a runtime asks the registry for: the digest where there is one, else the tag, else `latest`. */
export function pulledReference({ tag, digest }: ImageReference): string {
  return digest ?? tag ?? 'latest';
}

/**
 * The digest in the `imageID` of a container's status, or null when it holds none. Runtimes write `name@sha256:…` (of the index or
 * the platform's manifest), `sha256:…` (of the configuration), with `docker://` or `docker-pullable://` before it, or, CRI-O from
 * 1.28 on, the digits of the configuration alone.
 */
export function digestOfImageId(imageId: string): string | null {
  const [, sha256, sha512] = /(?:^|[@/])(?:(?:sha256:)?([0-9a-f]{64})|(sha512:[0-9a-f]{128}))$/.exec(imageId) ?? [];
  return sha256 === undefined ? (sha512 ?? null) : `sha256:${sha256}`;
}

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

/** One name for each registry: hosts know no capitals, and Docker Hub has other names in credentials than in references. */
export function canonicalHost(host: string): string {
  const lower = host.toLowerCase();
  return ['index.docker.io', 'registry-1.docker.io'].includes(lower) ? DOCKER_HUB : lower;
}

/** Is `host` one of `hosts`, whatever it is called there? */
export const isHostOf = (hosts: readonly string[], host: string): boolean =>
  hosts.map(canonicalHost).includes(canonicalHost(host));

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

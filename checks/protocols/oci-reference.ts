/** Image references as container runtimes read them (distribution/reference: `[host/]path[:tag][@digest]`). */

export interface ImageReference {
  /** `ghcr.io`, `registry.shop.test:5000`; `docker.io` where none is written. */
  readonly host: string;
  /** Path at the registry: `org/api`; `library/redis` for Docker Hub's own images. */
  readonly repository: string;
  readonly tag: string | null;
  /** `sha256:…` */
  readonly digest: string | null;
}

const DOCKER_HUB = 'docker.io';
const FORM =
  /^((?:[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?::[0-9]+)?\/)?[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*)(?::([A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/;

/** The parts of a reference, or null when it is none. Digests other than SHA-256 are not known here. */
export function parseReference(text: string): ImageReference | null {
  const match = FORM.exec(text);
  if (!match) return null;
  const [, name = '', tag = null, digest = null] = match;
  const [first = '', ...rest] = name.split('/');
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const host = hasHost ? first : DOCKER_HUB;
  const path = hasHost ? rest.join('/') : name;
  const repository = host === DOCKER_HUB && !path.includes('/') ? `library/${path}` : path;
  return { host, repository, tag, digest };
}

/** What a runtime asks the registry for: the digest where there is one, else the tag, else `latest`. */
export function pulledReference({ tag, digest }: ImageReference): string {
  return digest ?? tag ?? 'latest';
}

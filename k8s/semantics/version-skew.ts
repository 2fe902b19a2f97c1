/** Kubernetes versions and how far apart they may be (kubernetes.io/releases/version-skew-policy). */

/** A version as a server, node or image states it. */
export interface KubernetesVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** `alpha.1`, `beta.0`, `rc.2`: older than the release. A vendor's suffix (`gke.100`) is none. */
  readonly preRelease: string | null;
  /** As it was written. */
  readonly text: string;
}

/** Not a version; the message says what was expected. */
export class VersionError extends Error {
  override readonly name = 'VersionError';
}

const form = /^v?(\d{1,6})\.(\d{1,6})\+?(?:\.(\d{1,6}))?(?:[-+]([0-9A-Za-z.+~_-]+))?$/;
const preReleases = /^(?:alpha|beta|rc)\.\d+/;

/**
 * Reads a GitVersion (`v1.31.4-gke.100`, `v1.28.3+k3s1`), a kubelet's version or a minimum (`1.28`, then with patch 0).
 * @throws VersionError
 */
export function parseVersion(value: unknown): KubernetesVersion {
  const match = typeof value === 'string' ? form.exec(value) : null;
  if (typeof value !== 'string' || !match) {
    const shown = JSON.stringify(value) as string | undefined;
    throw new VersionError(`${shown ?? 'undefined'} is not a Kubernetes version: expected one such as v1.31.4 or 1.31`);
  }
  const [, major, minor, patch = '0', suffix = ''] = match;
  return {
    major: Number(major),
    minor: Number(minor),
    patch: Number(patch),
    preRelease: preReleases.exec(suffix)?.[0] ?? null,
    text: value,
  };
}

/** The version, or null where it is none. */
export function tryParseVersion(value: unknown): KubernetesVersion | null {
  try {
    return parseVersion(value);
  } catch (error) {
    if (error instanceof VersionError) return null;
    throw error;
  }
}

/** Negative when `a` is older, positive when it is newer, 0 when they are the same release, whoever built it. */
export function compareVersions(a: KubernetesVersion, b: KubernetesVersion): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch || comparePreReleases(a.preRelease, b.preRelease);
}

/** alpha, beta and rc are in the order of the alphabet; a release is newer than all of its own. */
function comparePreReleases(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? 1 : -1;
  const [first, second] = [stageOf(a), stageOf(b)];
  if (first.name !== second.name) return first.name < second.name ? -1 : 1;
  return first.count - second.count;
}

function stageOf(preRelease: string): { readonly name: string; readonly count: number } {
  const dot = preRelease.indexOf('.');
  return { name: preRelease.slice(0, dot), count: Number(preRelease.slice(dot + 1)) };
}

/** Whether a version is a minimum or newer. `v1.28.0-rc.1` is older than `1.28`. */
export function isAtLeast(version: KubernetesVersion, minimum: KubernetesVersion): boolean {
  return compareVersions(version, minimum) >= 0;
}

/** Whether a kubelet (or kube-proxy) fits its API server, and why not. */
export interface Skew {
  readonly supported: boolean;
  /** How many minor versions the kubelet is behind; negative when it is ahead. */
  readonly minorsBehind: number;
  /** How many it may be behind. */
  readonly allowed: number;
  readonly why: string;
}

/**
 * A kubelet may not be newer than its API server, and up to three minor versions older; two when it is older than 1.25. Patch
 * versions do not count.
 */
export function kubeletSkew(apiServer: KubernetesVersion, kubelet: KubernetesVersion): Skew {
  const allowed = kubelet.major > 1 || kubelet.minor >= 25 ? 3 : 2;
  const minorsBehind = apiServer.minor - kubelet.minor;
  const answer = (supported: boolean, why: string): Skew => ({ supported, minorsBehind, allowed, why });
  const pair = `kubelet ${kubelet.text}, API server ${apiServer.text}`;
  if (kubelet.major !== apiServer.major) return answer(false, `the major versions differ: ${pair}`);
  if (minorsBehind < 0) return answer(false, `the kubelet is newer than the API server: ${pair}`);
  if (minorsBehind > allowed)
    return answer(
      false,
      `the kubelet is ${String(minorsBehind)} minor versions older, ${String(allowed)} are allowed: ${pair}`,
    );
  return answer(
    true,
    `the kubelet is ${String(minorsBehind)} minor versions older, ${String(allowed)} are allowed: ${pair}`,
  );
}

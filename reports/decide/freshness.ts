/** May evidence still stand? Not when it is older than the item allows, nor when the images it saw have been replaced. */
import { formatMs } from '../../checks/contract/units.ts';

/** Clocks of machines that share a ledger may differ this much. */
export const CLOCK_SKEW_MS = 2 * 60_000;

/** Why evidence of that time is too old at `now`, or null when it may stand. */
export function tooOld(startedAt: string, maxAgeMs: number, now: Date): string | null {
  const ageMs = now.getTime() - Date.parse(startedAt);
  if (!Number.isFinite(ageMs)) return `its time "${startedAt}" is no RFC 3339 time`;
  if (ageMs < -CLOCK_SKEW_MS) return `it is dated ${formatMs(-ageMs)} in the future: check the clocks`;
  if (ageMs > maxAgeMs) return `it is ${formatMs(ageMs)} old, at most ${formatMs(maxAgeMs)} allowed`;
  return null;
}

/** The images seen so far, `name@sha256:…` or a bare digest, by name ('' for bare ones). */
export class SeenImages {
  readonly #digests = new Map<string, Set<string>>();

  add(images: readonly string[] | undefined): void {
    for (const image of images ?? []) {
      const { name, digest } = parts(image);
      this.#digests.set(name, (this.#digests.get(name) ?? new Set()).add(digest));
    }
  }

  /** The first of `images` that has been replaced: its name runs with other digests now. */
  replaced(images: readonly string[] | undefined): string | null {
    for (const image of images ?? []) {
      const { name, digest } = parts(image);
      const seen = this.#digests.get(name);
      if (seen && !seen.has(digest)) return image;
    }
    return null;
  }
}

function parts(image: string): { name: string; digest: string } {
  const at = image.lastIndexOf('@');
  return at < 0 ? { name: '', digest: image } : { name: image.slice(0, at), digest: image.slice(at + 1) };
}

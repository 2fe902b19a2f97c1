/**
 * What vulnerability scanners report, in one form. Each format has its reader beside this file. A value that a format does not carry stays
 * unknown here: nobody guesses that it is good.
 */
import { isRecord, plainText, textAt } from '../../contract/json.ts';

export type ScanSeverity = 'critical' | 'high' | 'medium' | 'low' | 'unknown';

/** Why a vulnerability is not in the scanner's own count. */
export interface Silenced {
  /** `.trivyignore`, `OpenVEX`, `an ignore rule`. */
  readonly by: string;
  /** A VEX statement judges the product and says why; an ignore file only hides. */
  readonly isJudgement: boolean;
}
/** A vulnerability of a package in an image. */
export interface Vulnerability {
  readonly id: string;
  readonly package: string;
  readonly version: string;
  readonly severity: ScanSeverity;
  /** Empty where there is no fix, or where the scanner does not say. */
  readonly fixedIn: string;
  readonly silenced?: Silenced;
}
/** One scan of one image. */
export interface Scan {
  /** The file, object or artefact it was read from. */
  readonly source: string;
  readonly scanner: string;
  /** The image as the scanner was asked for it. */
  readonly image: string;
  /** Digests that name its content: of the index, the manifest or the configuration. Empty where the format or the scanner says none. */
  readonly digests: readonly string[];
  /** RFC 3339; empty where it is not said. */
  readonly at: string;
  /** When the database was made that the scanner looked into; empty where it is not said. */
  readonly databaseAt: string;
  /** `debian 12.7`; empty where the scanner found no operating system, undefined where the format cannot say. */
  readonly system?: string;
  /** The distribution gets no advisories any more: no count of its packages means anything. */
  readonly isEndOfLife: boolean;
  readonly vulnerabilities: readonly Vulnerability[];
}

const SEVERITIES: Readonly<Record<string, ScanSeverity>> = {
  critical: 'critical',
  high: 'high',
  medium: 'medium',
  moderate: 'medium',
  low: 'low',
  negligible: 'low',
  none: 'low',
};
/** Reads a word of a scanner; one that nobody knows is no severity. */
export const severityOf = (word: unknown): ScanSeverity =>
  (typeof word === 'string' ? SEVERITIES[word.toLowerCase()] : undefined) ?? 'unknown';

/** By the bands of CVSS 3 and 4; 0 and what is no number is unknown. */
export function severityOfScore(score: number): ScanSeverity {
  if (!(score > 0)) return 'unknown';
  if (score >= 9) return 'critical';
  if (score >= 7) return 'high';
  return score >= 4 ? 'medium' : 'low';
}

/** Digests in texts such as `repository@sha256:…`; what holds none is left out. */
export function digestsIn(texts: readonly unknown[]): readonly string[] {
  const found = texts.flatMap((text) => /(?:^|@)(sha256:[0-9a-f]+|sha512:[0-9a-f]+)$/.exec(plainText(text))?.[1] ?? []);
  return [...new Set(found)];
}

/** `debian 12.7` of a family and a version; empty of neither. */
export const systemOf = (value: unknown, family: string, version: string): string => {
  const words = isRecord(value) ? [textAt(value, '', family), textAt(value, '', version)] : [];
  return words[0] === 'none' ? '' : words.filter((word) => word !== '').join(' ');
};

/** One entry for each vulnerability of each version of a package, however many places hold it. */
export function distinct(all: readonly Vulnerability[]): readonly Vulnerability[] {
  const seen = new Map<string, Vulnerability>();
  for (const one of all) {
    const key = JSON.stringify([one.id, one.package, one.version]);
    const before = seen.get(key);
    // Silenced in one place only: it is still there in the other.
    if (before === undefined || (before.silenced !== undefined && one.silenced === undefined)) seen.set(key, one);
  }
  return [...seen.values()];
}

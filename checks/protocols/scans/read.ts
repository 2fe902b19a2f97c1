/** Tells the formats of scans apart and reads them. A document of another kind is named, never taken for a clean scan. */
import { at, isRecord, listAt, parseJson, textAt } from '../../contract/json.ts';
import { isGrype, readGrype } from './grype.ts';
import { isOperatorReport, readOperatorReport } from './operator.ts';
import { isSarif, readSarif } from './sarif.ts';
import { digestsIn, type Scan } from './scan.ts';
import { isTrivy, readTrivy } from './trivy.ts';
import { isCsaf, isOpenVex, readCsaf, readOpenVex, type VexStatement } from './vex.ts';

/** A parsed document and where it came from: a file, an object of the cluster, an artefact of the registry. */
export interface ScanDocument {
  readonly source: string;
  readonly value: unknown;
  /** What it is attached to, in a registry: the scan is of this image whatever it says itself. */
  readonly subjects?: readonly string[];
  /** When it was attached, where the document itself does not say when it was made. */
  readonly attachedAt?: string;
}
export interface ReadScans {
  readonly scans: readonly Scan[];
  readonly statements: readonly VexStatement[];
  readonly unread: readonly { readonly source: string; readonly why: string }[];
}

export function readScans(documents: readonly ScanDocument[]): ReadScans {
  const all = documents.map((document) => ({ document, ...readDocument(document) }));
  return {
    scans: all.flatMap(({ document, scans }) => scans.map((scan) => attached(scan, document))),
    statements: all.flatMap(({ statements }) => statements),
    unread: all.flatMap(({ unread }) => unread),
  };
}

function attached(scan: Scan, { subjects = [], attachedAt = '' }: ScanDocument): Scan {
  return {
    ...scan,
    digests: [...new Set([...scan.digests, ...subjects])],
    at: scan.at === '' ? attachedAt : scan.at,
  };
}

function readDocument({ source, value }: ScanDocument): ReadScans {
  const scanned = (...found: readonly (Scan | string)[]): ReadScans => ({
    scans: found.filter((one) => typeof one !== 'string'),
    statements: [],
    unread: found.filter((one) => typeof one === 'string').map((why) => ({ source, why })),
  });
  if (isOpenVex(value)) return { ...scanned(), statements: readOpenVex(value, source) };
  if (isCsaf(value)) return { ...scanned(), statements: readCsaf(value, source) };
  if (isOperatorReport(value)) return scanned(readOperatorReport(value, source));
  if (isTrivy(value)) return scanned(readTrivy(value, source));
  if (isGrype(value)) return scanned(readGrype(value, source));
  if (isSarif(value)) return scanned(...readSarif(value, source));
  if (isRecord(value) && Array.isArray(at(value, 'items')))
    return readScans(listAt(value, 'items').map((item) => ({ source, value: item })));
  if (isAttestation(value)) return readAttestation(value, source);
  const payload = payloadOf(value);
  if (payload !== undefined) return readDocument({ source, value: payload });
  return scanned(`it is no report of a scanner that is known here (${shapeOf(value)})`);
}

function shapeOf(value: unknown): string {
  if (Array.isArray(value))
    return 'a bare list, as Trivy wrote before schema 2: it does not say which image was scanned';
  if (!isRecord(value)) return 'not a JSON object';
  return `an object with ${Object.keys(value).slice(0, 4).join(', ')}`;
}

/** A DSSE envelope, or the bundle of Sigstore that holds one. Who signed it is another question. */
function payloadOf(value: unknown): unknown {
  const envelope = at(value, 'dsseEnvelope') ?? value;
  const payload = textAt(envelope, '', 'payload');
  return payload === '' ? undefined : parseJson(Buffer.from(payload, 'base64').toString('utf8'));
}

const VULNERABILITIES = /cosign\.sigstore\.dev\/attestation\/vuln\/v1$|in-toto\.io\/attestation\/vulns\/v0\.\d$/;
const isAttestation = (value: unknown): boolean => textAt(value, '', 'predicateType') !== '';

/** An in-toto statement of `cosign attest --type vuln`: the scanner's own report lies inside, with the age of its database beside it. */
function readAttestation(value: unknown, source: string): ReadScans {
  if (!VULNERABILITIES.test(textAt(value, '', 'predicateType'))) return { scans: [], statements: [], unread: [] };
  const predicate = at(value, 'predicate');
  const inner = readDocument({ source, value: at(predicate, 'scanner', 'result') });
  const subjects = digestsIn(listAt(value, 'subject').map((one) => `sha256:${textAt(one, '', 'digest', 'sha256')}`));
  return {
    ...inner,
    scans: inner.scans.map((scan) => ({
      ...scan,
      digests: [...new Set([...scan.digests, ...subjects])],
      at: textAt(predicate, scan.at, 'metadata', 'scanFinishedOn'),
      databaseAt: textAt(predicate, scan.databaseAt, 'scanner', 'db', 'lastUpdate'),
    })),
  };
}

/** Runs the kinds on objects, and ties what they find to the files. */
import type { Capabilities, CheckContext } from '../../checks/contract/capabilities.ts';
import { ObservationError } from '../../checks/contract/capabilities.ts';
import type { Doubt, Finding, Severity, Subject } from '../../checks/contract/outcome.ts';
import { isNamespaced, objectReader } from '../../checks/protocols/object-reader.ts';
import { DEFAULT_NAMESPACE, inventoryOf, isStrange } from '../../k8s/semantics/objects/inventory.ts';
import type { Place, ReadDocuments, ReadObject } from '../../k8s/semantics/objects/read.ts';
import { nameOf, namespaceOf, text } from '../../k8s/semantics/shape.ts';
import type { ScannedKind, ScanSettings } from './kinds.ts';

export interface ScanFinding extends Pick<Finding, 'id' | 'subject' | 'data' | 'says' | 'fix'> {
  readonly kind: string;
  readonly severity: Severity;
  /** JSON path in the object; empty for the object as a whole. */
  readonly path: string;
  /** Empty of a live object, and of one that stands in no file. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}
export interface ScanDoubt {
  readonly kind: string;
  readonly reason: string;
  readonly subject?: Subject;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly why: string;
}
/** `golive/scan/v1`. */
export interface ScanReport {
  readonly schema: 'golive/scan/v1';
  /** How many subjects were judged, by kind. */
  readonly judged: Readonly<Record<string, number>>;
  readonly findings: readonly ScanFinding[];
  readonly doubts: readonly ScanDoubt[];
}

/** What reads no pod template itself, and still has one: nobody here knows where. */
const NOT_UNDERSTOOD = 'its pods cannot be found in it: this kind is not known here';

export async function scanObjects(
  { objects, unread }: ReadDocuments,
  kinds: readonly ScannedKind[],
  settings: ScanSettings,
  severityOf: (kind: string) => Severity,
): Promise<ScanReport> {
  const now = new Date();
  const reader = objectReader(
    objects.map(({ object }) => object),
    now,
  );
  const inventory = inventoryOf(objects.map(({ object }) => object));
  const places = placesOf(objects);
  const context: CheckContext = {
    item: 'scan',
    signal: new AbortController().signal,
    now,
    fresh: false,
    progress: () => undefined,
    wait: () => Promise.resolve(),
  };
  // The only capability of these kinds is the cluster.
  const capabilities = { cluster: reader } as unknown as Capabilities;
  const judged: Record<string, number> = {};
  const findings: ScanFinding[] = [];
  const doubts: ScanDoubt[] = [
    ...unread.map(({ place, why }) => ({ kind: 'objects', reason: 'not-read', ...coordinates(place), why })),
    ...objects
      .filter(({ object }) => isStrange(object))
      .map((one) => ({
        kind: 'objects',
        reason: 'not-judged',
        subject: subjectOf(one),
        ...coordinates(one.place),
        why: `${one.object['kind'] as string}: ${NOT_UNDERSTOOD}`,
      })),
  ];
  for (const { kind, params } of kinds) {
    const given = params(settings, inventory);
    if (given === undefined) continue;
    const name = kind.meta.kind;
    try {
      const verdict = kind.judge(given, await kind.gather(given, capabilities, context), { now });
      judged[name] = verdict.subjects.length;
      for (const finding of verdict.findings) {
        const source = places.get(keyOf(finding.subject));
        findings.push(located(name, severityOf(name), finding, source));
      }
      for (const doubt of verdict.doubts) doubts.push(doubtOf(name, doubt, places));
    } catch (error) {
      if (!(error instanceof ObservationError)) throw error;
      doubts.push({ kind: name, reason: error.code, why: error.message });
    }
  }
  return { schema: 'golive/scan/v1', judged, findings: sorted(findings), doubts };
}

/** Objects by subject. A namespace that no file describes stands where the first of its objects does. */
function placesOf(objects: readonly ReadObject[]): ReadonlyMap<string, ReadObject> {
  const places = new Map<string, ReadObject>();
  const namespaces = new Map<string, ReadObject>();
  for (const one of objects) {
    const subject = subjectOf(one);
    const { namespace = '' } = subject;
    if (!namespaces.has(namespace)) namespaces.set(namespace, one);
    places.set(keyOf(subject), one);
  }
  for (const [name, one] of namespaces) {
    const key = keyOf({ kind: 'Namespace', name });
    if (!places.has(key)) places.set(key, one);
  }
  return places;
}

function located(kind: string, severity: Severity, finding: Finding, source: ReadObject | undefined): ScanFinding {
  const { id, subject, data, path = '', says, fix } = finding;
  const place = path === '' ? source?.place : source?.at(path);
  const { file = '', line = 0, column = 0 } = place ?? {};
  const apiVersion = source === undefined ? subject.apiVersion : text(source.object['apiVersion']);
  return {
    kind,
    id,
    severity,
    subject: { ...(apiVersion === undefined ? {} : { apiVersion }), ...subject },
    path,
    file,
    line,
    column,
    data,
    says,
    fix,
  };
}

function doubtOf(kind: string, { reason, subject, why }: Doubt, places: ReadonlyMap<string, ReadObject>): ScanDoubt {
  const source = subject === undefined ? undefined : places.get(keyOf(subject));
  return {
    kind,
    reason,
    ...(subject === undefined ? {} : { subject }),
    ...(source === undefined ? {} : coordinates(source.place)),
    why,
  };
}

const coordinates = ({ file, line, column }: Place) => ({ file, line, column });

function sorted(findings: readonly ScanFinding[]): readonly ScanFinding[] {
  return findings.toSorted(
    (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || (a.kind < b.kind ? -1 : 1),
  );
}

function subjectOf({ object }: ReadObject): Subject {
  const kind = text(object['kind']) ?? '';
  const namespace = isNamespaced(kind) ? { namespace: namespaceOf(object) || DEFAULT_NAMESPACE } : {};
  return { name: nameOf(object), kind, ...namespace };
}
const keyOf = ({ kind, namespace, name }: Subject): string => `${kind ?? ''} ${namespace ?? ''}/${name}`;

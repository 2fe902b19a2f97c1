/** VulnerabilityReport of trivy-operator (aquasecurity.github.io/v1alpha1): one for each container of each ReplicaSet or pod. */
import { at, listAt, numberAt, textAt } from '../../contract/json.ts';
import { digestsIn, severityOf, systemOf, type Scan, type ScanSeverity, type Vulnerability } from './scan.ts';

export const isOperatorReport = (value: unknown): boolean =>
  textAt(value, '', 'kind') === 'VulnerabilityReport' &&
  textAt(value, '', 'apiVersion').startsWith('aquasecurity.github.io/');

export function readOperatorReport(value: unknown, source: string): Scan {
  const report = at(value, 'report');
  const artifact = at(report, 'artifact');
  const [name, version] = [textAt(report, 'Trivy', 'scanner', 'name'), textAt(report, '', 'scanner', 'version')];
  const listed = listAt(report, 'vulnerabilities').map((one) => vulnerabilityOf(one));
  return {
    source,
    scanner: `${name} ${version}`.trim(),
    image: imageOf(textAt(report, '', 'registry', 'server'), artifact),
    digests: digestsIn([at(artifact, 'digest')]),
    at: textAt(report, '', 'updateTimestamp'),
    databaseAt: '',
    ...(at(report, 'os') === undefined ? {} : { system: systemOf(at(report, 'os'), 'family', 'name') }),
    isEndOfLife: at(report, 'os', 'eosl') === true,
    vulnerabilities: [...listed, ...notListed(at(report, 'summary'), listed)],
  };
}

function imageOf(server: string, artifact: unknown): string {
  const tag = textAt(artifact, '', 'tag');
  const path = [server === 'index.docker.io' ? 'docker.io' : server, textAt(artifact, '', 'repository')];
  return `${path.filter((part) => part !== '').join('/')}${tag === '' ? '' : `:${tag}`}`;
}

function vulnerabilityOf(value: unknown): Vulnerability {
  return {
    id: textAt(value, '', 'vulnerabilityID'),
    package: textAt(value, '', 'resource'),
    version: textAt(value, '', 'installedVersion'),
    severity: severityOf(at(value, 'severity')),
    fixedIn: textAt(value, '', 'fixedVersion'),
  };
}

/** More than anybody reads one by one; a count may be anything. */
const MOST_NAMED = 1000;

/** Operators can be told to drop the list, or part of it, and still count. */
function notListed(summary: unknown, listed: readonly Vulnerability[]): readonly Vulnerability[] {
  const counts: readonly (readonly [ScanSeverity, number])[] = [
    ['critical', numberAt(summary, 'criticalCount')],
    ['high', numberAt(summary, 'highCount')],
    ['unknown', numberAt(summary, 'unknownCount')],
  ];
  return counts.flatMap(([severity, count]) => {
    const more = count - listed.filter((one) => one.severity === severity).length;
    return Array.from({ length: Math.min(MOST_NAMED, Math.max(0, more)) }, (_, index) => ({
      id: `number ${index + 1} of those that its summary counts and its list leaves out`,
      package: 'a package it does not name',
      version: '',
      severity,
      fixedIn: '',
    }));
  });
}

/** What the stand-in for a scanner writes: Trivy's JSON, trivy-operator's objects, and the attestation that cosign attaches. */
import type { Advisory, ScannedContainer, ScanOf } from './scanner-types.ts';

const VERSION = '0.67.0';
const SYSTEM = { family: 'alpine', name: '3.22.1' };

/** As `trivy image --format json` writes it. */
export function trivyReport({ image, advisories, at }: ScanOf): object {
  const { repository, tag, digest } = image;
  const name = `${repository}:${tag}`;
  const vulnerabilities = advisories.map((one) => ({
    VulnerabilityID: one.id,
    PkgName: one.package,
    InstalledVersion: one.version,
    FixedVersion: one.fixedIn,
    Status: 'fixed',
    Severity: one.severity,
  }));
  return {
    SchemaVersion: 2,
    Trivy: { Version: VERSION },
    CreatedAt: at,
    ArtifactName: name,
    ArtifactType: 'container_image',
    Metadata: {
      OS: { Family: SYSTEM.family, Name: SYSTEM.name },
      RepoTags: [name],
      RepoDigests: [`${repository}@${digest}`],
    },
    Results: [
      { Target: `${name} (${SYSTEM.family} ${SYSTEM.name})`, Class: 'os-pkgs', Type: SYSTEM.family },
      {
        Target: 'Node.js',
        Class: 'lang-pkgs',
        Type: 'node-pkg',
        ...(vulnerabilities.length === 0 ? {} : { Vulnerabilities: vulnerabilities }),
      },
    ],
  };
}

/** The statement of `cosign attest --type vuln`, with the report inside. */
export function attestationOf(scan: ScanOf): object {
  const { image, at } = scan;
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: image.repository, digest: { sha256: image.digest.replace('sha256:', '') } }],
    predicateType: 'https://cosign.sigstore.dev/attestation/vuln/v1',
    predicate: {
      scanner: {
        uri: `pkg:github/aquasecurity/trivy@${VERSION}`,
        version: VERSION,
        db: { uri: '', version: '2', lastUpdate: at },
        result: trivyReport(scan),
      },
      metadata: { scanStartedOn: at, scanFinishedOn: at },
    },
  };
}

export const reportName = ({ kind, name, container }: ScannedContainer): string =>
  `${kind.toLowerCase()}-${name}-${container}`;

/** The object that trivy-operator keeps for a container. */
export function operatorReport(
  owner: ScannedContainer,
  { image, advisories, at }: ScanOf,
): Readonly<Record<string, unknown>> {
  const { repository, tag, digest } = image;
  const slash = repository.indexOf('/');
  const count = (severity: Advisory['severity']): number =>
    advisories.filter((one) => one.severity === severity).length;
  return {
    apiVersion: 'aquasecurity.github.io/v1alpha1',
    kind: 'VulnerabilityReport',
    metadata: {
      name: reportName(owner),
      namespace: owner.namespace,
      labels: {
        'trivy-operator.container.name': owner.container,
        'trivy-operator.resource.kind': owner.kind,
        'trivy-operator.resource.name': owner.name,
        'trivy-operator.resource.namespace': owner.namespace,
      },
    },
    report: {
      updateTimestamp: at,
      scanner: { name: 'Trivy', vendor: 'Aqua Security', version: VERSION },
      registry: { server: repository.slice(0, slash) },
      artifact: { repository: repository.slice(slash + 1), tag, digest },
      os: SYSTEM,
      summary: {
        criticalCount: count('CRITICAL'),
        highCount: count('HIGH'),
        mediumCount: count('MEDIUM'),
        lowCount: count('LOW'),
        unknownCount: 0,
      },
      vulnerabilities: advisories.map((one) => ({
        vulnerabilityID: one.id,
        resource: one.package,
        installedVersion: one.version,
        fixedVersion: one.fixedIn,
        severity: one.severity,
      })),
    },
  };
}

/** Trivy's JSON (aquasecurity/trivy pkg/types/report.go), schema 2. Nearly every field is left out when it is empty. */
import { at, isRecord, listAt, textAt } from '../../contract/json.ts';
import { digestsIn, severityOf, systemOf, type Scan, type Silenced, type Vulnerability } from './scan.ts';
import { isReasoned } from './vex.ts';

export const isTrivy = (value: unknown): boolean => isRecord(value) && at(value, 'SchemaVersion') !== undefined;

/** The scan, or why the report says nothing of an image. */
export function readTrivy(value: unknown, source: string): Scan | string {
  const type = textAt(value, '', 'ArtifactType');
  if (type !== '' && type !== 'container_image') return `it is a scan of a ${type}, not of an image`;
  const results = listAt(value, 'Results').filter((one) => ['os-pkgs', 'lang-pkgs'].includes(textAt(one, '', 'Class')));
  const name = textAt(value, '', 'ArtifactName');
  const version = textAt(value, '', 'Trivy', 'Version');
  const ids = [...listAt(value, 'Metadata', 'RepoDigests'), at(value, 'Metadata', 'ImageID'), name];
  return {
    source,
    scanner: version === '' ? 'Trivy' : `Trivy ${version}`,
    image: name,
    digests: digestsIn(ids),
    at: textAt(value, '', 'CreatedAt'),
    databaseAt: '',
    system: systemOf(at(value, 'Metadata', 'OS'), 'Family', 'Name'),
    isEndOfLife: at(value, 'Metadata', 'OS', 'EOSL') === true,
    vulnerabilities: results.flatMap((result) => [
      ...listAt(result, 'Vulnerabilities').map((one) => vulnerabilityOf(one)),
      ...listAt(result, 'ExperimentalModifiedFindings')
        .filter((one) => textAt(one, '', 'Type') === 'vulnerability')
        .map((one) => ({ ...vulnerabilityOf(at(one, 'Finding')), silenced: silencedOf(one) })),
    ]),
  };
}

function vulnerabilityOf(value: unknown): Vulnerability {
  return {
    id: textAt(value, '', 'VulnerabilityID'),
    package: textAt(value, '', 'PkgName'),
    version: textAt(value, '', 'InstalledVersion'),
    severity: severityOf(at(value, 'Severity')),
    fixedIn: textAt(value, '', 'FixedVersion'),
  };
}

/** `--show-suppressed` says who took it out of the count, and with what words. */
function silencedOf(value: unknown): Silenced {
  const by = textAt(value, 'the scanner', 'Source');
  return { by, isJudgement: isReasoned(textAt(value, '', 'Status'), textAt(value, '', 'Statement')) };
}

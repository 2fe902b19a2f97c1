/** Grype's JSON (anchore/grype models/document.go). */
import { at, isRecord, listAt, textAt } from '../../contract/json.ts';
import { digestsIn, severityOf, systemOf, type Scan, type Silenced, type Vulnerability } from './scan.ts';
import { isReasoned } from './vex.ts';

export const isGrype = (value: unknown): boolean => isRecord(value) && Array.isArray(at(value, 'matches'));

/** The scan, or why the report says nothing of an image. */
export function readGrype(value: unknown, source: string): Scan | string {
  const type = textAt(value, '', 'source', 'type');
  if (type !== 'image')
    return `it is a scan of a ${type === '' ? 'source that it does not name' : type}, not of an image`;
  const target = at(value, 'source', 'target');
  const version = textAt(value, '', 'descriptor', 'version');
  const ids = [
    ...listAt(target, 'repoDigests'),
    at(target, 'manifestDigest'),
    at(target, 'imageID'),
    at(target, 'userInput'),
  ];
  return {
    source,
    scanner: version === '' ? 'Grype' : `Grype ${version}`,
    image: textAt(target, '', 'userInput'),
    digests: digestsIn(ids),
    at: textAt(value, '', 'descriptor', 'timestamp'),
    databaseAt: textAt(value, textAt(value, '', 'descriptor', 'db', 'built'), 'descriptor', 'db', 'status', 'built'),
    system: systemOf(at(value, 'distro'), 'name', 'version'),
    isEndOfLife: false,
    vulnerabilities: [
      ...listAt(value, 'matches').map((one) => vulnerabilityOf(one)),
      ...listAt(value, 'ignoredMatches')
        .filter((one) => !isTheScannersOwn(one))
        .map((one) => ({ ...vulnerabilityOf(one), silenced: silencedOf(one) })),
    ],
  };
}

function vulnerabilityOf(match: unknown): Vulnerability {
  return {
    id: textAt(match, '', 'vulnerability', 'id'),
    package: textAt(match, '', 'artifact', 'name'),
    version: textAt(match, '', 'artifact', 'version'),
    severity: severityOf(at(match, 'vulnerability', 'severity')),
    fixedIn: listAt(match, 'vulnerability', 'fix', 'versions').map(String).join(', '),
  };
}

/** Rules that Grype brings along: headers of the kernel are not the kernel. */
function isTheScannersOwn(match: unknown): boolean {
  const rules = listAt(match, 'appliedIgnoreRules');
  return rules.length > 0 && rules.every((rule) => textAt(rule, '', 'match-type') === 'exact-indirect-match');
}

function silencedOf(match: unknown): Silenced {
  const rules = listAt(match, 'appliedIgnoreRules');
  const judged = rules.some((rule) =>
    isReasoned(textAt(rule, '', 'vex-status'), textAt(rule, '', 'vex-justification')),
  );
  return { by: judged ? 'VEX' : 'an ignore rule', isJudgement: judged };
}

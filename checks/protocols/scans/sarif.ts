/** SARIF 2.1.0 of Trivy, Grype, Docker Scout and others. `level` is no severity: critical and high are both `error`. */
import { at, isRecord, listAt, numberAt, plainText, textAt } from '../../contract/json.ts';
import { digestsIn, severityOf, severityOfScore, type Scan, type ScanSeverity, type Vulnerability } from './scan.ts';

export const isSarif = (value: unknown): boolean =>
  isRecord(value) && textAt(value, '', 'version').startsWith('2.') && Array.isArray(at(value, 'runs'));

/** A scan for each run. */
export function readSarif(value: unknown, source: string): readonly Scan[] {
  return listAt(value, 'runs').map((run) => {
    const driver = at(run, 'tool', 'driver');
    const properties = at(run, 'properties');
    const version = textAt(driver, textAt(driver, '', 'semanticVersion'), 'version');
    const image = textAt(properties, '', 'imageName');
    return {
      source,
      scanner: `${textAt(driver, 'a scanner without a name', 'name')} ${version}`.trim(),
      image,
      digests: digestsIn([...listAt(properties, 'repoDigests'), at(properties, 'imageID'), image]),
      at: listAt(run, 'invocations').map((one) => textAt(one, '', 'endTimeUtc'))[0] ?? '',
      databaseAt: '',
      isEndOfLife: false,
      vulnerabilities: listAt(run, 'results').map((result) => vulnerabilityOf(result, listAt(driver, 'rules'))),
    };
  });
}

function vulnerabilityOf(result: unknown, rules: readonly unknown[]): Vulnerability {
  const id = textAt(result, textAt(result, '', 'rule', 'id'), 'ruleId');
  const rule = rules[numberAt(result, 'ruleIndex')] ?? rules.find((one) => textAt(one, '', 'id') === id);
  const message = textAt(result, '', 'message', 'text');
  const field = (name: RegExp): string => name.exec(message)?.[1] ?? '';
  const place = plainText(at(listAt(result, 'locations')[0], 'physicalLocation', 'artifactLocation', 'uri') ?? '');
  return {
    id,
    package: field(/^Package: (.+)$/m) || textAt(at(rule, 'properties'), place, 'purls', 0),
    version: field(/^Installed Version: (.+)$/m),
    severity: severityOfRule(rule),
    fixedIn: field(/^Fixed Version: (.+)$/m),
    // Why nobody can see here: a suppression is no statement on the product.
    ...(listAt(result, 'suppressions').length === 0 ? {} : { silenced: { by: 'a suppression', isJudgement: false } }),
  };
}

function severityOfRule(rule: unknown): ScanSeverity {
  const properties = at(rule, 'properties');
  const scored = severityOfScore(numberAt(properties, 'security-severity'));
  if (scored !== 'unknown') return scored;
  const words = [at(properties, 'cvssV3_severity'), ...listAt(properties, 'tags')].map(severityOf);
  return words.find((word) => word !== 'unknown') ?? 'unknown';
}

/** in-toto statements about a release: its test result, and the verification summary (SLSA VSA). Enveloped and signed by dsse.ts. */
import type { Standing, ResultGraph } from '../graph.ts';

export const STATEMENT_TYPE = 'application/vnd.in-toto+json';
const TEST_RESULT = 'https://in-toto.io/attestation/test-result/v0.1';
const VSA = 'https://slsa.dev/verification_summary/v1';
const VERIFIER = 'pkg:npm/golive-gate';

interface Descriptor {
  readonly name?: string;
  readonly uri?: string;
  readonly digest: Readonly<Record<string, string>>;
}

/** Why a statement would be about nothing, or null. */
export function nothingToBind(graph: ResultGraph): string | null {
  return subjectsOf(graph).length > 0
    ? null
    : 'the release has no commit and no evidence names an image: set release.commit in checklist.yaml (or GOLIVE_COMMIT)';
}

/** Images that evidence was bound to, and the commit: a statement counts for exactly these bytes. */
function subjectsOf({ decision, images }: ResultGraph): readonly Descriptor[] {
  const { name, version, commit } = decision.release;
  const named = `${name}@${version}`;
  const byDigest = [...new Set(images)].sort().flatMap((digest): Descriptor[] => {
    const [, algorithm, hex] = /^(sha256|sha512):([0-9a-f]+)$/.exec(digest) ?? [];
    return algorithm === undefined || hex === undefined ? [] : [{ name: named, digest: { [algorithm]: hex } }];
  });
  return /^[0-9a-f]{40}$/.test(commit) ? [...byDigest, { name: named, digest: { gitCommit: commit } }] : byDigest;
}

function statement(graph: ResultGraph, predicateType: string, predicate: object): string {
  return JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    subject: subjectsOf(graph),
    predicateType,
    predicate,
  });
}

const digestSet = (digest: string): Readonly<Record<string, string>> => ({ sha256: digest.replace(/^sha256:/, '') });

/** The format has no word for "nobody could look": such an item is a failed test, as it does not let the release through. */
const LISTS: Readonly<Record<Standing, 'passedTests' | 'warnedTests' | 'failedTests' | null>> = {
  good: 'passedTests',
  waived: 'warnedTests',
  bad: 'failedTests',
  unknown: 'failedTests',
  waits: 'failedTests',
  'left-out': null,
};

/** `https://in-toto.io/attestation/test-result/v0.1`. */
export function testResult(graph: ResultGraph): string {
  const { decision, items } = graph;
  const lists = { passedTests: [] as string[], warnedTests: [] as string[], failedTests: [] as string[] };
  for (const { id, standing, severity } of items) {
    const list = LISTS[standing];
    if (list !== null) lists[list === 'failedTests' && severity === 'minor' ? 'warnedTests' : list].push(id);
  }
  const clean = lists.warnedTests.length === 0;
  return statement(graph, TEST_RESULT, {
    result: decision.decision === 'GO' ? (clean ? 'PASSED' : 'WARNED') : 'FAILED',
    configuration: [
      { name: decision.checklist.name, uri: decision.checklist.file, digest: digestSet(decision.checklistDigest) },
      { name: 'golive plan', digest: digestSet(decision.planDigest) },
    ],
    ...lists,
  });
}

/** `https://slsa.dev/verification_summary/v1`. PASSED is GO and nothing else. */
export function verificationSummary(graph: ResultGraph): string {
  const { decision, tool } = graph;
  const passed = decision.decision === 'GO';
  const { name, version } = decision.release;
  return statement(graph, VSA, {
    verifier: { id: VERIFIER, version: { 'golive-gate': tool.version } },
    timeVerified: decision.decidedAt,
    resourceUri: `pkg:generic/${encodeURIComponent(name)}@${encodeURIComponent(version)}`,
    policy: { uri: `urn:golive:checklist:${decision.checklist.name}`, digest: digestSet(decision.checklistDigest) },
    verificationResult: passed ? 'PASSED' : 'FAILED',
    verifiedLevels: [passed ? 'GOLIVE_GO' : 'FAILED'],
    slsaVersion: '1.0',
  });
}

/**
 * JUnit XML, as pytest, Vitest, Jest, Surefire, gotestsum, Playwright, Node and others write it. There is no standard: counts are those of
 * the `testcase` elements at any depth, and what suites claim of themselves is held against them.
 */
import { parseXml, XmlElement } from '@rgrove/parse-xml';
import {
  COMMIT,
  earliest,
  isCommitName,
  latestMoment,
  type Results,
  type ResultsDoubt,
  type TestResult,
} from './types.ts';

interface Case {
  readonly suites: readonly string[];
  readonly element: XmlElement;
}

/** Throws where the text is no XML. */
export function readJunit(text: string): Results {
  const root = parseXml(text, { ignoreUndefinedEntities: true }).root;
  if (root === null || !['testsuites', 'testsuite'].includes(root.name))
    throw new Error(`its root is ${root?.name ?? 'missing'}, expected testsuites or testsuite`);
  const cases = casesIn(root, []);
  const suites = [root, ...descendants(root, 'testsuite')];
  const ranAt = earliest(suites.map(({ attributes }) => latestMoment(attributes['timestamp'] ?? '')));
  return {
    format: 'JUnit XML',
    tests: attemptsJoined(cases),
    commits: commitsIn(root),
    ...(ranAt === undefined ? {} : { ranAt }),
    doubts: suites.flatMap(missingFrom),
  };
}

const childrenOf = (element: XmlElement): readonly XmlElement[] =>
  element.children.filter((one): one is XmlElement => one instanceof XmlElement);

function descendants(element: XmlElement, name: string): readonly XmlElement[] {
  return childrenOf(element).flatMap((child) => [...(child.name === name ? [child] : []), ...descendants(child, name)]);
}

function casesIn(element: XmlElement, suites: readonly string[]): readonly Case[] {
  if (element.name === 'testcase') return [{ suites, element }];
  const name = element.name === 'testsuite' ? (element.attributes['name'] ?? '') : '';
  const within = name === '' ? suites : [...suites, name];
  return childrenOf(element).flatMap((child) => casesIn(child, within));
}

/** Runners that try again list each attempt as one more case of the name; one that passed in the end counts as passed. */
function attemptsJoined(cases: readonly Case[]): readonly TestResult[] {
  const byName = new Map<string, Case[]>();
  for (const one of cases) {
    const { file = '', classname = '', name = '' } = one.element.attributes;
    const key = JSON.stringify([...one.suites, file, classname, name]);
    byName.set(key, [...(byName.get(key) ?? []), one]);
  }
  return [...byName.values()].map((attempts) => {
    const results = attempts.map(resultOf);
    const last = results.at(-1);
    const failed = results.findLast(({ status }) => status === 'failed');
    const decisive = (last?.status === 'passed' ? last : (failed ?? last)) as TestResult;
    const retries = results.reduce((sum, one) => sum + one.retries, attempts.length - 1);
    return { ...decisive, retries, flaky: decisive.status === 'passed' && retries > 0 };
  });
}

/** `flakyFailure` and `flakyError` are attempts of one that passed in the end; `rerunFailure` and `rerunError` only come with a failure. */
function resultOf({ suites, element }: Case): TestResult {
  const inside = childrenOf(element);
  const has = (...names: readonly string[]): XmlElement | undefined => inside.find(({ name }) => names.includes(name));
  const { classname = '', name = '', status = '' } = element.attributes;
  const broken = has('failure', 'error');
  const skipped = has('skipped') !== undefined || /^(notrun|disabled|skipped)$/i.test(status);
  const retries = inside.filter((one) => /^(flaky|rerun)(Failure|Error)$/.test(one.name)).length;
  return {
    name: nameOf(suites, classname, name),
    status: broken ? 'failed' : skipped ? 'skipped' : 'passed',
    retries,
    flaky: false,
    ...(broken ? { why: whyOf(broken) } : {}),
  };
}

/** The innermost suite tells where, as the class mostly repeats it. */
function nameOf(suites: readonly string[], classname: string, name: string): string {
  const where = classname === '' || classname === 'test' ? (suites.at(-1) ?? '') : classname;
  return [where, name].filter((one) => one !== '').join(' › ') || 'a test without a name';
}

/** The message; where it says no more than that it failed, the first line of the text. */
function whyOf(broken: XmlElement): string {
  const message = (broken.attributes['message'] ?? '').trim();
  const told = message === '' || /^failed$/i.test(message) ? broken.text.trim() : message;
  return told.split('\n')[0]?.trim() ?? '';
}

function commitsIn(root: XmlElement): readonly string[] {
  const values = descendants(root, 'property')
    .filter(({ attributes }) => isCommitName(attributes['name'] ?? ''))
    .map((property) => (property.attributes['value'] ?? property.text).trim().toLowerCase());
  return [...new Set(values.filter((value) => COMMIT.test(value)))];
}

/** A suite that claims more than the file holds was cut short, or its writer left something out. */
function missingFrom(suite: XmlElement): readonly ResultsDoubt[] {
  const cases = descendants(suite, 'testcase');
  const failed = cases.filter((one) => childrenOf(one).some(({ name }) => ['failure', 'error'].includes(name))).length;
  const claimed = (name: string): number => Number(suite.attributes[name] ?? 0) || 0;
  const counts = [
    { what: 'tests', claims: claimed('tests'), holds: cases.length },
    { what: 'failures and errors', claims: claimed('failures') + claimed('errors'), holds: failed },
  ];
  return counts
    .filter(({ claims, holds }) => claims > holds)
    .map(({ what, claims, holds }) => ({
      reason: 'unknown-value',
      why: `suite ${suite.attributes['name'] ?? suite.name} claims ${claims} ${what}, and the file holds ${holds}`,
    }));
}

/** SARIF 2.1.0 (OASIS). An item that could not be judged is of kind `open`: never absent, as no result reads as no problem. */
import { digestOf } from '../../../checks/contract/canonical.ts';
import { subjectText, type Finding, type Severity, type Subject } from '../../../checks/contract/outcome.ts';
import { placeOf, waiverText, type GraphItem, type GraphPlace, type ResultGraph, type Standing } from '../graph.ts';

const LEVELS: Readonly<Record<Severity, 'error' | 'warning'>> = { critical: 'error', major: 'error', minor: 'warning' };
export const levelOf = (severity: Severity): 'error' | 'warning' => LEVELS[severity];

/** A file of one run. */
export function sarifLog(run: object): string {
  return `${JSON.stringify({ $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs: [run] }, null, 2)}\n`;
}

/** Where it is written and what it is about; either may be unknown. */
export function sarifLocation(place: GraphPlace | null, subject?: Subject): object {
  return {
    ...(place === null
      ? {}
      : {
          physicalLocation: {
            artifactLocation: { uri: encodeURI(place.file) },
            region: { startLine: place.line, startColumn: place.column },
          },
        }),
    ...(subject === undefined
      ? {}
      : { logicalLocations: [{ fullyQualifiedName: subjectText(subject), kind: 'resource' }] }),
  };
}

/** By standing, of what is no finding. `kind` other than `fail` has no level. */
const KINDS: Readonly<Record<Standing, string>> = {
  good: 'pass',
  bad: 'fail',
  unknown: 'open',
  waits: 'review',
  'left-out': 'notApplicable',
  waived: 'open',
};

interface Rule {
  readonly id: string;
  readonly text: string;
  readonly help?: string;
}

interface Judged {
  readonly rule: Rule;
  readonly result: Readonly<Record<string, unknown>>;
}

function suppressionsOf(item: GraphItem): object {
  return item.waived === null
    ? {}
    : { suppressions: [{ kind: 'external', status: 'accepted', justification: waiverText(item) }] };
}

function common(item: GraphItem, named: readonly unknown[]): object {
  return {
    partialFingerprints: { 'golive/v1': digestOf([item.id, ...named]).slice('sha256:'.length) },
    properties: { item: item.id, outcome: item.outcome, phase: item.phase, owner: item.owner, severity: item.severity },
    ...suppressionsOf(item),
  };
}

function findingResult(item: GraphItem, { id, subject, says, fix, at }: Finding): Judged {
  const place = at === undefined ? item.place : placeOf(at);
  return {
    rule: { id: `${item.kind}/${id}`, text: item.title, help: fix },
    result: {
      kind: 'fail',
      level: LEVELS[item.severity],
      message: { text: `${item.id}: ${says} Fix: ${fix}` },
      locations: [sarifLocation(place, subject)],
      ...(at === undefined ? {} : { relatedLocations: [sarifLocation(item.place)] }),
      ...common(item, [id, subjectText(subject)]),
    },
  };
}

/** What is said of the item as a whole: it has no findings, or nothing but its message. */
function itemResult(item: GraphItem): Judged {
  const kind = item.outcome === 'fail' ? 'fail' : KINDS[item.standing];
  return {
    rule: { id: item.kind, text: item.title },
    result: {
      kind,
      level: kind === 'fail' ? LEVELS[item.severity] : 'none',
      message: { text: `${item.id} (${item.title}): ${item.message}` },
      locations: [sarifLocation(item.place)],
      ...common(item, [item.reason ?? item.outcome]),
    },
  };
}

/** The whole file. */
export function sarif(graph: ResultGraph): string {
  const { decision, items, tool } = graph;
  const judged = items.flatMap((item): readonly Judged[] =>
    item.findings.length > 0 ? item.findings.map((finding) => findingResult(item, finding)) : [itemResult(item)],
  );
  const rules = [...new Map(judged.map(({ rule }) => [rule.id, rule])).values()];
  const index = new Map(rules.map(({ id }, at) => [id, at]));
  return sarifLog({
    tool: {
      driver: {
        name: tool.name,
        version: tool.version,
        rules: rules.map(({ id, text, help }) => ({
          id,
          shortDescription: { text },
          ...(help === undefined ? {} : { help: { text: help } }),
        })),
      },
    },
    automationDetails: {
      id: `golive/${decision.checklist.name}/${decision.environment.name}/${decision.runId}`,
    },
    invocations: [
      {
        executionSuccessful: graph.complete,
        exitCode: graph.exitCode,
        exitCodeDescription: decision.decision,
        startTimeUtc: graph.startedAt,
        endTimeUtc: graph.endedAt,
        toolExecutionNotifications: decision.reasons.map(({ code, text }) => ({
          level: 'error',
          descriptor: { id: code },
          message: { text },
        })),
      },
    ],
    columnKind: 'utf16CodeUnits',
    results: judged.map(({ rule, result }) => ({ ruleId: rule.id, ruleIndex: index.get(rule.id), ...result })),
    properties: {
      decision: decision.decision,
      decisionWithoutWaivers: decision.decisionWithoutWaivers,
      readiness: decision.readiness,
      release: decision.release,
      environment: decision.environment,
    },
  });
}

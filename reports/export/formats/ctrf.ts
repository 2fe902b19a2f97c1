/** CTRF (Common Test Report Format), version 1.0.0 of its specification. */
import { reasonsText, waiverText, type GraphItem, type ResultGraph } from '../graph.ts';
import { uuidOf } from '../uuid.ts';

const SPEC_VERSION = '1.0.0';
const STATUSES = ['passed', 'failed', 'skipped', 'pending', 'other'] as const;
type Status = (typeof STATUSES)[number];

function statusOf({ standing, outcome }: GraphItem): Status {
  switch (standing) {
    case 'good':
      return 'passed';
    case 'bad':
      return 'failed';
    case 'waits':
      return 'pending';
    case 'left-out':
      return 'skipped';
    case 'waived':
      return 'other';
    case 'unknown':
      return outcome === 'not-run' ? 'skipped' : outcome === 'planned' ? 'pending' : 'other';
  }
}

function test(item: GraphItem): { readonly status: Status } & Readonly<Record<string, unknown>> {
  const start = item.startedAt === undefined ? undefined : Date.parse(item.startedAt);
  const duration = Math.round(item.durationMs);
  return {
    testId: item.id,
    name: `${item.id}: ${item.title}`,
    status: statusOf(item),
    duration: item.from === 'run' ? duration : 0,
    ...(start === undefined ? {} : { start, stop: start + duration }),
    suite: [item.phaseTitle, item.section],
    message: [waiverText(item), item.message].filter(Boolean).join('\n'),
    rawStatus: item.outcome,
    type: 'go-live',
    filePath: item.place.file,
    line: item.place.line,
    tags: [item.severity, item.kind],
    labels: { owner: item.owner, severity: item.severity, phase: item.phase, subjects: item.subjects },
    extra: {
      findings: item.findings,
      doubts: item.doubts,
      waived: item.waived,
      ...(item.reason === undefined ? {} : { reason: item.reason }),
    },
  };
}

/** The whole file. The decision itself is a test, so that no reader can count a HOLD as green. */
export function ctrf(graph: ResultGraph): string {
  const { decision } = graph;
  const whole = {
    testId: 'golive-decision',
    name: 'Go-live decision',
    status: decision.decision === 'GO' ? ('passed' as const) : ('failed' as const),
    duration: 0,
    suite: ['golive'],
    message: reasonsText(graph) || graph.title,
    rawStatus: decision.decision,
  };
  const tests = [whole, ...graph.items.map(test)];
  const counts = STATUSES.map((status) => [status, tests.filter((one) => one.status === status).length] as const);
  const start = Date.parse(graph.startedAt);
  const stop = Date.parse(graph.endedAt);
  const { release, environment } = decision;
  const report = {
    reportFormat: 'CTRF',
    specVersion: SPEC_VERSION,
    reportId: uuidOf('ctrf', decision),
    runId: decision.runId,
    timestamp: graph.endedAt,
    generatedBy: `${graph.tool.name} ${graph.tool.version}`,
    results: {
      tool: { name: graph.tool.name, version: graph.tool.version },
      summary: { tests: tests.length, ...Object.fromEntries(counts), start, stop, duration: stop - start },
      tests,
      environment: {
        appName: release.name,
        appVersion: release.version,
        commit: release.commit,
        testEnvironment: environment.name,
      },
      extra: { decision: decision.decision, readiness: decision.readiness, planDigest: decision.planDigest },
    },
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

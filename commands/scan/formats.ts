/** A scan as people, GitHub and code scanners read it. */
import { colours, wrap } from '../../reports/tell/console/text.ts';
import { levelOf, sarifLocation, sarifLog } from '../../reports/export/formats/sarif.ts';
import type { ScanFinding, ScanReport } from './run.ts';

const place = ({ file, line, column }: Pick<ScanFinding, 'file' | 'line' | 'column'>): string =>
  file === '' ? '' : `${file}:${line}:${column}: `;

export function asHuman({ judged, findings, doubts }: ScanReport, hasColour: boolean, width: number): string {
  const paint = colours(hasColour);
  const lines = findings.flatMap((finding) => [
    `${paint.red('✗')} ${place(finding)}${finding.says} ${paint.dim(`[${finding.kind} ${finding.id}]`)}`,
    ...wrap(`Fix: ${finding.fix}`, width, 4),
  ]);
  const unsure = doubts.map(
    (doubt) =>
      `${paint.yellow('?')} ${place({ file: '', line: 0, column: 0, ...doubt })}${doubt.why} ${paint.dim(`[${doubt.kind} ${doubt.reason}]`)}`,
  );
  const subjects = Object.values(judged).reduce((sum, count) => sum + count, 0);
  const sum = `${findings.length} findings, ${doubts.length} not judged, ${subjects} subjects judged by ${Object.keys(judged).length} kinds.`;
  return [...lines, ...unsure, sum].join('\n');
}

/** A finding a line: a program reads it as a whole, and people search it. */
export function asJson({ schema, judged, findings, doubts }: ScanReport): string {
  const list = (name: string, members: readonly object[]): string =>
    `  "${name}": [${members.map((one) => `\n    ${JSON.stringify(one)}`).join(',')}${members.length === 0 ? '' : '\n  '}]`;
  const head = `  "schema": ${JSON.stringify(schema)},\n  "judged": ${JSON.stringify(judged)}`;
  return `{\n${[head, list('findings', findings), list('doubts', doubts)].join(',\n')}\n}`;
}

/** Workflow commands of GitHub Actions; what ends them is escaped. */
export function asGithub({ findings, doubts }: ScanReport): string {
  const data = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
  const at = ({ file = '', line = 0, column = 0 }: { file?: string; line?: number; column?: number }): string =>
    file === '' ? '' : ` file=${property(file)},line=${line},col=${column}`;
  return [
    ...findings.map((one) => {
      const where = at(one);
      return `::error${where}${where === '' ? ' ' : ','}title=${property(`${one.kind} ${one.id}`)}::${data(`${one.says} Fix: ${one.fix}`)}`;
    }),
    ...doubts.map((one) => {
      const where = at(one);
      return `::warning${where}${where === '' ? ' ' : ','}title=${property(`${one.kind} ${one.reason}`)}::${data(one.why)}`;
    }),
  ].join('\n');
}

/** SARIF 2.1.0 (OASIS), the parts that code scanners read. */
export function asSarif({ findings, doubts }: ScanReport, version: string): string {
  const ids = [...new Set(findings.map(({ kind, id }) => `${kind}/${id}`))].sort();
  const rules = ids.map((id) => {
    const one = findings.find(({ kind, id: of }) => `${kind}/${of}` === id);
    return { id, help: { text: one?.fix ?? '' } };
  });
  const results = findings.map((one) => ({
    ruleId: `${one.kind}/${one.id}`,
    ruleIndex: ids.indexOf(`${one.kind}/${one.id}`),
    level: levelOf(one.severity),
    message: { text: `${one.says} Fix: ${one.fix}` },
    locations: [sarifLocation(one.file === '' ? null : one, one.subject)],
  }));
  const notifications = doubts.map(({ why, kind, reason }) => ({
    level: 'warning',
    message: { text: why },
    descriptor: { id: `${kind}/${reason}` },
  }));
  const run = {
    tool: { driver: { name: 'golive', version, rules } },
    invocations: [{ executionSuccessful: true, toolExecutionNotifications: notifications }],
    results,
  };
  return sarifLog(run).trimEnd();
}

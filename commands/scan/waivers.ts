/** Findings that somebody has accepted for a time: `[{kind, id, subject, reason, approver, ticket, expiry}]`. */
import { subjectText } from '../../checks/contract/outcome.ts';
import { readYamlFile } from '../../specs/loader/yaml/parse.ts';
import { renderProblems } from '../../specs/loader/problems.ts';
import type { ScanReport } from './run.ts';

export interface ScanWaiver {
  readonly kind: string;
  readonly id: string;
  /** As the finding names it: `Deployment shop/web`. */
  readonly subject: string;
  readonly reason: string;
  readonly approver: string;
  readonly ticket: string;
  /** The last day it holds, `2026-12-31`. */
  readonly expiry: string;
}

const FIELDS = ['kind', 'id', 'subject', 'reason', 'approver', 'ticket', 'expiry'] as const;

/** The waivers of a file, or what is wrong with it. */
export function readWaivers(file: string): readonly ScanWaiver[] | string {
  const read = readYamlFile(process.cwd(), file);
  if (read.problems.length > 0) return renderProblems(read.problems);
  if (!Array.isArray(read.value)) return renderProblems([read.problem('', { message: 'expected a list of waivers' })]);
  const problems = (read.value as readonly unknown[]).flatMap((entry, index) => {
    const at = `/${index}`;
    if (typeof entry !== 'object' || entry === null)
      return [read.problem(at, { message: 'expected a map', fix: `Give it ${FIELDS.join(', ')}` })];
    const waiver = entry as Readonly<Record<string, unknown>>;
    const strange = Object.keys(waiver).filter((name) => !FIELDS.some((field) => field === name));
    return [
      ...strange.map((name) =>
        read.problem(`${at}/${name}`, { message: 'this field is not known', allowed: FIELDS }, 'key'),
      ),
      ...FIELDS.filter((field) => typeof waiver[field] !== 'string' || !/[\p{L}\p{N}]/u.test(waiver[field])).map(
        (field) =>
          read.problem(`${at}/${field}`, {
            message: `${field} must be a text that says something`,
            fix: `Write ${field}`,
          }),
      ),
      ...(typeof waiver['expiry'] === 'string' && Number.isNaN(dayEnd(waiver['expiry']))
        ? [
            read.problem(`${at}/expiry`, {
              message: 'expected a day, for example "2026-12-31"',
              fix: 'Write a day in quotes',
            }),
          ]
        : []),
    ];
  });
  return problems.length > 0 ? renderProblems(problems) : (read.value as readonly ScanWaiver[]);
}

const dayEnd = (day: string): number => (/^\d{4}-\d{2}-\d{2}$/.test(day) ? Date.parse(`${day}T23:59:59Z`) : Number.NaN);

/** Takes waived findings out. An expired waiver counts no more; what matches no finding is not needed. */
export function applyWaivers(
  report: ScanReport,
  waivers: readonly ScanWaiver[],
  now: Date,
): { readonly report: ScanReport; readonly unneeded: readonly ScanWaiver[] } {
  const matches = (waiver: ScanWaiver, one: ScanReport['findings'][number]): boolean =>
    waiver.kind === one.kind && waiver.id === one.id && waiver.subject === subjectText(one.subject);
  const valid = waivers.filter(({ expiry }) => dayEnd(expiry) >= now.getTime());
  return {
    report: { ...report, findings: report.findings.filter((one) => !valid.some((waiver) => matches(waiver, one))) },
    unneeded: valid.filter((waiver) => !report.findings.some((one) => matches(waiver, one))),
  };
}

/** What `golive doctor` finds, and how it is printed. */
import { hideCredentials } from '../../checks/contract/credentials.ts';
import { colours, columnsOf, pad, wrap } from '../../reports/tell/console/text.ts';
import { plural } from '../../reports/tell/wording.ts';

export const STATES = ['ok', 'warn', 'bad'] as const;
export type State = (typeof STATES)[number];

export interface Finding {
  /** What was looked at, in two words at most. */
  readonly check: string;
  readonly state: State;
  /** What was seen. Never a credential. */
  readonly text: string;
  /** What to do about it. */
  readonly fix?: string;
}
export interface Section {
  readonly title: string;
  readonly findings: readonly Finding[];
}

export const ok = (check: string, text: string): Finding => finding(check, 'ok', text, undefined);
export const warn = (check: string, text: string, fix?: string): Finding => finding(check, 'warn', text, fix);
export const bad = (check: string, text: string, fix?: string): Finding => finding(check, 'bad', text, fix);

function finding(check: string, state: State, text: string, fix: string | undefined): Finding {
  return { check, state, text: hideCredentials(text), ...(fix === undefined ? {} : { fix: hideCredentials(fix) }) };
}

export function countOf(sections: readonly Section[], state: State): number {
  return sections.flatMap(({ findings }) => findings).filter((one) => one.state === state).length;
}

/** Of the first column at least. */
const NAME_COLUMNS = 18;

/** The sections as lines of at most `width` columns, ending with what they amount to. */
export function renderSections(
  sections: readonly Section[],
  { width, colour }: { readonly width: number; readonly colour: boolean },
): string {
  const paint = colours(colour);
  const marks = { ok: paint.green('ok  '), warn: paint.yellow('warn'), bad: paint.red('bad ') };
  const names = sections.flatMap(({ findings }) => findings.map(({ check }) => columnsOf(check)));
  const columns = Math.max(NAME_COLUMNS, ...names);
  const indent = columns + 8;
  const blocks = sections.map(({ title, findings }) =>
    [
      paint.bold(title),
      ...findings.flatMap(({ check, state, text, fix }) => {
        const [first = '', ...rest] = wrap(text, width, indent);
        return [
          `  ${marks[state]} ${pad(check, columns)} ${first.trimStart()}`,
          ...rest,
          ...(fix === undefined ? [] : wrap(`Fix: ${fix}`, width, indent).map(paint.bold)),
        ];
      }),
    ].join('\n'),
  );
  return `${blocks.join('\n\n')}\n\n${conclusion(sections)}\n`;
}

function conclusion(sections: readonly Section[]): string {
  const [broken, warned] = [countOf(sections, 'bad'), countOf(sections, 'warn')];
  if (broken > 0) return `${plural(broken, 'problem')} to fix${warned > 0 ? `, ${plural(warned, 'warning')}` : ''}.`;
  return warned > 0 ? `Nothing is broken; ${plural(warned, 'warning')}.` : 'All is well.';
}

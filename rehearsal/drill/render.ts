/** What a drill tells people: a line a fault as it goes, and the matrix at the end. */
import { formatMs } from '../../checks/contract/units.ts';
import { verdictOf, type Coverage, type FaultResult, type Verdict } from './compare.ts';

export interface Style {
  readonly colour: boolean;
}

const paint = (code: number, text: string, { colour }: Style): string =>
  colour ? `\u001b[${code}m${text}\u001b[39m` : text;

const MARKS: Readonly<Record<Verdict, readonly [colour: number, sign: string]>> = {
  'as declared': [32, 'ok '],
  wrong: [31, 'RED'],
  'not proven': [33, '?  '],
};

/** `ok  redis-killed  P1-DAT-002 error, P2-HEA-002 fail · 57 others unmoved · 2.1 s` and, below it, what is wrong. */
export function renderFault(result: FaultResult, style: Style): string {
  const verdict = verdictOf(result);
  const [colour, sign] = MARKS[verdict];
  const mark = paint(colour, sign, style);
  const changes = result.changes.map(({ item, outcome }) => `${item} ${outcome}`).join(', ');
  const facts = [
    changes || 'nothing seen',
    `${result.unmoved} others unmoved`,
    formatMs(Math.round(result.durationMs)),
  ];
  const lines = [`${mark} ${result.fault.padEnd(34)} ${facts.join(' · ')}`];
  const firstLine = (text: string): string => text.split('\n')[0] ?? '';
  if (verdict === 'not proven')
    lines.push(`      not proven: ${Math.round(result.busy * 100)} % of this machine's CPU time was in use`);
  if (result.failure !== null) lines.push(`      ${result.failure}`);
  for (const { item, wrong, message } of result.changes) {
    if (wrong !== null) lines.push(`      ${item} ${wrong}: ${firstLine(message)}`);
  }
  for (const { item, outcome, message } of result.moved) {
    lines.push(`      ${item} moved, too: ${outcome}: ${firstLine(message)}`);
  }
  for (const { item, outcome, message } of result.notRecovered) {
    lines.push(`      ${item} did not come back: ${outcome}: ${firstLine(message)}`);
  }
  return lines.join('\n');
}

/** Each item with the faults that turn it red. */
export function renderMatrix(
  coverage: readonly Coverage[],
  titles: ReadonlyMap<string, string>,
  results: readonly FaultResult[],
): string {
  const lines = coverage.map(({ item, faults }) => {
    const rows = faults.map((fault) => {
      const outcome = results
        .find((result) => result.fault === fault)
        ?.changes.find((change) => change.item === item)?.outcome;
      return `      ${(outcome ?? '').padEnd(13)}${fault}`;
    });
    return [
      `  ${item}  ${titles.get(item) ?? ''}`,
      ...(rows.length > 0 ? rows : ['      no fault turned it red']),
    ].join('\n');
  });
  return ['', 'Item × fault:', ...lines].join('\n');
}

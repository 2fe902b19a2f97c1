/** JUnit XML, from the decision itself: the file that Playwright writes knows tests only, and none of what was waived or stands from earlier. */
import { visibleText } from '../../../checks/contract/visible-text.ts';
import { reasonsText, waiverText, type GraphItem, type ResultGraph } from '../graph.ts';

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const text = (value: string): string => visibleText(value).replace(/[&<>"]/g, (one) => ENTITIES[one] ?? one);
/** Line feeds in an attribute would become spaces. */
const attribute = (value: string): string => text(value).replace(/\n/g, '&#10;').replace(/\t/g, '&#9;');

function element(name: string, attributes: Readonly<Record<string, string | number>>, content = ''): string {
  const written = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${attribute(String(value))}"`)
    .join('');
  return content === '' ? `<${name}${written}/>` : `<${name}${written}>${content}</${name}>`;
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3);
const propertiesOf = (facts: Readonly<Record<string, string | undefined>>): string => {
  const known = Object.entries(facts).filter((fact): fact is [string, string] => fact[1] !== undefined);
  return element('properties', {}, known.map(([name, value]) => element('property', { name, value })).join(''));
};

/** What a reader of JUnit counts a case as. */
type Counted = 'passed' | 'failure' | 'error' | 'skipped';
interface Case {
  readonly counted: Counted;
  readonly xml: string;
}

function countedAs({ standing, outcome }: GraphItem): Counted {
  if (standing === 'good') return 'passed';
  if (standing === 'bad') return 'failure';
  return outcome === 'error' || outcome === 'inconclusive' ? (standing === 'waived' ? 'skipped' : 'error') : 'skipped';
}

function itemCase(item: GraphItem): Case {
  const counted = countedAs(item);
  const { id, outcome, reason } = item;
  const properties = propertiesOf({
    outcome,
    reason,
    detail: item.detail,
    severity: item.severity,
    owner: item.owner,
    kind: item.kind,
    subjects: String(item.subjects),
    'stands-from': item.from === 'ledger' ? (item.fromRun ?? 'an earlier run') : undefined,
    waiver: item.waived?.id,
  });
  const types = [...new Set(item.findings.map((finding) => finding.id))].join(' ');
  const about = item.standing === 'waived' ? `${waiverText(item)}\n${item.message}` : item.message;
  const verdict =
    counted === 'passed'
      ? ''
      : counted === 'skipped'
        ? element('skipped', { message: `${outcome}: ${about}` })
        : element(counted, { type: types || (reason ?? outcome), message: firstLine(about) }, text(about));
  const attributes = {
    classname: `${item.phase}.${item.section}`,
    name: `${id}: ${item.title}`,
    time: seconds(item.from === 'run' ? item.durationMs : 0),
    file: item.place.file,
    line: item.place.line,
  };
  return { counted, xml: element('testcase', attributes, properties + verdict) };
}

/** The decision as a case: whoever counts cases only must not see a HOLD as green. */
function decisionCase(graph: ResultGraph): Case {
  const { decision } = graph.decision;
  const counted = decision === 'GO' ? 'passed' : decision === 'NO-GO' ? 'failure' : 'error';
  const said = reasonsText(graph) || graph.title;
  const verdict = counted === 'passed' ? '' : element(counted, { type: decision, message: graph.title }, text(said));
  return { counted, xml: element('testcase', { classname: 'golive', name: 'Go-live decision', time: 0 }, verdict) };
}

function suite(name: string, cases: readonly Case[], timestamp: string, time: string): string {
  const count = (of: Counted): number => cases.filter(({ counted }) => counted === of).length;
  const counts = { tests: cases.length, failures: count('failure'), errors: count('error'), skipped: count('skipped') };
  return element('testsuite', { name, ...counts, time, timestamp }, cases.map(({ xml }) => xml).join('\n'));
}

function firstLine(said: string): string {
  return said.split('\n', 1)[0] ?? '';
}

/** The whole file. */
export function junit(graph: ResultGraph): string {
  const { decision, items } = graph;
  // Without the offset: readers of this format know local times only, and take them for UTC.
  const timestamp = graph.endedAt.replace(/(\.\d+)?Z$/, '');
  const phases = decision.phases.flatMap(({ id, title }) => {
    const own = items.filter(({ phase }) => phase === id);
    const ms = own.reduce((sum, { from, durationMs }) => sum + (from === 'run' ? durationMs : 0), 0);
    return own.length === 0 ? [] : [suite(`${id}: ${title}`, own.map(itemCase), timestamp, seconds(ms))];
  });
  const whole = suite('golive', [decisionCase(graph)], timestamp, '0');
  const name = graph.title;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('testsuites', { name }, `\n${[whole, ...phases].join('\n')}\n`)}\n`;
}

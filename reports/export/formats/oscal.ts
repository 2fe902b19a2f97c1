/** OSCAL 1.1: assessment results, and the plan of action (POA&M) of what is waived. Empty lists are invalid there: they are left out. */
import { subjectText } from '../../../checks/contract/outcome.ts';
import { waiverText, type GraphItem, type ResultGraph } from '../graph.ts';
import { uuidOf } from '../uuid.ts';

const OSCAL_VERSION = '1.1.2';

/** Ids and names there are tokens: letters, digits, `_`, `.`, `-`, and no digit first. */
const token = (text: string): string => text.replace(/[^\p{L}\p{N}_.-]/gu, '-').replace(/^(?![\p{L}_])/u, '_');
const list = (name: string, members: readonly object[]): object => (members.length === 0 ? {} : { [name]: members });
const prop = (name: string, value: string): object => ({ name, ns: 'urn:golive', value });

function metadata({ decision, tool }: ResultGraph, title: string): object {
  return {
    title,
    'last-modified': decision.decidedAt,
    version: decision.runId,
    'oscal-version': OSCAL_VERSION,
    props: [
      prop('tool', `${tool.name} ${tool.version}`),
      prop('decision', decision.decision),
      prop('release', `${decision.release.name}@${decision.release.version}`),
      prop('environment', decision.environment.name),
    ],
  };
}

/** Asked by a test, or answered by a person. */
function observation(graph: ResultGraph, item: GraphItem): object {
  const subjects = item.findings.map(({ subject }) => subjectText(subject));
  return {
    uuid: observationId(graph, item),
    title: item.title,
    description: item.message,
    methods: [item.attested ? 'INTERVIEW' : 'TEST'],
    props: [
      prop('item', item.id),
      prop('outcome', item.outcome),
      prop('severity', item.severity),
      prop('owner', item.owner),
    ],
    ...list(
      'relevant-evidence',
      item.values.map(({ title, value, unit }) => ({ description: `${title}: ${value} ${unit}` })),
    ),
    collected: item.startedAt ?? graph.endedAt,
    ...(subjects.length === 0 ? {} : { remarks: subjects.join('\n') }),
  };
}

const observationId = ({ decision }: ResultGraph, { id }: GraphItem): string =>
  uuidOf('observation', decision.runId, id);

function finding(graph: ResultGraph, item: GraphItem): object {
  const good = item.standing === 'good';
  const reason = good ? 'pass' : item.outcome === 'fail' ? 'fail' : 'other';
  return {
    uuid: uuidOf('finding', graph.decision.runId, item.id),
    title: item.title,
    description: item.message,
    target: {
      type: 'objective-id',
      'target-id': token(item.id),
      title: item.title,
      // The format knows two states. What nobody could look at is not satisfied, and its remarks say why.
      status: {
        state: good ? 'satisfied' : 'not-satisfied',
        reason,
        ...(good ? {} : { remarks: [item.outcome, waiverText(item), item.message].filter(Boolean).join('\n') }),
      },
    },
    'related-observations': [{ 'observation-uuid': observationId(graph, item) }],
  };
}

/** The assessment results. */
export function oscalResults(graph: ResultGraph): string {
  const { decision, items } = graph;
  const planId = uuidOf('plan', decision.planDigest);
  const judged = items.filter(({ standing }) => standing !== 'left-out');
  const document = {
    'assessment-results': {
      uuid: uuidOf('assessment-results', decision),
      metadata: metadata(graph, graph.title),
      'import-ap': { href: `#${planId}` },
      results: [
        {
          uuid: uuidOf('result', decision.runId),
          title: graph.title,
          description: decision.reasons.map(({ text }) => text).join('\n') || 'Nothing stands against going live.',
          start: graph.startedAt,
          end: graph.endedAt,
          'reviewed-controls': {
            'control-selections': [
              {
                description: `Checklist ${decision.checklist.name}`,
                ...(judged.length === 0
                  ? { 'include-all': {} }
                  : { 'include-controls': judged.map(({ id }) => ({ 'control-id': token(id) })) }),
              },
            ],
          },
          ...list(
            'observations',
            judged.map((item) => observation(graph, item)),
          ),
          ...list(
            'findings',
            judged.map((item) => finding(graph, item)),
          ),
        },
      ],
      'back-matter': {
        resources: [
          {
            uuid: planId,
            title: `Checklist ${decision.checklist.name}`,
            rlinks: [
              {
                href: decision.checklist.file,
                hashes: [{ algorithm: 'SHA-256', value: decision.checklistDigest.replace(/^sha256:/, '') }],
              },
            ],
            remarks: 'The digest is of the canonical JSON of its phases and items, not of the file.',
          },
        ],
      },
    },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

const isWaived = ({ waived }: GraphItem): boolean => waived !== null;

/** Why there would be no plan of action, or null. */
export function nothingWaived({ items }: ResultGraph): string | null {
  return items.some(isWaived) ? null : 'no waiver is in force, and this format cannot be empty';
}

/** The plan of action and milestones: one item for each waiver. */
export function oscalPoam(graph: ResultGraph): string {
  const { decision } = graph;
  const waived = graph.items.filter(isWaived);
  const document = {
    'plan-of-action-and-milestones': {
      uuid: uuidOf('poam', decision),
      metadata: metadata(graph, `Waivers: ${graph.title}`),
      'system-id': {
        'identifier-type': 'http://ietf.org/rfc/rfc4122',
        id: uuidOf('system', decision.release.name, decision.environment),
      },
      observations: waived.map((item) => observation(graph, item)),
      'poam-items': waived.map((item) => ({
        uuid: uuidOf('poam-item', decision.runId, item.id),
        title: `${item.id}: ${item.title}`,
        description: `${waiverText(item)}\n${item.message}`,
        props: [prop('expires', item.waived?.expires ?? ''), prop('approver', item.waived?.approver ?? '')],
        'related-observations': [{ 'observation-uuid': observationId(graph, item) }],
      })),
    },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** `golive reach`: may this pod reach that one? By NetworkPolicy and admin policies, from files or a cluster. */
import { EXIT } from '../checks/contract/decision.ts';
import {
  DAEMON_SETS,
  DEPLOYMENTS,
  NODES,
  PODS,
  SERVICES,
  STATEFUL_SETS,
  NAMESPACES,
} from '../checks/protocols/kubernetes.ts';
import { NETWORK_POLICIES, OTHER_POLICIES } from '../checks/protocols/network-policies.ts';
import { answer, UnknownEnd, type Answer, type Question } from '../k8s/semantics/network/question.ts';
import type { Verdict } from '../k8s/semantics/network/reach.ts';
import { matrixOf, targetText, type ReachMatrix } from '../k8s/semantics/network/matrix.ts';
import { readNetwork, type NetworkWorld } from '../k8s/semantics/network/world.ts';
import { colours, pad } from '../reports/tell/console/text.ts';
import { answerLines, objectsOf, tellUnread, type ObjectSources } from './objects.ts';
import { hasColour, writeError, writeJson, writeOut, writePainted } from './write.ts';

export interface ReachOptions extends ObjectSources {
  readonly from?: string;
  readonly to?: string;
  readonly port?: string;
  readonly queries?: string;
  readonly matrix?: boolean;
  readonly namespace?: string;
  readonly format?: 'human' | 'json' | 'svg';
}

const NETWORK_TYPES = [
  NAMESPACES,
  NODES,
  PODS,
  SERVICES,
  DEPLOYMENTS,
  STATEFUL_SETS,
  DAEMON_SETS,
  NETWORK_POLICIES,
  ...OTHER_POLICIES,
];

/** 0 allowed, 1 denied, 2 not judged, 64 wrong use; with --queries 0 when each was answered; with --matrix 0. */
export async function reach(paths: readonly string[], options: ReachOptions): Promise<number> {
  const wrong = wrongUse(options);
  if (wrong !== undefined) {
    writeError(wrong);
    return EXIT.usage;
  }
  const question = options.queries === undefined && options.matrix !== true ? questionOf(options) : undefined;
  if (typeof question === 'string') {
    writeError(question);
    return EXIT.usage;
  }
  const read = await objectsOf(paths, options, NETWORK_TYPES);
  if (typeof read === 'number') return read;
  const judged = tellUnread(read.unread);
  const world = readNetwork(
    read.objects.map(({ object }) => object),
    options.namespace,
  );
  for (const { name, says } of world.unread) writeError(`Not understood: ${name}: ${says}.`);
  if (options.queries !== undefined) return judged(answerLines(options.queries, (one) => lineAnswer(world, one)));
  if (question === undefined) return judged(await tellMatrix(matrixOf(world), options.format));
  return judged(tellOne(world, question, options.format === 'json'));
}

function wrongUse({ queries, matrix, from, to, format }: ReachOptions): string | undefined {
  if ([queries, matrix, from ?? to].filter((one) => one !== undefined).length !== 1)
    return 'Ask one question with --from, --to and --port, many with --queries, or for all with --matrix.';
  return format === 'svg' && matrix !== true ? '--format svg draws the matrix: give --matrix as well.' : undefined;
}

function questionOf({ from, to, port }: ReachOptions): Question | string {
  if (from === undefined || to === undefined || port === undefined)
    return 'A question needs --from, --to and --port, for example --from shop/web --to shop/db --port 5432/TCP.';
  return portQuestion(from, to, port);
}

function portQuestion(from: string, to: string, port: string): Question | string {
  const [, number, protocol = 'TCP'] = /^(\d{1,5})(?:\/(TCP|UDP|SCTP))?$/i.exec(port) ?? [];
  if (number === undefined || Number(number) < 1 || Number(number) > 65_535)
    return `--port ${port}: expected a number from 1 to 65535 and a protocol, for example 8080/TCP.`;
  return { from, to, port: Number(number), protocol: protocol.toUpperCase() };
}

const asBoolean = (verdict: Verdict): boolean | null => (verdict === 'undefined' ? null : verdict === 'allow');
const asData = ({ verdict, ingress, egress, because }: Answer) => ({
  allowed: asBoolean(verdict),
  ingress: asBoolean(ingress),
  egress: asBoolean(egress),
  because,
});

function lineAnswer(world: NetworkWorld, question: Readonly<Record<string, unknown>>) {
  const { from, to, port, protocol = 'TCP' } = question;
  if (typeof from !== 'string' || typeof to !== 'string' || typeof port !== 'number' || typeof protocol !== 'string')
    return { answered: false, more: { allowed: null, because: ['a question needs from, to, port and protocol'] } };
  const asked = portQuestion(from, to, `${port}/${protocol}`);
  if (typeof asked === 'string') return { answered: false, more: { allowed: null, because: [asked] } };
  try {
    const given = answer(world, asked);
    return { answered: given.verdict !== 'undefined', more: asData(given) };
  } catch (error) {
    if (!(error instanceof UnknownEnd)) throw error;
    return { answered: false, more: { allowed: null, ingress: null, egress: null, because: [error.message] } };
  }
}

const WORDS: Readonly<Record<Verdict, string>> = { allow: 'allowed', deny: 'denied', undefined: 'not judged' };
const CODES: Readonly<Record<Verdict, number>> = { allow: EXIT.GO, deny: EXIT['NO-GO'], undefined: EXIT.HOLD };

function tellOne(world: NetworkWorld, question: Question, json: boolean): number {
  let given: Answer;
  try {
    given = answer(world, question);
  } catch (error) {
    if (!(error instanceof UnknownEnd)) throw error;
    writeError(`${error.message}.`);
    return EXIT.usage;
  }
  const { from, to, port, protocol } = question;
  if (json) {
    writeJson({ ...question, ...asData(given) });
    return CODES[given.verdict];
  }
  const paint = colours(hasColour());
  const colour = { allow: paint.green, deny: paint.red, undefined: paint.yellow }[given.verdict];
  const reasons = given.because.length > 0 ? given.because : ['no policy isolates either end'];
  writePainted(
    [`${from} → ${to} ${port}/${protocol}: ${colour(WORDS[given.verdict])}`, ...reasons.map((one) => `  ${one}`)].join(
      '\n',
    ),
  );
  return CODES[given.verdict];
}

const MARKS: Readonly<Record<Verdict, string>> = { allow: 'yes', deny: '–', undefined: '?' };

async function tellMatrix(matrix: ReachMatrix, format: ReachOptions['format']): Promise<number> {
  const { sources, targets, cells } = matrix;
  if (format === 'json') {
    writeJson({ sources, targets, cells: cells.map((row) => row.map(asBoolean)) });
    return EXIT.GO;
  }
  if (sources.length === 0 || targets.length === 0) {
    writeError('No pods or workloads with ports are among the objects.');
    return EXIT.HOLD;
  }
  const titles = targets.map(targetText);
  if (format === 'svg') {
    writeOut(
      (await import('../reports/tell/html/reach-matrix.ts'))
        .reachMatrixSvg({ sources, targets: titles, cells })
        .trimEnd(),
    );
    return EXIT.GO;
  }
  const width = Math.max(...sources.map((name) => name.length));
  // Columns are named below each other: their titles are longer than their cells.
  const legend = titles.map((title, index) => `  ${pad(String(index + 1), 4)}${title}`);
  const head = `  ${pad('from', width)}  ${targets.map((_, index) => pad(String(index + 1), 4)).join('')}`;
  const rows = sources.map(
    (name, row) => `  ${pad(name, width)}  ${(cells[row] ?? []).map((verdict) => pad(MARKS[verdict], 4)).join('')}`,
  );
  writeOut(['To:', ...legend, '', head, ...rows, '', 'yes allowed · – denied · ? not judged'].join('\n'));
  return EXIT.GO;
}

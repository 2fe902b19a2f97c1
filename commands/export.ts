/** `golive export FORMAT`: a recorded decision for other tools. 0 written, 64 wrong use or nothing that this format can say, 70 no decision. */
import { EXIT } from '../checks/contract/decision.ts';
import { EXPORT_NAMES, type ExportName } from '../checks/contract/exports.ts';
import { errorText } from '../checks/contract/text.ts';
import { runFacts } from '../reports/export/facts.ts';
import { EXPORT_FORMATS } from '../reports/export/formats.ts';
import { groupLabels } from '../reports/export/formats/metric-families.ts';
import { otlpMetrics } from '../reports/export/formats/otlp.ts';
import { resultGraph, type ResultGraph } from '../reports/export/graph.ts';
import { envelopeKey } from '../reports/export/key.ts';
import { pushMetrics, sendOtlp } from '../reports/export/push.ts';
import { goliveVersion, writeTextAtomic } from '../reports/record/io.ts';
import { runsFolder } from '../reports/record/paths.ts';
import { didYouMean } from '../specs/loader/suggest.ts';
import { recordedDecision, type Unreadable } from './recorded-decision.ts';
import { writeError, writeJson, writeOut, writeRaw } from './write.ts';

export interface ExportOptions {
  readonly root: string;
  readonly format?: string;
  /** An earlier run; default: the latest decision. */
  readonly run?: string;
  /** A file instead of stdout, replaced as a whole: a reader of the folder finds the old or the new one. */
  readonly out?: string;
  /** A Pushgateway, for openmetrics. */
  readonly push?: string;
  /** A receiver of OTLP over HTTP, for openmetrics. */
  readonly otlp?: string;
  readonly list?: boolean;
  readonly json?: boolean;
  readonly env?: NodeJS.ProcessEnv;
}

export async function exportDecision(options: ExportOptions): Promise<number> {
  if (options.list === true) return listFormats(options.json === true);
  const name = EXPORT_NAMES.find((one) => one === options.format);
  if (name === undefined) return unknownFormat(options.format);
  const way = options.push !== undefined ? '--push' : '--otlp';
  if ((options.push ?? options.otlp) !== undefined && name !== 'openmetrics') {
    writeError(`golive export: only openmetrics can be sent: golive export openmetrics ${way} URL\n`);
    return EXIT.usage;
  }
  return await write(name, options);
}

async function write(name: ExportName, options: ExportOptions): Promise<number> {
  const { root, run, out, push, otlp, env = process.env } = options;
  const graph = graphOf(root, run);
  if ('problem' in graph) {
    writeError(`golive export: ${graph.problem}\n`);
    return graph.code;
  }
  const refused = EXPORT_FORMATS[name].refuses?.(graph.graph) ?? null;
  if (refused !== null) {
    writeError(`golive export ${name}: ${refused}\n`);
    return EXIT.usage;
  }
  const text = rendered(name, graph, options);
  try {
    if (push !== undefined) await pushMetrics(push, text, groupLabels(graph.graph));
    if (otlp !== undefined) await sendOtlp(otlp, otlpMetrics(graph.graph), env['OTEL_EXPORTER_OTLP_HEADERS']);
    if (out !== undefined) writeTextAtomic(out, text);
    if ((push ?? otlp ?? out) === undefined) writeRaw(text);
  } catch (error) {
    writeError(`golive export ${name}: ${errorText(error)}\n`);
    return EXIT.broken;
  }
  return EXIT.GO;
}

interface Exportable {
  readonly graph: ResultGraph;
  readonly rehearsal: boolean;
}

function graphOf(root: string, run: string | undefined): Exportable | Unreadable {
  const recorded = recordedDecision(root, run);
  if ('problem' in recorded) return recorded;
  const { decision, plan, unsigned } = recorded;
  // What leaves the project is believed elsewhere, where nobody can ask the ledger.
  if (unsigned !== null) return { problem: `${unsigned}: golive doctor says what to do`, code: EXIT.broken };
  const graph = resultGraph(decision, plan, goliveVersion(), runFacts(runsFolder(root), decision));
  return { graph, rehearsal: plan?.environment.rehearsal === true };
}

function rendered(
  name: ExportName,
  { graph, rehearsal }: Exportable,
  { root, env = process.env }: ExportOptions,
): string {
  const format = EXPORT_FORMATS[name];
  const key = envelopeKey(root, rehearsal, env);
  if (format.signed && 'unsigned' in key) writeError(`golive export ${name}: it is not signed: ${key.unsigned}\n`);
  return format.write(graph, key);
}

function listFormats(json: boolean): number {
  const formats = EXPORT_NAMES.map((name) => {
    const { title, file, loses } = EXPORT_FORMATS[name];
    return { name, title, file, loses };
  });
  if (json) writeJson(formats);
  else {
    const told = formats.map(({ name, title, loses }) =>
      [`${name}: ${title}. It cannot carry:`, ...loses.map((one) => `  - ${one}`)].join('\n'),
    );
    writeOut(told.join('\n'));
  }
  return EXIT.GO;
}

function unknownFormat(format: string | undefined): number {
  const meant = format === undefined ? undefined : didYouMean(format, EXPORT_NAMES);
  const said = format === undefined ? 'name a format' : `there is no format ${format}`;
  const hint = meant === undefined ? '' : ` Did you mean ${meant}?`;
  writeError(`golive export: ${said}.${hint} There are: ${EXPORT_NAMES.join(', ')}\n`);
  return EXIT.usage;
}

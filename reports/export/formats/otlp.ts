/** The metrics of a decision as OTLP takes them: ExportMetricsServiceRequest of OpenTelemetry's protocol 1.x, in its JSON form. */
import { visibleText } from '../../../checks/contract/visible-text.ts';
import type { ResultGraph } from '../graph.ts';
import { groupLabels, metricFamilies, type Family, type Labels } from './metric-families.ts';

const UNITS = { seconds: 's' } as const;

/** The labels that all share describe the resource; what a receiver keeps of a resource is its own matter, so that points carry them, too. */
export function otlpMetrics(graph: ResultGraph): object {
  const common = groupLabels(graph);
  const { name, version } = graph.tool;
  const resource = {
    'service.name': name,
    'service.version': version,
    'deployment.environment.name': common['environment'] ?? '',
  };
  const at = `${Date.parse(graph.endedAt)}000000`;
  return {
    resourceMetrics: [
      {
        resource: { attributes: attributesOf(resource) },
        scopeMetrics: [
          { scope: { name, version }, metrics: metricFamilies(graph).map((family) => metricOf(family, common, at)) },
        ],
      },
    ],
  };
}

function metricOf({ name, help, unit, samples }: Family, common: Labels, timeUnixNano: string): object {
  const dataPoints = samples.map(({ labels, value }) => ({
    attributes: attributesOf({ ...common, ...labels }),
    timeUnixNano,
    asDouble: Number.isFinite(value) ? value : wordOf(value),
  }));
  return { name, description: help, ...(unit === undefined ? {} : { unit: UNITS[unit] }), gauge: { dataPoints } };
}

/** As protobuf writes in JSON what JSON has no number for. */
const wordOf = (value: number): string => (Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity');

const attributesOf = (labels: Labels): readonly object[] =>
  Object.entries(labels).map(([key, text]) => ({ key, value: { stringValue: visibleText(text) } }));

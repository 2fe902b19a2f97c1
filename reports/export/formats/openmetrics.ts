/** OpenMetrics 1.0. Every sample is a gauge, so that the same text is valid in Prometheus' older format (text files, Pushgateway). */
import { visibleText } from '../../../checks/contract/visible-text.ts';
import type { ResultGraph } from '../graph.ts';
import { groupLabels, metricFamilies, type Family, type Labels, type Sample } from './metric-families.ts';

const escape = (text: string): string =>
  visibleText(text).replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
}

/** A family in one piece: they may not be interleaved. */
function linesOf({ name, help, unit, samples }: Family, common: Labels): string[] {
  const line = ({ labels, value }: Sample): string => {
    const written = Object.entries({ ...common, ...labels }).map(([key, text]) => `${key}="${escape(text)}"`);
    return `${name}{${written.join(',')}} ${numberText(value)}`;
  };
  return [
    `# TYPE ${name} gauge`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${escape(help)}`,
    ...samples.map(line),
  ];
}

/** The whole text. */
export function openMetrics(graph: ResultGraph): string {
  const common = groupLabels(graph);
  const lines = metricFamilies(graph).flatMap((family) => linesOf(family, common));
  return `${lines.join('\n')}\n# EOF\n`;
}

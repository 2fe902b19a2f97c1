/** What pods cost an hour by a price file: what they ask for is kept free for them, used or not. */
import { load } from 'js-yaml';
import { containersOf } from '../../../k8s/semantics/pod-security.ts';
import { parseQuantity, quantityToNumber } from '../../../k8s/semantics/quantity.ts';
import type { KubeObject } from '../../contract/cluster.ts';
import { at, textAt } from '../../contract/json.ts';
import { nameList } from '../../kit/evidence.ts';
import { ObservationError } from '../../kit/kind.ts';

export interface HourlyCost {
  /** Null where it is not known. */
  readonly perHour: number | null;
  readonly currency: string;
  readonly pods: number;
  readonly doubt?: { readonly reason: 'no-subjects' | 'unknown-value' | 'too-few-samples'; readonly why: string };
}

const GIB = 1024 ** 3;

/** @throws ObservationError `misconfigured` when the file has no prices */
export function costByPrices(text: string, pods: readonly KubeObject[]): HourlyCost {
  const file = load(text);
  const [cpu, memory, currency] = [
    at(file, 'perHour', 'cpu'),
    at(file, 'perHour', 'memory'),
    textAt(file, '', 'currency'),
  ];
  if (!isPrice(cpu) || !isPrice(memory) || currency === '')
    throw new ObservationError('misconfigured', 'The price file lacks currency, perHour.cpu or perHour.memory.', {
      fix: 'Write them, in the prices of your provider.',
    });
  const running = pods.filter((pod) => !['Succeeded', 'Failed'].includes(textAt(pod, '', 'status', 'phase')));
  const base = { currency, pods: running.length };
  if (running.length === 0) return { ...base, perHour: null, doubt: { reason: 'no-subjects', why: 'has no pod.' } };
  const silent = running.filter((pod) => requestsOf(pod) === null).map(({ metadata }) => metadata.name);
  if (silent.length > 0)
    return {
      ...base,
      perHour: null,
      doubt: {
        reason: 'unknown-value',
        why: `${nameList(silent)} ask for no CPU or no memory: what they cost is not known.`,
      },
    };
  const costs = running.map((pod) => {
    const asked = requestsOf(pod);
    return asked ? asked.cpu * cpu + (asked.memory / GIB) * memory : 0;
  });
  return { ...base, perHour: costs.reduce((sum, one) => sum + one, 0) };
}

const isPrice = (value: unknown): value is number => typeof value === 'number' && value > 0;

/** Of all ordinary containers and sidecars, or of the largest init container, as the scheduler counts; null where one names none. */
function requestsOf(pod: KubeObject): { readonly cpu: number; readonly memory: number } | null {
  const containers = containersOf(at(pod, 'spec'));
  const sum = (resource: 'cpu' | 'memory'): number => {
    const stays = containers.filter(
      ({ list, fields }) => list === 'containers' || fields['restartPolicy'] === 'Always',
    );
    const first = containers.filter((one) => one.list === 'initContainers' && !stays.includes(one));
    const of = ({ fields }: (typeof containers)[number]): number =>
      amountOf(at(fields, 'resources', 'requests', resource));
    const together = stays.reduce((total, one) => total + of(one), 0);
    return Math.max(together, ...first.map(of).filter((one) => !Number.isNaN(one)));
  };
  const [cpu, memory] = [sum('cpu'), sum('memory')];
  return Number.isNaN(cpu) || Number.isNaN(memory) ? null : { cpu, memory };
}

function amountOf(value: unknown): number {
  return typeof value === 'string' || typeof value === 'number' ? quantityToNumber(parseQuantity(value)) : Number.NaN;
}

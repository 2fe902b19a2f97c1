/** Whether a ResourceQuota or a LimitRange keeps pods from taking what their neighbours need. Pure. */
import { parseQuantity } from './quantity.ts';
import { at, shape, shapes, text, texts } from './shape.ts';

/** What no cluster has: a limit at it or above is none. */
const CPU_OR_MEMORY = { cpu: parseQuantity('1M').nanos, memory: parseQuantity('1Ei').nanos };
const PODS = parseQuantity('1M').nanos;

/** Scopes that ordinary pods are in; with any other a quota counts only some pods. */
const ORDINARY: readonly unknown[] = ['NotTerminating', 'NotBestEffort'];

/** A quota of CPU, memory or the number of pods, for all ordinary pods: one of ConfigMaps limits none of them. */
export function quotaLimitsPods(spec: unknown): boolean {
  const selected = shapes(at(spec, 'scopeSelector.matchExpressions')).map(({ scopeName }) => scopeName);
  return (
    [...texts(at(spec, 'scopes')), ...selected].every((scope) => ORDINARY.includes(scope)) && limits(at(spec, 'hard'))
  );
}

/** A range with a default or a maximum for containers; a maximum for whole pods is one, too. */
export function rangeLimitsContainers(spec: unknown): boolean {
  return shapes(at(spec, 'limits')).some((limit) => {
    const type = text(limit['type']);
    if (type === 'Container') return limits(limit['default']) || limits(limit['max']);
    return type === 'Pod' && limits(limit['max']);
  });
}

function limits(amounts: unknown): boolean {
  return Object.entries(shape(amounts)).some(([name, amount]) => {
    const [, what] = /^(?:requests\.|limits\.)?(cpu|memory)$/.exec(name) ?? [];
    const most = what === 'cpu' || what === 'memory' ? CPU_OR_MEMORY[what] : PODS;
    return (what !== undefined || /^(?:count\/)?pods$/.test(name)) && parseQuantity(amount).nanos < most;
  });
}

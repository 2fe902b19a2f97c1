/** Objects that advance and go back together: one weight for all of them. */
import { errorText } from '../../checks/contract/text.ts';
import { mostOf, type SplitState } from '../../checks/protocols/traffic/system.ts';
import type { RouteClient } from './client.ts';

/**
 * Forward, the first that cannot be moved stops the rest: the cutover then goes back. Back, each is tried whatever became of the others.
 * The first is the one that answers are counted of.
 */
export function groupClient(first: RouteClient, others: readonly RouteClient[]): RouteClient {
  if (others.length === 0) return first;
  const all = [first, ...others];
  return {
    read: async (signal) => stateOf(await Promise.all(all.map((one) => one.read(signal)))),
    async set(canary, signal) {
      if (canary > 0) {
        const states: SplitState[] = [];
        for (const one of all) states.push(await one.set(canary, signal));
        return stateOf(states);
      }
      const tried = await Promise.allSettled(all.map((one) => one.set(canary, signal)));
      const failed = tried.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
      if (failed.length === 1) throw failed[0];
      if (failed.length > 1) throw new AggregateError(failed, failed.map(errorText).join('; '));
      return stateOf(tried.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
    },
  };
}

function stateOf(states: readonly SplitState[]): SplitState {
  const [first] = states;
  if (!first) throw new RangeError('a group has at least one object');
  const splits = states.flatMap((one) => one.splits);
  const refused = states.find(({ accepted }) => !accepted);
  return {
    weights: mostOf(splits),
    splits,
    generation: first.generation,
    resourceVersion: states.map((one) => one.resourceVersion).join(','),
    accepted: refused === undefined,
    why: refused?.why ?? null,
    lastManager: states.find((one) => one.lastManager !== null)?.lastManager ?? null,
  };
}

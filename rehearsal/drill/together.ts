/**
 * Faults that may be injected at the same time: none changes what another one changes or may change. Each still has to turn its own
 * items red for its own reasons, and what none of them names is looked at once for all of them, which is most of what a drill costs.
 * Pure.
 */
import { settleOf, type BoundFault } from './bound.ts';
import type { FaultResult } from './compare.ts';

/** More at once would leave little that none of them may change. */
const MOST = 4;
/** Levers that act on any object: two faults may pull them at once, on different objects. */
const SHARED_PARTS: ReadonlySet<string> = new Set(['objects']);
/** A part that is stopped: what takes another fault back may need it. */
const STOPS = /\.kill$/;

/**
 * The faults in groups, each in the place of its first one. `fits` says which faults may share at all: one that takes its items through
 * load or a cutover stays alone.
 */
export function groupsOf(
  faults: readonly BoundFault[],
  fits: (fault: BoundFault) => boolean,
): readonly (readonly BoundFault[])[] {
  const groups: BoundFault[][] = [];
  const mayShare = (fault: BoundFault): boolean => fits(fault) && !fault.inject.some(({ lever }) => STOPS.test(lever));
  for (const fault of faults) {
    const group = mayShare(fault)
      ? groups.find((one) => one.length < MOST && one.every((other) => mayShare(other) && areApart(fault, other)))
      : undefined;
    if (group) group.push(fault);
    else groups.push([fault]);
  }
  return groups;
}

/** Several faults as one: what each of them expects is expected, what one of them may change may change. */
export function merged(faults: readonly [BoundFault, ...BoundFault[]]): BoundFault {
  const [first] = faults;
  return {
    ...first,
    name: faults.map(({ name }) => name).join(' + '),
    title: faults.map(({ title }) => title).join(' '),
    inject: [...first.inject, ...faults.slice(1).flatMap(({ inject }) => inject)],
    changes: [...first.changes, ...faults.slice(1).flatMap(({ changes }) => changes)],
    mayChange: Object.assign({}, ...faults.map(({ mayChange }) => mayChange)) as BoundFault['mayChange'],
    settleMs: Math.max(...faults.map(settleOf)),
  };
}

/** What a green result of the merged faults says of each of them; each took its share of the time. */
export function apart(result: FaultResult, faults: readonly BoundFault[]): readonly FaultResult[] {
  return faults.map(({ name, title, changes }) => {
    const own = new Set(changes.map(({ item }) => item));
    return {
      ...result,
      fault: name,
      title,
      changes: result.changes.filter(({ item }) => own.has(item)),
      durationMs: result.durationMs / faults.length,
    };
  });
}

function areApart(one: BoundFault, other: BoundFault): boolean {
  const parts = partsOf(other);
  return (
    [...partsOf(one)].every((part) => SHARED_PARTS.has(part) || !parts.has(part)) &&
    leavesAlone(one, other) &&
    leavesAlone(other, one)
  );
}

/** Whether `one` does not touch what `other` has to turn red. */
function leavesAlone(one: BoundFault, other: BoundFault): boolean {
  const touched = new Set([...one.changes.map(({ item }) => item), ...Object.keys(one.mayChange)]);
  return other.changes.every(({ item }) => !touched.has(item));
}

/** The parts of the platform whose levers a fault pulls: the `redis` of `redis.kill`. */
function partsOf({ inject }: BoundFault): ReadonlySet<string> {
  return new Set(inject.map(({ lever }) => lever.split('.')[0] ?? lever));
}

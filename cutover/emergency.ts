/**
 * The decision tree of an emergency, armed while traffic moves: one look that is above a branch's bound is enough, no breach has to last.
 * A branch says that traffic goes back, that it stays where it is and somebody looks into it, or that its contact decides.
 */
import type { TreeBranch } from '../checks/contract/notify.ts';
import { formatMs } from '../checks/contract/units.ts';
import { valueText } from '../checks/protocols/prometheus.ts';
import type { CutoverRun } from './begin.ts';
import type { Ramp } from './guards.ts';
import { RollbackRequested } from './rollback-requested.ts';
import type { TreeReading, TreeWatch } from './tree-watch.ts';

/** An answer that is older says nothing of now. */
const STALE_MS = 15_000;
const LOOK_MS = 100;
/** Who holds traffic then, as the log tells it. */
const TREE = 'the decision tree';

export interface Emergency {
  /** Takes the branches that are in breach now. Throws RollbackRequested where one of them takes traffic back. */
  look(weight: number): void;
  /** Branches of which nobody knows anything, each with why: no step ends meanwhile. */
  unknown(): readonly string[];
}

export function emergency(
  { journal, settings }: Pick<CutoverRun, 'journal'> & { readonly settings: Pick<CutoverRun['settings'], 'tree'> },
  watch: Pick<TreeWatch, 'seen'>,
): Emergency {
  const branches = settings.tree?.branches ?? [];
  /** Taken already: a person who lets traffic go on knows of it, until it has been good again. */
  const taken = new Set<string>();
  const fresh = (name: string): TreeReading | undefined =>
    watch.seen().find(({ branch, at }) => branch === name && journal.now() - at <= STALE_MS);
  return {
    look(weight) {
      // The one that goes furthest first: after it there is nothing to hold.
      for (const branch of branches.toSorted((a, b) => reachOf(a) - reachOf(b))) {
        const value = fresh(branch.name)?.value ?? null;
        if (value === null) continue;
        if (value <= branch.above) taken.delete(branch.name);
        else if (!taken.has(branch.name)) {
          taken.add(branch.name);
          take(branch, value, weight, journal);
        }
      }
    },
    unknown: () =>
      branches.flatMap(({ name }) => {
        const reading = fresh(name);
        if (reading && reading.value !== null) return [];
        return [`${name} (${reading?.why ?? `no answer for ${formatMs(STALE_MS)}`})`];
      }),
  };
}

const reachOf = ({ action }: TreeBranch): number => ['rollback', 'stop', 'escalate'].indexOf(action);

function take(branch: TreeBranch, value: number, weight: number, journal: CutoverRun['journal']): void {
  const { name, above, action, contact } = branch;
  const why = `${name} is ${valueText(value)}, above ${above}`;
  if (action === 'rollback')
    throw new RollbackRequested({
      code: 'emergency',
      text: `The decision tree takes traffic back at ${weight} %: ${why}.`,
      facts: { branch: name, value, above, atWeight: weight },
    });
  const told = { branch: name, value, above, weight, ...(contact === undefined ? {} : { contact }) };
  journal.tell({ event: 'emergency', action, ...told });
  if (action === 'stop')
    journal.tell({ event: 'held', request: `tree: ${name}`, by: TREE, reason: `${why}: look into it`, weight });
}

/** Runs beside the ramp. Throws RollbackRequested. */
export async function watchEmergency(ramp: Ramp, armed: Emergency): Promise<never> {
  for (;;) {
    armed.look(ramp.weight());
    await ramp.pause(LOOK_MS);
  }
}

/** Whether the process of a cutover still lives, as its Lease tells a machine that cannot see the process. */
import type { KubeObject } from '../checks/contract/cluster.ts';
import { at, textAt } from '../checks/contract/json.ts';
import type { Clock } from './clock.ts';
import { LEASE_SECONDS } from './guards.ts';

const LOOK_MS = 1000;

/** `given-back`: it is free, or gone. `heldBy`: another one's. */
export type Holding = 'expired' | 'renewed' | 'given-back' | { readonly heldBy: string };

export interface HoldingWatch {
  /** Of the run that is asked about. */
  readonly holder: string;
  readonly read: () => Promise<KubeObject | null>;
  readonly clock: Pick<Clock, 'now' | 'wait'>;
}

/** Looks for as long as the Lease lasts: only a change of the record counts, as the clocks of other machines may be wrong. */
export async function watchHolding({ holder, read, clock }: HoldingWatch): Promise<Holding> {
  const first = await read();
  const heldBy = textAt(first, '', 'spec', 'holderIdentity');
  if (heldBy === '') return 'given-back';
  if (heldBy !== holder) return { heldBy };
  const seconds = at(first, 'spec', 'leaseDurationSeconds');
  const lastsMs = (typeof seconds === 'number' ? seconds : LEASE_SECONDS) * 1000;
  for (const from = clock.now(); clock.now() - from < lastsMs;) {
    await clock.wait(LOOK_MS);
    if (recordOf(await read()) !== recordOf(first)) return 'renewed';
  }
  return 'expired';
}

const recordOf = (lease: KubeObject | null): string => JSON.stringify(at(lease, 'spec') ?? null);

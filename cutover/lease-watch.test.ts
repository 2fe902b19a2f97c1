import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../checks/contract/cluster.ts';
import { watchHolding, type Holding } from './lease-watch.ts';

function lease(holderIdentity: string, renewTime: string): KubeObject {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'golive-cutover', namespace: 'shop' },
    spec: { holderIdentity, leaseDurationSeconds: 15, renewTime },
  };
}

/** What is read at each second of the watch. */
async function watched(at: (second: number) => KubeObject | null): Promise<{ holding: Holding; seconds: number }> {
  let ms = 0;
  const clock = {
    now: () => ms,
    wait: (forMs: number) => {
      ms += forMs;
      return Promise.resolve();
    },
  };
  const holding = await watchHolding({ holder: 'ci-1-aa', read: () => Promise.resolve(at(ms / 1000)), clock });
  return { holding, seconds: ms / 1000 };
}

const OLD = '2026-01-15T12:00:00.000000Z';

describe('the Lease of a cutover whose process nobody sees', () => {
  it('has expired when nothing in it changed for as long as it lasts, whatever time stands in it', async () => {
    expect(await watched(() => lease('ci-1-aa', OLD))).toEqual({ holding: 'expired', seconds: 15 });
    expect((await watched(() => lease('ci-1-aa', '2099-01-01T00:00:00.000000Z'))).holding).toBe('expired');
  });

  it('is renewed when it changed, also late', async () => {
    const late = (second: number): KubeObject => lease('ci-1-aa', second < 14 ? OLD : '2026-01-15T12:00:14.000000Z');
    expect((await watched(late)).holding).toBe('renewed');
  });

  it('is given back when it is free or gone, and is none of ours when another holds it', async () => {
    expect((await watched(() => null)).holding).toBe('given-back');
    expect((await watched(() => lease('', OLD))).holding).toBe('given-back');
    expect((await watched(() => lease('other', OLD))).holding).toEqual({ heldBy: 'other' });
  });

  it('is renewed when another takes it over meanwhile', async () => {
    const taken = (second: number): KubeObject => lease(second < 5 ? 'ci-1-aa' : 'other', OLD);
    expect((await watched(taken)).holding).toBe('renewed');
  });
});

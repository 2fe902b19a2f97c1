import { describe, expect, it } from 'vitest';
import type { Waiver } from '../../checks/contract/people.ts';
import { itemOf, planOf, waiverOf } from './testing/inputs.ts';
import { endsUnderWay } from './under-way.ts';

const NOW = new Date('2027-03-01T12:00:00Z');
const step = (id: string) =>
  itemOf(id, { phase: 'phase4', kind: 'cutover/step', params: { weight: 100, watch: '10m', proveWithin: '2m' } });
const weights = itemOf('W', { phase: 'phase4', kind: 'cutover/weights', params: { rollbackWithin: '3m' } });
/** Two steps of 12 minutes, and twice the rollback: 30 minutes. */
const plan = planOf([itemOf('A'), weights, step('S1'), step('S2')]);
const until = (expires: string): Waiver => ({ ...waiverOf('A'), expires });
const asked = (waivers: readonly Waiver[], of = plan, phase = 'phase4') =>
  endsUnderWay({ plan: of, phase, now: NOW }, { waivers, attestations: [] }, (said) => ({
    met: said.waivers.length > 0,
  }));

describe('a waiver that a cutover rests on', () => {
  it('may not end before the cutover could', () => {
    expect(asked([until('2027-03-01T12:29:59Z')])).toEqual({
      met: false,
      why: expect.stringMatching(
        /may last until 2027-03-01T12:30:00.000Z.* ends before: waiver .* \(until 2027-03-01T12:29:59Z\)/,
      ) as string,
    });
  });
  it('may end right behind it', () => {
    expect(asked([until('2027-03-01T12:30:01Z')])).toBeNull();
  });
  it('is not needed where another one lasts', () => {
    expect(asked([until('2027-03-01T12:10:00Z'), until('2027-04-01T12:00:00Z')])).toBeNull();
  });
  it('is held against nothing where no traffic moves', () => {
    expect(asked([until('2027-03-01T12:10:00Z')], plan, 'phase2')).toBeNull();
    expect(asked([until('2027-03-01T12:10:00Z')], planOf([itemOf('A')]))).toBeNull();
  });
});

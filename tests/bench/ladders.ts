/** How often the triggers of the cutover take traffic back without reason, and how often with one: 1,000 ramps of 55 minutes each. */
import { ladders, type Changes } from '../../cutover/testing/ladders.ts';
import type { Benchmark, Figure } from './measure.ts';

const COUNT = 1000;
const LONGEST_S = 120;
const share = (count: number): number => (100 * count) / COUNT;

export const ladderTriggers: Benchmark = () => {
  const began = process.cpuUsage();
  const still = (name: string, changes: Changes): Figure => {
    const { back, by } = ladders(COUNT, changes);
    const detail = `${back} of ${COUNT}${[...by].map(([item, count]) => `, ${item} ${count}`).join('')}`;
    return { name: `ladders without a change that go back${name}`, value: share(back), unit: '%', target: 1, detail };
  };
  const changed = (name: string, changes: Changes): Figure => {
    const { back, beforeAll } = ladders(COUNT, changes);
    const detail = `${beforeAll} of ${COUNT} go back before 100 %, ${back} at all`;
    return {
      name: `ladders with ${name} that climb to 100 %`,
      value: share(COUNT - beforeAll),
      unit: '%',
      target: 5,
      detail,
    };
  };
  const figures = [
    still('', {}),
    still(', habits moving by 8 %', { drift: 0.08 }),
    changed('a fifth fewer orders', { orders: 0.8 }),
    changed('a rating lower by 2 σ', { rating: 2 }),
  ];
  const { user, system } = process.cpuUsage(began);
  const seconds = (user + system) / 1e6;
  return Promise.resolve([
    ...figures,
    { name: 'CPU time of these ladders', value: seconds, unit: 's', target: LONGEST_S, detail: `${COUNT * 4} ladders` },
  ]);
};

/** From `npx playwright test` to the first line a person sees, over a bare Playwright run. */
import { GateProject } from '../harness/gate-project.ts';
import { bareProject } from './bare-playwright.ts';
import { pairedRatio, timeNode } from './measure.ts';
import type { Benchmark } from './measure.ts';

export const firstOutput: Benchmark = async () => {
  const gate = await GateProject.make([{ phase: 'phase1', items: [{ id: 'P1-ONE-001' }] }]);
  const bare = bareProject("test('one', () => { expect(1 + 1).toBe(2); });", 2, ['list']);
  try {
    const { ratio, a, b } = await pairedRatio(
      7,
      async () => (await timeNode(gate.command([]), gate.root, gate.env())).firstByte,
      async () => (await bare.run()).firstByte,
    );
    return [
      {
        name: 'first output over a bare Playwright run',
        value: ratio,
        unit: '×',
        target: 1.5,
        detail: `${a.toFixed(2)} s / ${b.toFixed(2)} s`,
      },
    ];
  } finally {
    bare.remove();
    await gate.remove();
  }
};

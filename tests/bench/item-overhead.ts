/** What an item costs over the same request in a bare Playwright test, with the same reports, at 100 and 1,000 items. */
import { GateProject } from '../harness/gate-project.ts';
import { bareProject } from './bare-playwright.ts';
import { pairedRatio, timeNode } from './measure.ts';
import type { Benchmark, Figure } from './measure.ts';

const REPORTERS = ['list', 'html', 'junit', 'allure-playwright'];

export const itemOverhead: Benchmark = async () => [await overheadAt(100, 5), await overheadAt(1000, 3)];

async function overheadAt(count: number, rounds: number): Promise<Figure> {
  const ids = Array.from({ length: count }, (_, index) => `P1-ONE-${String(index).padStart(3, '0')}`);
  const gate = await GateProject.make([{ phase: 'phase1', items: ids.map((id) => ({ id })) }]);
  const bare = bareProject(
    `for (const id of ${JSON.stringify(ids)}) test(id, async () => {
      const response = await fetch('${gate.url}/ok');
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({ status: 'ok' });
    });`,
    2,
    REPORTERS,
  );
  try {
    const { ratio, a, b } = await pairedRatio(
      rounds,
      async () => (await timeNode(gate.command([]), gate.root, gate.env())).wall,
      async () => (await bare.run()).wall,
    );
    return {
      name: `${count} trivial items over a bare Playwright loop`,
      value: ratio,
      unit: '×',
      target: 1.15,
      detail: `${a.toFixed(2)} s / ${b.toFixed(2)} s`,
    };
  } finally {
    bare.remove();
    await gate.remove();
  }
}

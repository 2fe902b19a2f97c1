/** Whatever happened: losing a record or making one worse never makes the decision better. Seeded, so that a failure can be repeated. */
import { expect, it } from 'vitest';
import type { DecisionName } from '../../checks/contract/decision.ts';
import type { OutcomeName, OutcomeRecord } from '../../checks/contract/outcome.ts';
import type { PhaseId, Plan, PlannedItem } from '../../checks/contract/plan.ts';
import { decide } from './decide.ts';
import { ledgerUsed } from './gather.ts';
import type { DecisionInput, LedgerPhase } from './input.ts';
import { badness } from './order.ts';
import { enforced, inputOf, itemOf, ledgerPhaseOf, planOf, recordOf } from './testing/inputs.ts';

const RANK: Readonly<Record<DecisionName, number>> = { GO: 0, HOLD: 1, 'NO-GO': 2 };
const OUTCOMES: readonly OutcomeName[] = [
  'pass',
  'pass',
  'pass',
  'pass',
  'pass',
  'fail',
  'error',
  'inconclusive',
  'pending',
  'not-run',
];
/** Generous, since other work may share the machine. */
const TIMEOUT_MS = 60_000;
const PHASES: readonly PhaseId[] = ['phase1', 'phase2', 'final'];

/** Mulberry32. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function randomRun(seed: number): DecisionInput {
  const next = random(seed);
  const pick = <T>(of: readonly [T, ...T[]] | readonly T[]): T => of[Math.floor(next() * of.length)] as T;
  const items = Array.from({ length: 1 + Math.floor(next() * 7) }, (_, index): PlannedItem => {
    const phase = pick(PHASES);
    const severity = pick(['critical', 'major', 'minor'] as const);
    return itemOf(`I${index}`, {
      phase,
      severity,
      kind: next() < 0.05 ? 'planned' : 'cluster/version',
      allowNotApplicable: next() < 0.3,
    });
  });
  const free = planOf(items);
  const plan = next() < 0.3 ? enforced(free) : free;
  const good = next() < 0.5;
  const built = plan.items.filter(({ kind }) => kind !== 'planned');
  const record = (item: PlannedItem): OutcomeRecord => recordOf(plan, item.id, good ? 'pass' : pick(OUTCOMES));
  const selectedPhases = next() < 0.4 ? [pick(plan.phases).id] : null;
  const mine = built.filter(({ phase }) => selectedPhases?.includes(phase) ?? true);
  const ledger = plan.phases.map(({ id }) =>
    ledgerPhaseOf(
      plan,
      id,
      built.filter(({ phase }) => phase === id).map((item) => recordOf(plan, item.id)),
    ),
  );
  return inputOf(plan, {
    outcomes: mine.map(record),
    selectedPhases,
    ledger,
    endedBy: next() < 0.1 ? 'crashed' : 'finished',
  });
}

function answers(input: DecisionInput): Record<'whole' | 'bare' | 'readiness' | 'selected', number> {
  const { decision, decisionWithoutWaivers, readiness, selected } = decide(input);
  return {
    whole: RANK[decision],
    bare: RANK[decisionWithoutWaivers],
    readiness: RANK[readiness],
    selected: RANK[selected.decision],
  };
}

function isMinor(plan: Plan, id: string): boolean {
  return plan.items.some((item) => item.id === id && item.severity === 'minor');
}

const SEEDS = Array.from({ length: 120 }, (_, seed) => seed);

it(
  'the runs of this test are of all kinds',
  () => {
    const seen = new Set(SEEDS.map((seed) => answers(randomRun(seed)).whole));
    expect([...seen].sort()).toEqual([0, 1, 2]);
  },
  TIMEOUT_MS,
);

it(
  'a lost record never turns anything into GO, and a lost blocking one never leaves GO',
  () => {
    for (const seed of SEEDS) {
      const input = randomRun(seed);
      const full = answers(input);
      for (const lost of input.outcomes) {
        const less = answers({ ...input, outcomes: input.outcomes.filter((record) => record !== lost) });
        const where = `seed ${seed} without ${lost.item}`;
        for (const of of ['whole', 'bare', 'readiness', 'selected'] as const) {
          if (full[of] !== RANK.GO) expect(less[of], `${where}: ${of}`).not.toBe(RANK.GO);
          // The record of a fail is the only one whose loss can soften an answer, and only to HOLD.
          if (lost.outcome !== 'fail') expect(less[of], `${where}: ${of}`).toBeGreaterThanOrEqual(full[of]);
        }
        if (!isMinor(input.plan, lost.item)) expect(less.whole, where).not.toBe(RANK.GO);
      }
    }
  },
  TIMEOUT_MS,
);

it(
  'a worse record never gives a better answer',
  () => {
    for (const seed of SEEDS) {
      const input = randomRun(seed);
      const full = answers(input);
      for (const record of input.outcomes) {
        for (const outcome of OUTCOMES.filter((one) => badness(one) > badness(record.outcome))) {
          const worse = { ...record, outcome };
          const outcomes = input.outcomes.map((one) => (one === record ? worse : one));
          for (const changed of [outcomes, [...input.outcomes, { ...worse, attempt: 2 }]]) {
            const after = answers({ ...input, outcomes: changed });
            for (const of of ['whole', 'bare', 'readiness', 'selected'] as const) {
              expect(after[of], `seed ${seed}, ${record.item} ${outcome}: ${of}`).toBeGreaterThanOrEqual(full[of]);
            }
          }
        }
      }
    }
  },
  TIMEOUT_MS,
);

it(
  'a better retry never gives a better answer',
  () => {
    for (const seed of SEEDS) {
      const input = randomRun(seed);
      const retried = input.outcomes.map((record) => ({ ...record, outcome: 'pass' as const, attempt: 2 }));
      expect(answers({ ...input, outcomes: [...input.outcomes, ...retried] }), `seed ${seed}`).toEqual(answers(input));
    }
  },
  TIMEOUT_MS,
);

it(
  'the entries of the ledger that a decision rests on make the same decision as all of them',
  () => {
    for (const seed of SEEDS) {
      const input = randomRun(seed);
      const next = random(seed + 1000);
      const earlier = Array.from({ length: 40 }, (_, index): LedgerPhase => {
        const phase = PHASES[Math.floor(next() * PHASES.length)] ?? 'phase1';
        const records = input.outcomes.filter((record) => record.phase === phase);
        return ledgerPhaseOf(input.plan, phase, records, {
          runId: next() < 0.05 ? input.runHeader.runId : `run-${index}`,
          decidedAt: new Date(Date.UTC(2027, 1, 28, Math.floor(next() * 24))).toISOString(),
          planDigest: next() < 0.3 ? 'sha256:other' : input.plan.digest,
          decision: next() < 0.2 ? null : next() < 0.2 ? 'NO-GO' : 'GO',
        });
      });
      const all = { ...input, ledger: [...(next() < 0.5 ? input.ledger : []), ...earlier] };
      const used = ledgerUsed(all);
      expect(used.length, `seed ${seed}`).toBeLessThanOrEqual(PHASES.length);
      expect(decide({ ...all, ledger: used }), `seed ${seed}`).toEqual(decide(all));
    }
  },
  TIMEOUT_MS,
);

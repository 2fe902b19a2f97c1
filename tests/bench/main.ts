/**
 * Benchmarks: ratios against a baseline of the same run, because machines differ and are noisy; absolute times only where a
 * ratio makes no sense. `npm run bench` runs all but the long ones, `npm run bench -- NAME …` some.
 */
import { sayError, sayOut } from '../../gate/say.ts';
import { cli } from './cli.ts';
import { cluster } from './cluster.ts';
import { firstOutput } from './first-output.ts';
import { idle } from './idle.ts';
import { itemOverhead } from './item-overhead.ts';
import { kills } from './kills.ts';
import { ladderTriggers } from './ladders.ts';
import { ledger } from './ledger.ts';
import { load } from './load.ts';
import { pods } from './pods.ts';
import { reach } from './reach.ts';
import { scan } from './scan.ts';
import { shippedYaml } from './shipped-yaml.ts';
import { soak } from './soak.ts';
import { specOverhead } from './spec-overhead.ts';
import { rollback } from './rollback.ts';
import { rehearsalReady } from './rehearsal-ready.ts';
import { weeks } from './weeks.ts';
import { wholeGate } from './whole-gate.ts';
import type { Benchmark } from './measure.ts';

const benchmarks: Readonly<Record<string, Benchmark>> = {
  cli,
  'first-output': firstOutput,
  'item-overhead': itemOverhead,
  'spec-overhead': specOverhead,
  ladders: ladderTriggers,
  ledger,
  load,
  pods,
  cluster,
  scan,
  reach,
  'rehearsal-ready': rehearsalReady,
  'whole-gate': wholeGate,
  idle,
  soak,
  rollback,
  kills,
  'shipped-yaml': shippedYaml,
  weeks,
};
/** Run only when named: they take minutes, or the network. */
const LONG: readonly string[] = ['idle', 'ladders', 'soak', 'rollback', 'kills', 'shipped-yaml', 'weeks'];

const names = process.argv.slice(2);
const unknown = names.filter((name) => !(name in benchmarks));
if (unknown.length > 0) {
  sayError(`No benchmark is named ${unknown.join(', ')}. There are: ${Object.keys(benchmarks).join(', ')}.`);
  process.exit(64);
}
let missed = 0;
for (const [name, benchmark] of Object.entries(benchmarks)) {
  if (names.length > 0 ? !names.includes(name) : LONG.includes(name)) continue;
  for (const figure of await benchmark()) {
    const { name: what, value, unit, target, detail } = figure;
    // Also a figure that is no number has missed its target.
    const met = target === null || value <= target;
    if (!met) missed += 1;
    const mark = target === null ? '    ' : met ? 'ok  ' : 'OVER';
    const against = target === null ? '(no target)' : `(target ≤ ${target})`;
    sayOut(
      `${mark}  ${what.padEnd(62)} ${value.toFixed(unit === 'ms' || unit === 'MiB' ? 0 : 2).padStart(6)} ${unit} ${against}  ${detail}`,
    );
  }
}
process.exitCode = missed > 0 ? 1 : 0;

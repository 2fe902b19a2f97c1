/**
 * Benchmarks: ratios against a baseline of the same run, because machines differ and are noisy; absolute times only where a
 * ratio makes no sense. `npm run bench` runs all but the soak, which takes three minutes, `npm run bench -- NAME …` some.
 */
import { sayError, sayOut } from '../gate/say.ts';
import { firstOutput } from '../gate/bench/first-output.ts';
import { itemOverhead } from '../gate/bench/item-overhead.ts';
import { load } from '../gate/bench/load.ts';
import { soak } from '../gate/bench/soak.ts';
import { rehearsalReady } from '../gate/bench/rehearsal-ready.ts';
import { wholeGate } from '../gate/bench/whole-gate.ts';
import type { Benchmark } from '../gate/bench/measure.ts';

const benchmarks: Readonly<Record<string, Benchmark>> = {
  'first-output': firstOutput,
  'item-overhead': itemOverhead,
  load,
  'rehearsal-ready': rehearsalReady,
  'whole-gate': wholeGate,
  soak,
};
/** Run only when named. */
const LONG: readonly string[] = ['soak'];

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
    const met = figure.value <= figure.target;
    if (!met) missed += 1;
    sayOut(
      `${met ? 'ok  ' : 'OVER'}  ${figure.name.padEnd(62)} ${figure.value.toFixed(2).padStart(6)} ${figure.unit} (target ≤ ${figure.target})  ${figure.detail}`,
    );
  }
}
process.exitCode = missed > 0 ? 1 : 0;

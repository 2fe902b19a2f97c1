/** Looking at one item, by a real run: what it does not judge stands as it stood, and what nobody signed stands for nothing. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { gateProjects, outcomesOf, summary } from '../harness/gate-projects.ts';
import { RecordedLedgers } from '../harness/recorded-ledger.ts';

const make = gateProjects();
let ledgers: RecordedLedgers;
beforeEach(() => (ledgers = new RecordedLedgers()));
afterEach(() => ledgers.close());

/** A project that has been GO as a whole, run by run; the environment signs. */
async function good() {
  const project = await make();
  project.write('specs/small/allowed_signers', ledgers.allowing());
  const env = { GOLIVE_LEDGER_KEY: ledgers.key(), XDG_STATE_HOME: process.env['XDG_STATE_HOME'] ?? '' };
  const whole = await project.run([], env);
  expect(summary(whole), whole.output).toEqual({ exitCode: 0, decision: 'GO' });
  return { project, env };
}

it.each([
  ['one item', ['--grep', 'P1-ONE-001']],
  ['one item of a named phase', ['--project=phase1', '--grep', 'P1-ONE-001']],
  ['all but one', ['--grep-invert', 'P1-ONE-001']],
  ['one item with other reporters', ['--grep', 'P1-ONE-001', '--reporter=dot']],
  ['half of it', ['--project=phase1', '--shard=1/2']],
])('%s leaves the rest as it stood', async (_, args) => {
  const { project, env } = await good();
  const result = await project.run(args, env);
  expect(summary(result), result.output).toEqual({ exitCode: 0, decision: 'GO' });
  expect(Object.values(outcomesOf(result))).toEqual(['pass', 'pass', 'pass']);
  expect(result.decision?.items.some(({ from }) => from === 'ledger')).toBe(true);
  const unsigned = await project.run(args);
  expect(summary(unsigned), unsigned.output).toEqual({ exitCode: 0, decision: 'GO' });
  // Nobody vouches for that one: the next rests on nothing.
  const after = await project.run(args, env);
  expect(summary(after), after.output).toEqual({ exitCode: 2, decision: 'HOLD' });
});

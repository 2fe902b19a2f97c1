/** A run that could not even start leaves no earlier answer standing: whoever reads the files finds HOLD, not yesterday's GO. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Decision } from '../checks/contract/decision.ts';
import { makePrivate, writeReadableJson, writeTextAtomic } from '../reports/record/io.ts';
import { decisionFile } from '../reports/record/paths.ts';

/** Turns what stands in `reports/out` into HOLD. Does nothing where nothing stands. Never throws: the exit code says it too. */
export function withdrawDecision(root: string, why: string): void {
  const file = decisionFile(root);
  if (!existsSync(file)) return;
  try {
    const standing = JSON.parse(readFileSync(file, 'utf8')) as Decision;
    const withdrawn: Decision = {
      ...standing,
      withdrawn: why,
      decision: 'HOLD',
      readiness: 'HOLD',
      decisionWithoutWaivers: 'HOLD',
      selected: { ...standing.selected, decision: 'HOLD' },
      reasons: [{ code: 'run-incomplete', text: `the last run could not start: ${why}` }],
      phases: standing.phases.map((phase) => ({
        ...phase,
        decision: 'HOLD',
        decisionWithoutWaivers: 'HOLD',
        readiness: 'HOLD',
      })),
    };
    makePrivate(dirname(file));
    writeReadableJson(file, withdrawn, 0o600);
    writeTextAtomic(join(dirname(file), 'index.html'), page(why), 0o600);
  } catch {
    // A decision that cannot be rewritten must not stand either.
    rmSync(file, { force: true });
  }
}

function page(why: string): string {
  const text = why.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<meta charset="utf-8">',
    '<title>HOLD – golive</title>',
    '<h1>HOLD</h1>',
    `<p>The last run could not start: ${text}.</p>`,
    '<p>Earlier runs are in .golive/runs; <code>golive report --run ID</code> draws one again.</p>',
    '</html>',
    '',
  ].join('\n');
}

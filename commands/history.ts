/** `golive history`: the runs of the ledger, their decisions, and the items that come and go. 0, or 1 where the ledger is damaged. */
import { EXIT, type DecisionName } from '../checks/contract/decision.ts';
import { POST_DEPLOYMENT } from '../checks/contract/plan.ts';
import { flapping, type Flapping } from '../reports/decide/difference.ts';
import { readHistory, type PastRun } from '../reports/record/ledger/history.ts';
import { colours, type Colours } from '../reports/tell/console/text.ts';
import { formatUtc, plural } from '../reports/tell/wording.ts';
import { hasColour, writeError, writeJson, writeOut, writePainted } from './write.ts';

export interface HistoryOptions {
  readonly root: string;
  /** Only runs in this environment. */
  readonly env?: string;
  /** How many of the newest runs. */
  readonly last?: string;
  readonly json?: boolean;
}

const LAST = '20';

export function history({ root, env, last = LAST, json }: HistoryOptions): number {
  if (!/^[1-9]\d{0,5}$/.test(last)) {
    writeError(`golive history: --last ${last}: expected a number of runs, such as 20\n`);
    return EXIT.usage;
  }
  const { runs, damage, view } = readHistory(root);
  const shown = runs.filter(({ environment }) => env === undefined || environment === env).slice(-Number(last));
  // Only what the run looked at itself: what stood from earlier runs would be counted again.
  const flapped = flapping(shown.map(({ runId }) => view(runId)?.own ?? []));
  if (json === true) writeJson({ runs: shown, flapped, damage });
  else if (shown.length === 0) writeOut(`No run${env === undefined ? '' : ` in ${env}`} is recorded.`);
  else writePainted(asText(shown, flapped, colours(hasColour())));
  if (damage.length === 0) return EXIT.GO;
  writeError(`The ledger is damaged (${plural(damage.length, 'place')}): golive verify names them.\n`);
  return EXIT['NO-GO'];
}

function asText(runs: readonly PastRun[], flapped: readonly Flapping[], paint: Colours): string {
  const lines = [...runs].reverse().map((run) => runLine(run, paint));
  if (flapped.length === 0) return lines.join('\n');
  const told = flapped.map(({ item, turns, outcomes }) => `  ${item}  turned ${turns} times: ${outcomes.join(' → ')}`);
  return [...lines, '', 'Came and went:', ...told].join('\n');
}

function runLine(run: PastRun, paint: Colours): string {
  const { runId, decision, release, environment, startedAt, decidedAt, trust, phases } = run;
  const lasted = decidedAt === null ? '' : `, ${Math.round((Date.parse(decidedAt) - Date.parse(startedAt)) / 1000)} s`;
  const whole = phases.filter((phase) => phase !== POST_DEPLOYMENT).length > 5 ? '' : `, ${phases.join(' ')}`;
  const vouched = 'by' in trust ? '' : paint.yellow(`  its record ${trust.refused}`);
  const name = decision === null ? paint.dim('never ended') : DECISION_PAINT[decision](paint)(decision.padEnd(5));
  return `${name}  ${formatUtc(startedAt)}  ${release.name} ${release.version} on ${environment}${whole}${lasted}  ${paint.dim(runId)}${vouched}`;
}

const DECISION_PAINT: Readonly<Record<DecisionName, (paint: Colours) => (text: string) => string>> = {
  GO: ({ green }) => green,
  'NO-GO': ({ red }) => red,
  HOLD: ({ yellow }) => yellow,
};

/** `golive diff RUN [RUN]`: what changed between two runs. 0 nothing got worse, 1 something did, 64 a run that is not known. */
import { EXIT } from '../checks/contract/decision.ts';
import { difference, type ItemChange } from '../reports/decide/difference.ts';
import { comparable, readHistory, type History, type PastRun, type RunView } from '../reports/record/ledger/history.ts';
import { CHANGE_WORDS, changeLines, turnText } from '../reports/tell/change-words.ts';
import { colours, type Colours } from '../reports/tell/console/text.ts';
import { didYouMean } from '../specs/loader/suggest.ts';
import { hasColour, writeError, writeJson, writePainted } from './write.ts';

export interface DiffOptions {
  readonly root: string;
  /** Its id, the beginning of one, or `latest`. */
  readonly before: string;
  /** Default: the latest. */
  readonly after?: string;
  readonly json?: boolean;
}

export function diff({ root, before, after = 'latest', json }: DiffOptions): number {
  const history = readHistory(root);
  const [was, now] = [find(history, before), find(history, after)];
  const problems = [was, now].filter((found) => typeof found === 'string');
  if (typeof was === 'string' || typeof now === 'string') {
    writeError(problems.map((problem) => `golive diff: ${problem}\n`).join(''));
    return EXIT.usage;
  }
  const changes = difference(...comparable(was.view, now.view));
  const notes = [was, now].flatMap(noteOf);
  if (was.run.environment !== now.run.environment)
    notes.push(`They are of different environments: ${was.run.environment} and ${now.run.environment}.`);
  const worse = changes.some(
    ({ change, appeared }) => change === 'regressed' || change === 'new' || appeared.length > 0,
  );
  if (json === true) writeJson({ before: was.run, after: now.run, changes, notes });
  else writePainted(asText(was.run, now.run, changes, notes, colours(hasColour())));
  return worse ? EXIT['NO-GO'] : EXIT.GO;
}

interface Found {
  readonly run: PastRun;
  readonly view: RunView;
}

/** The run, or why there is none. */
function find({ runs, view }: History, name: string): Found | string {
  const ended = runs.filter(({ decision }) => decision !== null);
  const matching = name === 'latest' ? ended.slice(-1) : runs.filter(({ runId }) => runId.startsWith(name));
  const [run] = matching;
  if (run === undefined) {
    const meant = didYouMean(
      name,
      runs.map(({ runId }) => runId),
    );
    return `the ledger has no run ${name}${meant === undefined ? ': golive history lists them' : `. Did you mean ${meant}?`}`;
  }
  if (matching.length > 1) return `${matching.length} runs begin with ${name}: write more of the id`;
  const found = view(run.runId);
  return found === null
    ? `what run ${run.runId} found can no longer be read: golive verify says why`
    : { run, view: found };
}

/** What a reader must know of a run before he believes the comparison. */
function noteOf({ run, view }: Found): readonly string[] {
  return [
    ...('by' in run.trust ? [] : [`Run ${run.runId}: its record ${run.trust.refused}.`]),
    ...(view.decision === null
      ? [`The folder of run ${run.runId} is gone: only what it judged itself is compared.`]
      : []),
  ];
}

function asText(
  was: PastRun,
  now: PastRun,
  changes: readonly ItemChange[],
  notes: readonly string[],
  paint: Colours,
): string {
  const head = `${was.decision ?? 'never ended'} ${was.runId} → ${now.decision ?? 'never ended'} ${now.runId}`;
  if (changes.length === 0) return [head, ...notes, 'Nothing changed.'].join('\n');
  const lines = changes.flatMap((change) => {
    const colour = { regressed: paint.red, new: paint.red, changed: paint.yellow, fixed: paint.green, gone: paint.dim };
    const line = `${colour[change.change](CHANGE_WORDS[change.change])}: ${change.item}, ${turnText(change)}`;
    return [line, ...changeLines(change).map((one) => `    ${one}`)];
  });
  return [head, ...notes, ...lines].join('\n');
}

/** `golive cutover hold | resume | abort`: a person at the wheel of the cutover that is under way. */
import { hostname, userInfo } from 'node:os';
import type { CutoverEvent, CutoverEventOf, WheelRequest } from '../checks/contract/cutover.ts';
import { EXIT } from '../checks/contract/decision.ts';
import { pause } from '../checks/contract/pause.ts';
import { heldBy } from '../checks/cutover/log.ts';
import { endText } from '../cutover/control.ts';
import { standingCutover, type StandingCutover } from '../cutover/unfinished.ts';
import { endOf, readCutover } from '../reports/record/run-folder/cutover-log.ts';
import { askAtWheel } from '../reports/record/run-folder/cutover-wheel.ts';
import { rollback } from './rollback.ts';
import { projectRoot } from './root.ts';
import { writeError, writeJson, writeOut } from './write.ts';

const LOOK_MS = 100;
/** A process that has not told of a request by then does not hear. */
const HEARD_WITHIN_MS = 10_000;

export interface WheelOptions {
  readonly reason: string;
  readonly json?: boolean;
}
/** What became of a request, for programs. */
interface Heard {
  readonly schema: 'golive/cutover-wheel/v1';
  readonly run: string | null;
  readonly say: WheelRequest['say'];
  readonly done: boolean;
  /** Percent of the traffic on the new release, as the log has it. */
  readonly weight: number | null;
  readonly by: string;
  readonly reason: string;
  readonly text: string;
}

/** 0 it is held; 1 there is nothing to hold, or it goes back; 70 its process does not hear. */
export const hold = (options: WheelOptions): Promise<number> => atWheel('hold', options);
/** 0 it goes on; 1 nobody holds it, or it goes back; 70 its process does not hear. */
export const resume = (options: WheelOptions): Promise<number> => atWheel('resume', options);

/** 0 traffic is back and verified; 1 it is back and something does not conform, or nothing is under way; 70 it is not back. */
export async function abort({ reason, json = false }: WheelOptions): Promise<number> {
  if (isBlank(reason)) return EXIT.usage;
  const by = whoAsks();
  const standing = standingCutover(projectRoot());
  const tell = teller('abort', { reason, by, json, run: standing?.run ?? null });
  if (!standing || standing.is === 'over') return tell(standing, false, nothingText(standing), EXIT['NO-GO']);
  const ask = (runDir: string): void => void askAtWheel(runDir, { say: 'abort', by, reason });
  const code = await rollback({ ask, ...(json ? { say: () => undefined } : {}) });
  if (!json) return code;
  const text = endText(readCutover(standing.runDir)) ?? 'The rollback did not reach its end.';
  return tell(standing, code === EXIT.GO, text, code);
}

async function atWheel(say: 'hold' | 'resume', { reason, json = false }: WheelOptions): Promise<number> {
  if (isBlank(reason)) return EXIT.usage;
  const by = whoAsks();
  const standing = standingCutover(projectRoot());
  const tell = teller(say, { reason, by, json, run: standing?.run ?? null });
  const refused = refusalOf(say, standing);
  if (!standing || refused !== null) return tell(standing, false, refused ?? '', EXIT['NO-GO']);
  const { id } = askAtWheel(standing.runDir, { say, by, reason });
  const heard = await answerTo(standing, id);
  if (heard === 'silent') {
    const text = `Process ${standing.begun.pid} of the cutover does not answer; it will ${say} as soon as it hears.\nFix: to take traffic back now: golive cutover abort --reason …`;
    return tell(standing, false, text, EXIT.broken);
  }
  if (heard === 'over') return tell(standing, false, endedText(standing), EXIT['NO-GO']);
  const text =
    say === 'hold'
      ? `Held at ${heard.weight} % of the traffic: every trigger stays armed. To go on: golive cutover resume --reason …`
      : `Goes on from ${heard.weight} % of the traffic.`;
  return tell(standing, true, text, EXIT.GO);
}

function isBlank(reason: string): boolean {
  if (reason.trim() !== '') return false;
  writeError(
    "The reason is empty.\nFix: say why, for those who read the journal: --reason 'Errors in the logs, looking'",
  );
  return true;
}

/** Why nothing can be held or resumed; null where it can. */
function refusalOf(say: 'hold' | 'resume', standing: StandingCutover | undefined): string | null {
  if (standing?.is !== 'under-way') return nothingText(standing);
  const events = readCutover(standing.runDir);
  if (events.some(({ event }) => event === 'rollback-begun')) return endedText(standing);
  return say === 'resume' && !heldBy(events) ? 'Nobody holds the cutover: it goes on by itself.' : null;
}

function nothingText(standing: StandingCutover | undefined): string {
  return standing?.is === 'died'
    ? `The process of the cutover of run ${standing.run} has died: nothing is watched.\nFix: golive rollback`
    : 'No cutover is under way here.\nFix: golive rollback --run RUN takes back one that has ended well';
}

const endedText = ({ runDir }: StandingCutover): string =>
  endText(readCutover(runDir)) ?? 'Traffic goes back already, and nobody can stop that.';

/** The event that tells of the request; `over` where the cutover ended instead. */
async function answerTo(
  { runDir }: StandingCutover,
  request: string,
): Promise<CutoverEventOf<'held'> | CutoverEventOf<'resumed'> | 'over' | 'silent'> {
  for (const from = performance.now(); performance.now() - from < HEARD_WITHIN_MS; await pause(LOOK_MS)) {
    const events = readCutover(runDir);
    const told = events.find((one) => (one.event === 'held' || one.event === 'resumed') && one.request === request);
    if (told && (told.event === 'held' || told.event === 'resumed')) return told;
    if (endOf(events) !== undefined || events.some(({ event }) => event === 'rollback-begun')) return 'over';
  }
  return 'silent';
}

/** Who is at the wheel, for the journal. */
function whoAsks(): string {
  const name = ((): string => {
    try {
      return userInfo().username;
    } catch {
      // A container's user may have no name.
      return `user ${process.getuid?.() ?? ''}`.trim();
    }
  })();
  return `${name}@${hostname()}`;
}

function weightNow(events: readonly CutoverEvent[]): number {
  const last = events.findLast(({ event }) => event === 'zero' || event === 'shifted');
  return last?.event === 'shifted' ? last.weight : 0;
}

type About = Pick<Heard, 'reason' | 'by' | 'run'> & { readonly json: boolean };

function teller(say: WheelRequest['say'], { json, ...about }: About) {
  return (standing: StandingCutover | undefined, done: boolean, text: string, code: number): number => {
    const weight = standing ? weightNow(readCutover(standing.runDir)) : null;
    const heard: Heard = { schema: 'golive/cutover-wheel/v1', say, done, weight, ...about, text };
    if (json) writeJson(heard);
    else if (done) writeOut(text);
    else writeError(text);
    return code;
  };
}

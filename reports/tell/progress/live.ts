/** The picture of a run while it runs: totals by phase, what is running, and what is written when. */
import type { OutcomeName } from '../../../checks/contract/outcome.ts';
import type { ProgressNote } from '../../../checks/contract/progress.ts';
import { formatMs } from '../../../checks/contract/units.ts';
import { fit, wrap, type Colours } from '../console/text.ts';
import { cutText, visibleLine } from '../../../checks/contract/visible-text.ts';
import { listOf, plural } from '../wording.ts';
import type { FinishedTest, StartedTest } from './tests.ts';

/** Where progress is drawn. */
export interface Screen {
  /** True: a terminal on which one line may be drawn again and again. */
  readonly live: boolean;
  readonly colours: Colours;
  readonly width: () => number;
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
}

/** Least time between two drawings of the status line: five a second. */
const REDRAW_MS = 200;
/** The time shown for what runs moves once a second. */
const TICK_MS = 1_000;
/** Without a terminal a long item says where it stands this often. */
const NOTE_MS = 30_000;
const MESSAGE_LINES = 8;
const ERASE_LINE = '\r\u001b[2K';

interface Phase {
  total: number;
  done: number;
  /** Planned items that have not been passed over yet: they end nothing, and are not missed. */
  planned: number;
  readonly counts: Map<OutcomeName, number>;
}
interface Running extends StartedTest {
  readonly since: number;
  note: string;
}

const SIGNS: Readonly<Record<OutcomeName, string>> = {
  pass: '✓',
  fail: '✗',
  error: '!',
  inconclusive: '?',
  pending: '…',
  'not-applicable': '–',
  'not-run': '○',
  planned: '·',
};
/** Outcomes that a phase's closing line sums up instead of a line each. */
const SUMMED: readonly OutcomeName[] = ['planned', 'not-applicable', 'not-run', 'pending'];

export class LiveProgress {
  readonly #screen: Screen;
  readonly #phases = new Map<string, Phase>();
  readonly #running = new Map<string, Running>();
  readonly #planned = new Set<string>();
  #drawnAt = Number.NEGATIVE_INFINITY;
  #notedAt = 0;
  #drawn = false;
  #timer: NodeJS.Timeout | undefined;
  #ticker: NodeJS.Timeout | undefined;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** Counts a test that is going to run. */
  expect({ key, phase: name, planned }: StartedTest): void {
    const phase = this.#phase(name);
    phase.total += 1;
    if (!planned) return;
    phase.planned += 1;
    this.#planned.add(key);
  }

  start(test: StartedTest): void {
    this.#running.set(test.key, { ...test, since: this.#screen.now(), note: '' });
    if (this.#screen.live) this.#ticker ??= setInterval(() => this.#redraw(), TICK_MS).unref();
    this.#redraw();
  }

  note({ item, text }: ProgressNote): void {
    const running = [...this.#running.values()].find((test) => test.item === item);
    if (!running) return;
    running.note = visibleLine(cutText(text, 500).text);
    if (this.#screen.live) {
      this.#redraw();
    } else if (this.#screen.now() - Math.max(this.#notedAt, running.since) >= NOTE_MS) {
      this.#notedAt = this.#screen.now();
      this.#print(`… ${this.#describe(running)}`);
    }
  }

  finish(test: FinishedTest): void {
    this.#running.delete(test.key);
    const phase = this.#phase(test.phase);
    phase.done += 1;
    // A test that skips itself while it runs looks like a planned one, too.
    if (this.#planned.delete(test.key)) phase.planned -= 1;
    phase.counts.set(test.outcome, (phase.counts.get(test.outcome) ?? 0) + 1);
    if (this.#deservesLines(test)) this.#print(this.#lines(test));
    if (phase.done === phase.total) this.#printSummed(test.phase, phase);
    this.#redraw();
  }

  /** A line that stays, for example an error outside any test. */
  say(text: string): void {
    this.#print(wrap(cutText(text, 4_000).text, this.#screen.width(), 2, MESSAGE_LINES).join('\n'));
  }

  /** What tests write themselves goes through as it is. */
  passThrough(chunk: string | Buffer, stream: 'stdout' | 'stderr'): void {
    this.#erase();
    const text = typeof chunk === 'string' ? chunk : chunk.toString('utf8');
    if (stream === 'stdout') this.#screen.write(text);
    else this.#screen.writeError(text);
    // Drawing over a line that has not ended would destroy it; the next event draws again.
    if (text.endsWith('\n')) this.#redraw();
  }

  end(status: 'passed' | 'failed' | 'timedout' | 'interrupted'): void {
    clearInterval(this.#ticker);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const left = [...this.#phases].filter(([, { done, total, planned }]) => done + planned < total);
    const missing = left.reduce((sum, [, { done, total, planned }]) => sum + total - planned - done, 0);
    if (status === 'interrupted' || status === 'timedout' || missing > 0) {
      const how = { interrupted: 'Interrupted', timedout: 'Out of time', passed: 'Ended', failed: 'Ended' }[status];
      const cut = [...this.#running.values()].map((test) => test.item ?? test.title);
      const rest =
        missing > 0 ? `: ${plural(missing, 'item')} of ${listOf(left.map(([name]) => name))} did not end` : '';
      const during = cut.length > 0 ? `, while ${listOf(cut.slice(0, 5))} ran` : '';
      this.#print(this.#screen.colours.yellow(`${how}${rest}${during}.`));
    }
    this.#erase();
  }

  #phase(name: string): Phase {
    const phase = this.#phases.get(name) ?? { total: 0, done: 0, planned: 0, counts: new Map<OutcomeName, number>() };
    this.#phases.set(name, phase);
    return phase;
  }

  /** On a terminal passes only move the status line; everywhere what is summed up has no line of its own. */
  #deservesLines(test: FinishedTest): boolean {
    if (test.item !== null && SUMMED.includes(test.outcome)) return false;
    return !(this.#screen.live && test.outcome === 'pass');
  }

  #lines(test: FinishedTest): string {
    const { colours, width } = this.#screen;
    const good = test.outcome === 'pass';
    const paint = good ? colours.green : test.outcome === 'fail' ? colours.red : colours.yellow;
    const facts = [
      test.subjects > 0 && plural(test.subjects, 'subject'),
      test.durationMs > 0 && formatMs(test.durationMs),
      !good && test.item !== null && test.outcome !== 'fail' && test.outcome,
      test.expected && test.outcome !== 'not-run' && 'waived or minor',
    ].filter((fact) => fact !== false);
    const name = [test.item, test.title].filter((part) => part !== null && part !== '').join('  ');
    const head = `${paint(SIGNS[test.outcome])} ${name}${facts.length > 0 ? `  (${facts.join(', ')})` : ''}`;
    if (good) return head;
    const message = wrap(cutText(test.message, 4_000).text.trim(), width(), 4, MESSAGE_LINES);
    const place = test.place === null ? [] : [`    ${colours.dim(visibleLine(test.place))}`];
    return [head, ...(test.message === '' ? [] : message), ...place].join('\n');
  }

  #printSummed(name: string, phase: Phase): void {
    const parts = SUMMED.filter((outcome) => phase.counts.has(outcome)).map(
      (outcome) => `${phase.counts.get(outcome) ?? 0} ${outcome}`,
    );
    if (parts.length > 0) this.#print(this.#screen.colours.dim(`· ${name}: ${parts.join(', ')}`));
  }

  #print(text: string): void {
    this.#erase();
    this.#screen.write(`${text}\n`);
    this.#redraw();
  }

  #erase(): void {
    if (!this.#drawn) return;
    this.#drawn = false;
    this.#screen.write(ERASE_LINE);
  }

  /** Draws now, or once when the time since the last drawing is over. */
  #redraw(): void {
    if (!this.#screen.live || this.#timer) return;
    const wait = this.#drawnAt + REDRAW_MS - this.#screen.now();
    if (wait <= 0) {
      this.#draw();
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#draw();
    }, wait).unref();
  }

  #draw(): void {
    const current = this.#current();
    this.#drawnAt = this.#screen.now();
    if (current === '') return;
    // One column stays free: a full line would wrap and could not be erased.
    this.#screen.write(ERASE_LINE + fit(current, this.#screen.width() - 1));
    this.#drawn = true;
  }

  #current(): string {
    const running = [...this.#running.values()];
    const names = new Set(running.map((test) => test.phase));
    const counts = [...this.#phases]
      .filter(([name]) => names.has(name))
      .map(([name, { done, total, counts }]) => {
        const failed = counts.get('fail') ?? 0;
        return `${name} ${done}/${total}${failed > 0 ? `, ${failed} failed` : ''}`;
      });
    if (counts.length === 0) return '';
    // What runs longest is what one waits for.
    const [first, ...others] = running.sort((a, b) => a.since - b.since);
    const what = first ? `  ${this.#describe(first)}` : '';
    return `${counts.join('  ')}${what}${others.length > 0 ? `  +${others.length}` : ''}`;
  }

  #describe(test: Running): string {
    const name = test.item ?? test.title;
    const seconds = Math.floor((this.#screen.now() - test.since) / 1000);
    return [name, seconds > 0 ? formatMs(seconds * 1000) : '', test.note].filter((part) => part !== '').join(' · ');
  }
}

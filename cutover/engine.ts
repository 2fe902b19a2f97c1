/**
 * The cutover itself: holds the Lease, moves the weights step by step, proves each split, keeps the triggers armed from the first step until
 * it is told that all is well, and goes back as soon as one fires or anything else is wrong.
 */
import { errorText } from '../checks/contract/text.ts';
import type { RollbackReason } from '../checks/contract/cutover.ts';
import { formatMs } from '../checks/contract/units.ts';
import { begin, giveBack, refuse, type CutoverEnd, type CutoverRun, type Recorded } from './begin.ts';
import { aborted, RollbackRequested } from './rollback-requested.ts';
import { guardRoute, holdLease, watchItems, type Ramp } from './guards.ts';
import type { CutoverParts } from './parts.ts';
import { emergency, watchEmergency, type Emergency } from './emergency.ts';
import type { PrometheusWatch } from './prometheus.ts';
import { proveStep } from './prove.ts';
import { rollBack } from './rollback.ts';
import type { CutoverStep } from './settings.ts';
import type { TreeWatch } from './tree-watch.ts';
import { tryWayBack } from './try-way-back.ts';
import { watching, type Watching } from './watching.ts';
import { atWheel, watchWheel } from './wheel.ts';

const ACCEPTED_WITHIN_MS = 15_000;
const STEADY_LOOK_MS = 50;
const CALENDARS_WITHIN_MS = 30_000;
const WARM_WITHIN_MS = 30_000;
/** A window that cannot end because values are missing is given up after so many of its lengths, but not before the least time. */
const WINDOWS_OF_PATIENCE = 3;

/** Runs until traffic is where it shall stay. Never throws. */
export async function runCutover(run: CutoverRun): Promise<CutoverEnd> {
  const { parts, journal, settings } = run;
  const missing = settings.before.filter(
    (id) => parts.outcomes().findLast(({ item }) => item === id)?.outcome !== 'pass',
  );
  if (missing.length > 0)
    return refuse(journal, `${missing.join(', ')} did not pass in this run: they stand before the first step`);
  const frozen = await mayMove(run);
  if (frozen !== null) return refuse(journal, frozen);
  const recorded = await begin(run, run.back);
  return typeof recorded === 'string' ? refuse(journal, recorded) : await new Engine(run, recorded).go();
}

/** Why traffic may not be moved now. A calendar that cannot be read may hold a freeze. */
async function mayMove({ parts, clock, back }: CutoverRun): Promise<string | null> {
  try {
    return await parts.changeWindow(AbortSignal.any([back, clock.limit(CALENDARS_WITHIN_MS)]));
  } catch (error) {
    return `whether traffic may be moved now cannot be told: ${errorText(error)}`;
  }
}

class Engine implements Ramp {
  readonly run: CutoverRun;
  readonly #recorded: Recorded;
  readonly #stop = new AbortController();
  readonly #probes: ReturnType<CutoverParts['probe']>;
  readonly #services: ReturnType<CutoverParts['watch']>;
  readonly #prometheus: PrometheusWatch;
  readonly #watching: Watching;
  readonly #tree: TreeWatch;
  readonly #emergency: Emergency;
  #weight = 0;
  #shifting = false;

  constructor(run: CutoverRun, recorded: Recorded) {
    this.run = run;
    this.#recorded = recorded;
    this.#probes = run.parts.probe(() => run.journal.now());
    this.#services = run.parts.watch();
    this.#prometheus = run.parts.prometheus(() => run.journal.now());
    const { settings, clock, journal } = run;
    const sources = { probes: this.#probes, services: this.#services, prometheus: this.#prometheus };
    this.#watching = watching({ settings, clock, journal, ...sources });
    this.#tree = run.parts.tree(() => run.journal.now());
    this.#emergency = emergency(run, this.#tree);
  }

  async go(): Promise<CutoverEnd> {
    const { parts, clock, journal, settings } = this.run;
    const recorded = this.#recorded;
    try {
      try {
        await Promise.race([this.#warmUp(), aborted(this.run.back)]);
        await Promise.race([
          this.#ramp(),
          this.#evaluating(),
          holdLease(this),
          guardRoute(this),
          watchItems(this),
          watchWheel(this),
          watchEmergency(this, this.#emergency),
          // Whoever calls back ends everything else.
          aborted(this.run.back),
        ]);
        journal.tell({ event: 'finished', weight: this.#weight });
        return 'finished';
      } catch (error) {
        const reason: RollbackReason =
          error instanceof RollbackRequested
            ? error.reason
            : { code: 'route-failed', text: `The cutover could not go on: ${errorText(error)}` };
        this.#stop.abort();
        return await rollBack({ settings, parts, clock, journal, ...recorded, reason, probes: this.#probes });
      }
    } finally {
      this.#stop.abort();
      this.#probes.stop();
      this.#services.stop();
      this.#prometheus.stop();
      this.#tree.stop();
      await giveBack(parts, clock);
    }
  }

  /** Users and services are known before anything moves: what is missing now is no sign of the new release. */
  async #warmUp(): Promise<void> {
    const { journal } = this.run;
    const deadline = journal.now() + WARM_WITHIN_MS;
    while (!this.#watching.knows()) {
      if (journal.now() > deadline)
        throw new RollbackRequested({
          code: 'out-of-time',
          text: `Nothing is known of users or critical services after ${formatMs(WARM_WITHIN_MS)}: no traffic was moved.`,
        });
      await this.pause(STEADY_LOOK_MS);
    }
  }

  /** Triggers that are not at rest, and branches of the decision tree of which nothing is known. */
  #unsettled(): readonly string[] {
    return [...this.#watching.unsettledTriggers(), ...this.#emergency.unknown()];
  }

  /** Nothing moves while a trigger is pending: it would be blamed on the new release. */
  async #untilCalm(): Promise<void> {
    const { journal } = this.run;
    for (const from = journal.now(); this.#unsettled().length > 0;) {
      if (journal.now() - from > WARM_WITHIN_MS)
        throw new RollbackRequested({
          code: 'out-of-time',
          text: `${this.#unsettled().join(', ')} did not come to rest within ${formatMs(WARM_WITHIN_MS)}: no traffic was moved.`,
        });
      await this.pause(STEADY_LOOK_MS);
    }
  }

  /** Step by step, each when its item asks for it; then until the end is called. */
  async #ramp(): Promise<void> {
    const { settings, parts } = this.run;
    const done: string[] = [];
    for (const step of settings.steps) {
      while (this.#isHeld() || !parts.asked().includes(step.item)) {
        if (this.run.finish.aborted)
          throw new RollbackRequested({
            code: 'item-failed',
            text: `The run ended before ${step.item} was asked for.`,
          });
        await this.pause(STEADY_LOOK_MS);
      }
      this.#requirePassed(done);
      if (done.length === 0) {
        await this.#untilCalm();
        if (settings.tryAt !== undefined) await tryWayBack(this, this.#probes, settings.tryAt, (to) => this.#shift(to));
      }
      await this.#step(step);
      done.push(step.item);
    }
    while (this.#isHeld() || !this.run.finish.aborted) await this.pause(STEADY_LOOK_MS);
    await this.#untilSettled();
    this.#requirePassed(done);
  }

  /** What is pending now may be firing in a moment; what knows nothing by then cannot say that the release may stay. */
  async #untilSettled(): Promise<void> {
    const { journal, settings } = this.run;
    for (const from = journal.now(); this.#unsettled().length > 0;) {
      const waited = journal.now() - from;
      if (waited > settings.leastPatienceMs)
        throw new RollbackRequested({
          code: 'out-of-time',
          text: `The run was over, and for ${formatMs(waited)} nobody could say that the release may stay: ${this.#unsettled().join(', ')} had no values or was pending.`,
        });
      await this.pause(STEADY_LOOK_MS);
    }
  }

  #requirePassed(items: readonly string[]): void {
    const outcomes = this.run.parts.outcomes();
    for (const item of items) {
      const outcome = outcomes.findLast((one) => one.item === item)?.outcome;
      if (outcome !== 'pass')
        throw new RollbackRequested({ code: 'item-failed', text: `${item} ended as ${outcome ?? 'not recorded'}.` });
    }
  }

  async #step(step: CutoverStep): Promise<void> {
    const { journal } = this.run;
    journal.tell({ event: 'step-begun', item: step.item, weight: step.weight });
    await this.#shift(step.weight);
    // The window opens with the first answer that counts: proving takes none of what is watched away, and adds nothing to it.
    const from = await proveStep(this, this.#probes, step);
    let until = Math.max(from + step.watchMs, journal.now());
    const patience = Math.max(this.run.settings.leastPatienceMs, step.watchMs * WINDOWS_OF_PATIENCE);
    let hasLooked = false;
    for (;;) {
      const now = journal.now();
      const unsettledTriggers = this.#unsettled();
      const unshown = unsettledTriggers.length > 0 ? [] : this.#watching.unshown(step.weight, from, this.#isLast(step));
      const isLate = now > until + patience;
      // A window that is held ends when it is resumed; the patience with triggers that know nothing does not wait for that.
      if (this.#isHeld() && unsettledTriggers.length === 0) until = Math.max(until, now + 1);
      // Few answers may be bad beyond doubt: looked at when the window is over, and once more when nobody waits any longer.
      const isOver = now >= until && unsettledTriggers.length === 0;
      if (isOver && (!hasLooked || isLate || unshown.length === 0)) {
        this.#watching.beforeEnd(step.weight, from);
        hasLooked = true;
        if (unshown.length === 0) break;
      }
      if (isLate) throw outOfPatience(step.weight, now - from, unsettledTriggers, unshown);
      await this.pause(Math.min(STEADY_LOOK_MS, this.run.settings.intervalMs));
    }
    journal.tell({
      event: 'step-done',
      item: step.item,
      weight: step.weight,
      answers: this.#watching.answers(from),
    });
  }

  async #shift(weight: number): Promise<void> {
    const { parts, journal } = this.run;
    journal.tell({ event: 'shifting', from: this.#weight, to: weight });
    this.#shifting = true;
    this.#weight = weight;
    try {
      const { generation } = await parts.route.set(weight, this.signal());
      const deadline = journal.now() + ACCEPTED_WITHIN_MS;
      for (;;) {
        const state = await parts.route.read(this.signal());
        if (state.accepted) break;
        if (journal.now() > deadline)
          throw new RollbackRequested({
            code: 'route-failed',
            text: `The route with ${weight} % was not accepted within ${formatMs(ACCEPTED_WITHIN_MS)}: ${state.why ?? 'no reason is given'}.`,
          });
        await this.pause(STEADY_LOOK_MS);
      }
      journal.tell({ event: 'shifted', weight, generation });
    } finally {
      this.#shifting = false;
    }
  }

  /** Values and triggers, at every interval, from the first moment to the last. */
  async #evaluating(): Promise<never> {
    for (;;) {
      await this.pause(this.run.settings.intervalMs);
      this.#watching.evaluate(this.#weight);
    }
  }

  /** The last at which some users are still on the release of before, or the only one. */
  #isLast({ weight }: CutoverStep): boolean {
    return !this.run.settings.steps.some((one) => one.weight > weight && one.weight < 100);
  }
  #isHeld(): boolean {
    return atWheel(this.run, this.#weight);
  }
  weight(): number {
    return this.#weight;
  }
  isShifting(): boolean {
    return this.#shifting;
  }
  signal(): AbortSignal {
    return AbortSignal.any([this.#stop.signal, this.run.clock.limit(ACCEPTED_WITHIN_MS)]);
  }
  async pause(ms: number): Promise<void> {
    await this.run.clock.wait(ms, this.#stop.signal);
  }
}

function outOfPatience(
  weight: number,
  lastedMs: number,
  unsettled: readonly string[],
  unshown: readonly string[],
): RollbackRequested {
  const why =
    unshown.length > 0
      ? `too little came to say that the new release does well: ${unshown.join(', ')}`
      : `${unsettled.join(', ') || 'a trigger'} had no values or was pending`;
  return new RollbackRequested({
    code: 'out-of-time',
    ...(unshown.length > 0 ? { facts: { unshown: unshown.join(', '), atWeight: weight } } : {}),
    text: `At ${weight} % the window could not end within ${formatMs(lastedMs)}: ${why}.`,
  });
}

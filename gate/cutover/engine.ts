/**
 * The cutover itself: holds the Lease, moves the weights step by step, proves each split, keeps the triggers armed from the first step until
 * it is told that all is well, and goes back as soon as one fires or anything else is wrong.
 */
import { setTimeout } from 'node:timers/promises';
import type { ProbeRecord, RecordedRevision, RollbackReason } from '../../checks/contract/cutover.ts';
import { formatMs } from '../../checks/contract/units.ts';
import { halfWidthFor, proveSplit } from '../../checks/support/split.ts';
import type { CutoverJournal } from '../../fixtures/cutover/log.ts';
import { processStartedAt } from '../../fixtures/rehearsal/process-identity.ts';
import { GoBack } from './go-back.ts';
import type { CutoverParts, RouteState } from './parts.ts';
import { rollBack } from './rollback.ts';
import type { CutoverSettings, CutoverStep } from './settings.ts';
import { watching, type Watching } from './watching.ts';

export type CutoverEnd = 'refused' | 'finished' | 'rolled-back' | 'unverified' | 'unfinished';

export interface CutoverRun {
  readonly settings: CutoverSettings;
  readonly parts: CutoverParts;
  readonly journal: CutoverJournal;
  readonly facts: {
    readonly id: string;
    readonly release: string;
    readonly environment: string;
    readonly planDigest: string;
  };
  /** Aborted with a RollbackReason: go back, whatever is under way. */
  readonly back: AbortSignal;
  /** Aborted when every step has passed and nothing is left to watch. */
  readonly finish: AbortSignal;
}

/** Requests that began this long after the route was accepted go by its weights. */
const SETTLED_MS = 200;
const ACCEPTED_WITHIN_MS = 15_000;
const STEADY_LOOK_MS = 50;
const WARM_WITHIN_MS = 30_000;
const REHEARSED_WARM_MS = 10_000;
const REHEARSED_TIMES = 5;
/** A window that cannot end because values are missing is given up after so many of its lengths, but not before the least time. */
const WINDOWS_OF_PATIENCE = 3;
const LEAST_PATIENCE_MS = 30_000;
/** Runs until traffic is where it shall stay. Never throws. */
export async function runCutover(run: CutoverRun): Promise<CutoverEnd> {
  const { parts, journal, settings } = run;
  const missing = settings.before.filter(
    (id) => parts.outcomes().findLast(({ item }) => item === id)?.outcome !== 'pass',
  );
  if (missing.length > 0)
    return refuse(journal, `${missing.join(', ')} did not pass in this run: they stand before the first step`);
  const stable = await begin(run, run.back);
  return typeof stable === 'string' ? refuse(journal, stable) : await new Engine(run, stable).run();
}

/** Goes the whole way back while no traffic has moved: what is needed in an emergency is tried before there is one. Never throws. */
export async function rehearseRollback(run: Omit<CutoverRun, 'back' | 'finish'>): Promise<CutoverEnd> {
  const { parts, journal, settings } = run;
  const stable = await begin(run, AbortSignal.timeout(settings.rollbackWithinMs));
  if (typeof stable === 'string') return refuse(journal, stable);
  const reason: RollbackReason = { code: 'asked', text: 'A rehearsal of the way back; no traffic has moved.' };
  const probes = parts.probe(() => journal.now());
  const services = parts.watch();
  try {
    await tellTriggers(watching({ settings, journal, probes, services }), journal, settings);
    return await rollBack({ settings, parts, journal, stable, reason, probes });
  } catch (error) {
    return refuse(journal, textOf(error));
  } finally {
    probes.stop();
    services.stop();
    await parts.lease.release(AbortSignal.timeout(5000)).catch(() => undefined);
  }
}

/** How every trigger stands while nothing has moved: one that knows nothing now would know nothing later. */
async function tellTriggers(
  triggers: Watching,
  journal: CutoverJournal,
  { intervalMs }: CutoverSettings,
): Promise<void> {
  const until = journal.now() + REHEARSED_WARM_MS;
  while (!triggers.knows() && journal.now() < until) await setTimeout(STEADY_LOOK_MS);
  try {
    for (
      let times = 0;
      times < REHEARSED_TIMES || (triggers.uneasy().length > 0 && journal.now() < until);
      times += 1
    ) {
      triggers.evaluate(0);
      await setTimeout(intervalMs);
    }
  } catch (error) {
    // One that fires now is told of below; there is nothing to take back.
    if (!(error instanceof GoBack)) throw error;
  }
  triggers.tellAll();
}

/**
 * Answers to what was asked from then on, up to the first request that is still under way: a release that answers slowly would look like one
 * that gets little traffic.
 */
function answeredSince(records: readonly ProbeRecord[], from: number): readonly ProbeRecord[] {
  const asked = records.filter(({ at }) => at >= from);
  const waits = asked.findIndex(({ outcome }) => outcome === 'under-way');
  return (waits === -1 ? asked : asked.slice(0, waits)).filter(({ version }) => version !== null);
}

/** Takes the Lease and records what to go back to; why not, where that cannot be. */
async function begin(
  run: Omit<CutoverRun, 'back' | 'finish'>,
  signal: AbortSignal,
): Promise<readonly RecordedRevision[] | string> {
  const { parts, journal, settings } = run;
  try {
    await parts.lease.acquire(AbortSignal.any([signal, AbortSignal.timeout(60_000)]));
  } catch (error) {
    return textOf(error);
  }
  try {
    const { weights } = await parts.route.read(signal);
    const whole = weights.canary + weights.stable;
    if (weights.canary !== 0)
      throw new Error(`the route gives ${weights.canary} of ${whole} to ${settings.route.canary} already`);
    const stable = await parts.revisions.record(signal);
    const { route, triggers, steps, compression } = settings;
    journal.tell({
      event: 'begun',
      ...run.facts,
      compression,
      route,
      triggers,
      steps,
      stable,
      weights,
      pid: process.pid,
      pidStartedAt: processStartedAt(process.pid) ?? '',
    });
    return stable;
  } catch (error) {
    await parts.lease.release(AbortSignal.timeout(5000)).catch(() => undefined);
    return textOf(error);
  }
}

function refuse(journal: CutoverJournal, why: string): CutoverEnd {
  try {
    journal.tell({ event: 'refused', why });
  } catch {
    // Nothing was moved; the exit code says it.
  }
  return 'refused';
}

class Engine {
  readonly #run: CutoverRun;
  readonly #stable: readonly RecordedRevision[];
  readonly #stop = new AbortController();
  readonly #probes: ReturnType<CutoverParts['probe']>;
  readonly #services: ReturnType<CutoverParts['watch']>;
  readonly #watching: Watching;
  /** Percent that the route is meant to give to the canary. */
  #weight = 0;
  /** While the route is being changed what it says is no sign of somebody else. */
  #shifting = false;

  constructor(run: CutoverRun, stable: readonly RecordedRevision[]) {
    this.#run = run;
    this.#stable = stable;
    this.#probes = run.parts.probe(() => run.journal.now());
    this.#services = run.parts.watch();
    const { settings, journal } = run;
    this.#watching = watching({ settings, journal, probes: this.#probes, services: this.#services });
  }

  async run(): Promise<CutoverEnd> {
    const { parts, journal, settings } = this.#run;
    try {
      try {
        await Promise.race([this.#warmUp(), this.#called()]);
        await Promise.race([
          this.#climb(),
          this.#evaluating(),
          this.#holdLease(),
          this.#guardRoute(),
          this.#watchItems(),
          this.#called(),
        ]);
        journal.tell({ event: 'finished', weight: this.#weight });
        return 'finished';
      } catch (error) {
        const reason: RollbackReason =
          error instanceof GoBack
            ? error.reason
            : { code: 'route-failed', text: `The cutover could not go on: ${textOf(error)}` };
        this.#stop.abort();
        return await rollBack({ settings, parts, journal, stable: this.#stable, reason, probes: this.#probes });
      }
    } finally {
      this.#stop.abort();
      this.#probes.stop();
      this.#services.stop();
      await parts.lease.release(AbortSignal.timeout(5000)).catch(() => undefined);
    }
  }

  /** Users and services are known before anything moves: what is missing now is no sign of the new release. */
  async #warmUp(): Promise<void> {
    const { journal } = this.#run;
    const deadline = journal.now() + WARM_WITHIN_MS;
    while (!this.#watching.knows()) {
      if (journal.now() > deadline)
        throw new GoBack({
          code: 'out-of-time',
          text: `Nothing is known of users or critical services after ${formatMs(WARM_WITHIN_MS)}: no traffic was moved.`,
        });
      await this.#pause(STEADY_LOOK_MS);
    }
  }

  /** Nothing moves while a trigger is pending: it would be blamed on the new release. */
  async #untilCalm(): Promise<void> {
    const { journal } = this.#run;
    for (const from = journal.now(); this.#watching.uneasy().length > 0;) {
      if (journal.now() - from > WARM_WITHIN_MS)
        throw new GoBack({
          code: 'out-of-time',
          text: `${this.#watching.uneasy().join(', ')} did not come to rest within ${formatMs(WARM_WITHIN_MS)}: no traffic was moved.`,
        });
      await this.#pause(STEADY_LOOK_MS);
    }
  }

  /** Step by step, each when its item asks for it; then until the end is called. */
  async #climb(): Promise<void> {
    const { settings, parts } = this.#run;
    const done: string[] = [];
    for (const step of settings.steps) {
      while (!parts.asked().includes(step.item)) {
        if (this.#run.finish.aborted)
          throw new GoBack({ code: 'item-failed', text: `The run ended before ${step.item} was asked for.` });
        await this.#pause(STEADY_LOOK_MS);
      }
      this.#requirePassed(done);
      if (done.length === 0) await this.#untilCalm();
      await this.#step(step);
      done.push(step.item);
    }
    // What is pending now may be firing in a moment.
    while (!this.#run.finish.aborted || this.#watching.uneasy().length > 0) await this.#pause(STEADY_LOOK_MS);
    this.#requirePassed(done);
  }

  #requirePassed(items: readonly string[]): void {
    const outcomes = this.#run.parts.outcomes();
    for (const item of items) {
      const outcome = outcomes.findLast((one) => one.item === item)?.outcome;
      if (outcome !== 'pass')
        throw new GoBack({ code: 'item-failed', text: `${item} ended as ${outcome ?? 'not recorded'}.` });
    }
  }

  async #step(step: CutoverStep): Promise<void> {
    const { journal } = this.#run;
    journal.tell({ event: 'step-begun', item: step.item, weight: step.weight });
    await this.#shift(step.weight);
    await this.#prove(step);
    const from = journal.now();
    const patience = Math.max(LEAST_PATIENCE_MS, step.watchMs * WINDOWS_OF_PATIENCE);
    for (;;) {
      const waited = journal.now() - from;
      const uneasy = this.#watching.uneasy();
      if (waited >= step.watchMs && uneasy.length === 0) break;
      if (waited > step.watchMs + patience)
        throw new GoBack({
          code: 'out-of-time',
          text: `At ${step.weight} % the window could not end within ${formatMs(waited)}: ${uneasy.join(', ') || 'a trigger'} had no values or was pending.`,
        });
      await this.#pause(Math.min(STEADY_LOOK_MS, this.#run.settings.intervalMs));
    }
    journal.tell({ event: 'step-done', item: step.item, weight: step.weight });
  }

  async #shift(weight: number): Promise<void> {
    const { parts, journal } = this.#run;
    journal.tell({ event: 'shifting', from: this.#weight, to: weight });
    this.#shifting = true;
    this.#weight = weight;
    try {
      const { generation } = await parts.route.set(weight, this.#signal());
      const deadline = journal.now() + ACCEPTED_WITHIN_MS;
      for (;;) {
        const state = await parts.route.read(this.#signal());
        if (state.accepted) break;
        if (journal.now() > deadline)
          throw new GoBack({
            code: 'route-failed',
            text: `The route with ${weight} % was not accepted within ${formatMs(ACCEPTED_WITHIN_MS)}: ${state.why ?? 'no reason is given'}.`,
          });
        await this.#pause(STEADY_LOOK_MS);
      }
      journal.tell({ event: 'shifted', weight, generation });
    } finally {
      this.#shifting = false;
    }
  }

  async #prove({ item, weight, proveWithinMs }: CutoverStep): Promise<void> {
    const { journal, settings } = this.#run;
    await this.#pause(SETTLED_MS);
    const from = journal.now();
    for (;;) {
      const answers = answeredSince(this.#probes.records(), from);
      const canary = answers.filter(({ version }) => version === settings.route.canaryVersion).length;
      const proof = proveSplit(weight / 100, canary, answers.length, halfWidthFor(weight / 100, settings));
      const isLate = journal.now() - from > proveWithinMs;
      if (proof.verdict === 'too-few' && !isLate) {
        await this.#pause(STEADY_LOOK_MS);
        continue;
      }
      journal.tell({ event: 'split', item, ...proof });
      if (proof.verdict === 'proven') return;
      // The gateway may well obey, but somebody else.
      this.#requireOwn(await this.#run.parts.route.read(this.#signal()));
      const share = `${canary} of ${answers.length} answers came from ${settings.route.canaryVersion}`;
      const wanted = `the route says ${weight} %`;
      throw new GoBack(
        proof.verdict === 'refuted'
          ? { code: 'split-refuted', text: `Traffic does not split as the weights say: ${share}, ${wanted}.` }
          : {
              code: 'out-of-time',
              text: `The split could not be proven within ${formatMs(proveWithinMs)}: ${share}, ${wanted}.`,
            },
      );
    }
  }

  /** Values and triggers, at every interval, from the first moment to the last. */
  async #evaluating(): Promise<never> {
    for (;;) {
      await this.#pause(this.#run.settings.intervalMs);
      this.#watching.evaluate(this.#weight);
    }
  }

  async #holdLease(): Promise<never> {
    const { parts } = this.#run;
    let lastRenewed = this.#run.journal.now();
    for (;;) {
      await this.#pause(RENEW_MS);
      try {
        await parts.lease.renew(AbortSignal.any([this.#signal(), AbortSignal.timeout(RENEW_MS)]));
        lastRenewed = this.#run.journal.now();
      } catch (error) {
        if (this.#run.journal.now() - lastRenewed > LEASE_SECONDS * 1000)
          throw new GoBack({
            code: 'lease-lost',
            text: `The Lease could not be renewed for ${LEASE_SECONDS} s: ${textOf(error)}`,
          });
      }
    }
  }

  #isShifting(): boolean {
    return this.#shifting;
  }

  /** Somebody who sets other weights is an enemy of this cutover, whoever it is: it is over. */
  async #guardRoute(): Promise<never> {
    const { parts } = this.#run;
    for (;;) {
      await this.#pause(GUARD_MS);
      if (this.#isShifting()) continue;
      const wanted = this.#weight;
      const state = await parts.route.read(this.#signal()).catch(() => undefined);
      if (state && !this.#isShifting() && wanted === this.#weight) this.#requireOwn(state);
    }
  }

  #requireOwn({ weights: { canary, stable }, lastManager }: RouteState): void {
    const share = canary + stable === 0 ? 0 : (canary / (canary + stable)) * 100;
    if (Math.abs(share - this.#weight) < 0.01) return;
    const { route } = this.#run.settings;
    throw new GoBack({
      code: 'reverted-by-another',
      text: `Somebody else set the weights to ${stable}/${canary} (${lastManager ?? 'unknown field manager'}) while ${this.#weight} % were meant for ${route.canary}.`,
    });
  }

  /** Items of the run that say `onFailure: rollback`, in whatever phase. */
  async #watchItems(): Promise<never> {
    const { settings, parts } = this.#run;
    for (;;) {
      await this.#pause(GUARD_MS);
      const failed = parts
        .outcomes()
        .find(({ item, outcome }) => settings.rollbackOn.includes(item) && (outcome === 'fail' || outcome === 'error'));
      if (failed)
        throw new GoBack({ code: 'item-failed', text: `${failed.item} ended as ${failed.outcome}: ${failed.message}` });
    }
  }

  /** Whoever calls back ends everything else. */
  #called(): Promise<never> {
    const { back } = this.#run;
    return new Promise((_, reject) => {
      const call = (): void => reject(new GoBack(back.reason as RollbackReason));
      if (back.aborted) call();
      else back.addEventListener('abort', call, { once: true });
    });
  }

  #signal(): AbortSignal {
    return AbortSignal.any([this.#stop.signal, AbortSignal.timeout(ACCEPTED_WITHIN_MS)]);
  }

  async #pause(ms: number): Promise<void> {
    await setTimeout(ms, undefined, { signal: this.#stop.signal });
  }
}

export const LEASE_SECONDS = 15;
const RENEW_MS = 3000;
const GUARD_MS = 500;

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

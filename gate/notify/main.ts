/**
 * Tells people of a run while it goes on: a process of its own that reads what the run records, so that the gate waits for nobody and dies of
 * nobody. It ends when the run has ended and everything is sent or given up, at the latest `LAST_WORDS_MS` after it.
 * `node dist/notifier.js --run DIR --root DIR`.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { ObservationError } from '../../checks/contract/capabilities.ts';
import type { Decision } from '../../checks/contract/decision.ts';
import { parseJson } from '../../checks/contract/json.ts';
import { pause } from '../../checks/contract/pause.ts';
import type { NotifyRule } from '../../checks/contract/notify.ts';
import type { Plan } from '../../checks/contract/plan.ts';
import { channelTo } from '../../checks/protocols/notify/deliver.ts';
import { historyReader } from '../../fixtures/capabilities/history.ts';
import { openHost } from '../../fixtures/capabilities/host-impl.ts';
import { openMessaging } from '../../fixtures/capabilities/messaging.ts';
import { resolveRehearsal } from '../../fixtures/capabilities/host.ts';
import { DEFAULT_DIR } from '../../fixtures/rehearsal-client/state-file.ts';
import { waitForRehearsal } from '../../fixtures/rehearsal-client/start.ts';
import { decisionFile } from '../../reports/record/paths.ts';
import { readCutover } from '../../reports/record/run-folder/cutover-log.ts';
import { readRun } from '../../reports/record/run-folder/read.ts';
import { loadPlan } from '../../specs/loader/plan-file.ts';
import { eventsOf } from './events.ts';
import type { NotifyEvent, RunSoFar } from './run-so-far.ts';
import { Sink, type Sent } from './sink.ts';

const LOOK_MS = 1000;
const LAST_WORDS_MS = 60_000;
const LAST_WORDS_ALONE_MS = 5000;
const REHEARSAL_LIMIT_MS = 90_000;

interface Notifier {
  readonly runDir: string;
  readonly root: string;
  readonly plan: Plan;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { run: { type: 'string' }, root: { type: 'string' } } });
  const { run: runDir, root } = values;
  if (runDir === undefined || root === undefined) throw new Error('use: notifier --run DIR --root DIR');
  await notify({ runDir, root, plan: loadPlan(runDir) });
}

async function notify(notifier: Notifier): Promise<void> {
  const { means, sinks, sinkOf, close } = await openSinks(notifier);
  const told = new Set<string>();
  const sending: Promise<void>[] = [];
  const tell = (event: NotifyEvent): void => {
    if (told.has(event.id)) return;
    told.add(event.id);
    for (const { rule, sink } of sinks)
      if (isFor(rule, event))
        sending.push(sink.send(linked(rule, event, notifier)).then((sent) => record(notifier, sent)));
    const decider = event.contact === undefined ? undefined : sinkOf(event.contact);
    if (decider) sending.push(decider.send(event).then((sent) => record(notifier, sent)));
  };
  for (;;) {
    const run = await soFar(notifier);
    for (const event of eventsOf(run)) tell(event);
    if (run.decision !== null || isOrphaned()) break;
    await means.wait(LOOK_MS);
  }
  // Whoever is told in a rehearsal goes with it.
  const isAlone = isOrphaned() && notifier.plan.environment.rehearsal;
  await Promise.race([Promise.all(sending), pause(isAlone ? LAST_WORDS_ALONE_MS : LAST_WORDS_MS)]);
  await close();
}

function isFor({ events, owners }: NotifyRule, { event, owner }: NotifyEvent): boolean {
  return events.includes(event) && (owner === undefined || owners === undefined || owners.includes(owner));
}

/** A regression names the run's page, where its channel has one. */
function linked({ link }: NotifyRule, event: NotifyEvent, { runDir }: Notifier): NotifyEvent {
  if (event.item === undefined) return event;
  const run = basename(runDir);
  const page = link?.replaceAll('{run}', encodeURIComponent(run)).replaceAll('{item}', encodeURIComponent(event.item));
  return { ...event, text: `${event.text}\nLook: ${page ?? `golive report --run ${run}`}` };
}

const parent = process.ppid;
/** The run's process has gone without a decision. */
const isOrphaned = (): boolean => process.ppid !== parent;

async function openSinks({ runDir, root, plan }: Notifier) {
  const environment = plan.environment.rehearsal ? await rehearsed(root, plan) : plan.environment;
  const host = openHost({ environment, runDir, phase: 'notify' });
  const means = openMessaging(host, 'notifications');
  const sinks = (environment.notify ?? []).flatMap((rule) => {
    const channel = environment.channels?.[rule.channel];
    return channel ? [{ rule, sink: new Sink(rule.channel, channel, means) }] : [];
  });
  /** Of a contact; undefined where no channel reaches them. */
  const sinkOf = (name: string): Sink | undefined => {
    const contact = environment.contacts?.find((one) => one.name === name);
    const channel = contact && channelTo(environment.channels, contact);
    return channel && new Sink(`${contact.channel ?? ''} to ${name}`, channel, means);
  };
  return { means, sinks, sinkOf, close: () => host.close() };
}

async function rehearsed(root: string, { environment }: Plan): Promise<Plan['environment']> {
  const signal = new AbortController().signal;
  const values = await waitForRehearsal({ dir: join(root, DEFAULT_DIR), signal, timeoutMs: REHEARSAL_LIMIT_MS });
  return resolveRehearsal(environment, values);
}

async function soFar({ runDir, root, plan }: Notifier): Promise<RunSoFar> {
  const runId = basename(runDir);
  const decision = existsSync(decisionFile(root)) ? parseJson(readFileSync(decisionFile(root), 'utf8')) : undefined;
  const own = decision as Decision | undefined;
  const isOver = own?.runId === runId && !own.reasons.some(({ code }) => code === 'run-incomplete');
  return {
    runId,
    plan,
    outcomes: readRun(runDir).outcomes,
    cutover: readCutover(runDir),
    decision: isOver ? own : null,
    history: isOver ? await historyOf(runDir) : null,
  };
}

/** Of a release that was not approved here, or whose ledger cannot be read, nothing was promised that could be lost. */
async function historyOf(runDir: string): Promise<RunSoFar['history']> {
  try {
    return await historyReader(runDir).sinceApproval();
  } catch (error) {
    if (error instanceof ObservationError) return null;
    throw error;
  }
}

/** What was sent, beside what the run recorded; a full disk must not keep the others from being told. */
function record({ runDir }: Notifier, sent: Sent): void {
  try {
    appendFileSync(join(runDir, 'notifications.jsonl'), `${JSON.stringify(sent)}\n`, { mode: 0o600 });
  } catch {
    // Nobody reads this process's words.
  }
}

await main();
process.exit(0);

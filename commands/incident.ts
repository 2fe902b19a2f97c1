/**
 * `golive incident`: the emergency procedure as one command. The decision tree says whether traffic goes back, stops where it is, or somebody
 * decides; that is done first. Meanwhile the bridge is announced and who is on call is
 * paged. Nothing waits for a channel that does not answer. With --drill everybody is told that it is a drill, and every receipt is looked for.
 */
import { randomBytes } from 'node:crypto';
import { ObservationError } from '../checks/contract/capabilities.ts';
import { EXIT } from '../checks/contract/decision.ts';
import type { Channels, IncidentPlan, IncidentRecord, IncidentStep } from '../checks/contract/notify.ts';
import { errorText } from '../checks/contract/text.ts';
import { DRILL_KEY } from '../checks/protocols/notify/pagerduty.ts';
import { standingCutover } from '../cutover/unfinished.ts';
import { incidentsFolder, writeIncident } from '../reports/record/incidents/files.ts';
import { signerFor, type Sign } from '../reports/record/ledger/signing.ts';
import { compileOrTell, type Selection } from './compile.ts';
import { decided, decideNow, decisionText, goOn, stopCutover } from './incident/decide.ts';
import { openMeans, type IncidentMeans } from './incident/means.ts';
import { incidentText } from './incident/tell.ts';
import { announce, closePage, page, reachContact, reachContacts, type Told } from './incident/steps.ts';
import { rollback } from './rollback.ts';
import { writeError, writeJson, writeOut } from './write.ts';

export interface IncidentOptions extends Selection {
  readonly summary?: string;
  readonly drill?: boolean;
  /** The branch of the decision tree, where somebody knows it; measured otherwise. */
  readonly because?: string;
  /** Closes the incident of this id: its page, and the channels are told. */
  readonly resolve?: string;
  readonly json?: boolean;
}

/** 0 everything that was to be done is done; 1 somebody was not reached; 70 traffic is not back; 64 nothing is declared. */
export async function incident(options: IncidentOptions): Promise<number> {
  const compiled = compileOrTell(options);
  if (!compiled) return EXIT.usage;
  const { root, plan } = compiled;
  // Files that an environment names are relative to the project.
  process.chdir(root);
  const { incident: declared, channels = {}, name } = plan.environment;
  const problem = declared ? undeclared(declared, channels, options.because) : 'declares no incident';
  if (!declared || problem !== null) {
    writeError(
      `Environment ${name} ${problem ?? ''}.\nFix: correct incident {bridge, runbook, page, announce, tree} in ${plan.environment.file}`,
    );
    return EXIT.usage;
  }
  const means = await openMeans(root, plan, incidentsFolder(root));
  try {
    const log = begin({ ...options, root, means, release: `${plan.release.name} ${plan.release.version}` });
    if (options.resolve !== undefined) return await closing(root, options.resolve, means, log, options);
    const code = options.drill === true ? await drill(root, means, log) : await emergency(root, means, log, options);
    const record = log.end(signer(root, plan.environment, means));
    if (options.json) writeJson(record);
    else writeOut(incidentText(record, means));
    return code === EXIT.GO && !isDone(record) ? EXIT['NO-GO'] : code;
  } finally {
    await means.close();
  }
}

const DONE: readonly IncidentStep['state'][] = ['arrived', 'posted', 'ready', 'resolved', 'accepted'];
const isDone = ({ steps }: IncidentRecord): boolean => steps.every(({ state }) => DONE.includes(state));

/** A channel that is named and does not exist is found before anybody needs it; `golive validate` finds it, too. */
function undeclared(
  { page: pager, announce: names, tree }: IncidentPlan,
  channels: Channels,
  because: string | undefined,
): string | null {
  const branches = tree?.branches.map(({ name }) => name) ?? [];
  if (because !== undefined && !branches.includes(because))
    return `has no branch ${because} in its decision tree: there are ${branches.join(', ') || 'none'}`;
  const missing = [pager, ...names].filter((one) => channels[one] === undefined);
  if (missing.length > 0) return `names channels that it does not declare: ${missing.join(', ')}`;
  return channels[pager]?.type === 'pagerduty' ? null : `pages by ${pager}, which is no pager`;
}

interface Log {
  readonly id: string;
  readonly summary: string;
  readonly drill: boolean;
  /** Writes down what a step came to; what cannot be written must not stop the procedure. */
  add(told: Told): void;
  end(sign: Sign | null): IncidentRecord;
}

function begin(
  options: IncidentOptions & { readonly root: string; readonly means: IncidentMeans; readonly release: string },
): Log {
  const { root, means, release, drill: isDrill = false, summary = 'The release is in trouble' } = options;
  const id = `${isDrill ? `${DRILL_KEY}procedure-` : 'golive-incident-'}${randomBytes(6).toString('hex')}`;
  let record: IncidentRecord = {
    schema: 'golive/incident/v1',
    id,
    drill: isDrill,
    summary,
    release,
    environment: { name: means.environment, uid: means.uid },
    startedAt: new Date().toISOString(),
    endedAt: null,
    steps: [],
  };
  const write = (sign: Sign | null): void => {
    try {
      if (options.resolve === undefined) writeIncident(root, record, sign);
    } catch (error) {
      writeError(`The incident could not be recorded: ${errorText(error)}.`);
    }
  };
  write(null);
  return {
    id,
    summary,
    drill: isDrill,
    add(told) {
      const step: IncidentStep = { ...told, at: new Date().toISOString() };
      record = { ...record, steps: [...record.steps, step] };
      write(null);
    },
    end(sign) {
      record = { ...record, endedAt: new Date().toISOString() };
      write(sign);
      return record;
    },
  };
}

/** What the tree says first, and everybody told at the same time. */
async function emergency(root: string, means: IncidentMeans, log: Log, { because }: IncidentOptions): Promise<number> {
  const decision = await decideNow(means, because);
  log.add(decided(decision));
  const contact = means.plan.tree?.branches.find(({ name }) => name === decision.branch)?.contact;
  const told = { ...log, summary: `${log.summary}. ${decisionText(decision, contact)}` };
  const telling = Promise.all([
    announce(means, told),
    page(means, told),
    ...(decision.action === 'escalate' ? [reachContact(means, told, contact)] : []),
  ]);
  const stopped = decision.action === 'stop' ? stopCutover(root) : null;
  if (stopped) log.add(stopped);
  const code = stopped || decision.action === 'escalate' ? EXIT.GO : await takeBack(log);
  await telling;
  return code;
}

async function takeBack(log: Log): Promise<number> {
  const code = await rollback({}).catch((error: unknown) => {
    writeError(`Traffic could not be taken back: ${errorText(error)}.\nFix: run golive rollback`);
    return EXIT.broken;
  });
  const state = code === EXIT.broken ? 'failed' : 'ready';
  log.add({ step: 'stop-cutover', on: 'the cutover', state, detail: `golive rollback ended with ${code}` });
  return code === EXIT.broken ? EXIT.broken : EXIT.GO;
}

/** Nothing is taken back; everything else is done, looked at and closed again. */
async function drill(root: string, means: IncidentMeans, log: Log): Promise<number> {
  const standing = standingCutover(root);
  const detail = standing ? `run ${standing.run} would be taken back: it is ${standing.is}` : 'none has begun';
  log.add(decided(await decideNow(means, undefined)));
  log.add({ step: 'stop-cutover', on: 'the cutover', state: 'ready', detail });
  try {
    await Promise.all([announce(means, log), page(means, log).then((state) => reachContacts(means, log, state))]);
  } finally {
    await closePage(means, log, log.id);
  }
  return EXIT.GO;
}

async function closing(
  root: string,
  id: string,
  means: IncidentMeans,
  log: Log,
  { json }: IncidentOptions,
): Promise<number> {
  goOn(root);
  await closePage(means, log, id);
  await announce(means, { ...log, summary: `Incident ${id} is resolved` });
  const record = log.end(null);
  if (json) writeJson(record);
  else writeOut(incidentText(record, means));
  return isDone(record) ? EXIT.GO : EXIT['NO-GO'];
}

/** Nobody vouches for a record of a cluster that could not be asked who it is. */
function signer(
  root: string,
  environment: Parameters<typeof signerFor>[1]['environment'],
  { uid }: IncidentMeans,
): Sign | null {
  if (uid === '') return null;
  const sign = signerFor(root, { environment }, process.env);
  if (sign === null) return null;
  return (text) => {
    try {
      return sign(text);
    } catch (error) {
      throw new ObservationError('misconfigured', errorText(error));
    }
  };
}

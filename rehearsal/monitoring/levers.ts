/** The ways in which monitoring can be broken, each with its repair. */
import type { LeverArguments } from '../../fixtures/rehearsal-client/control-protocol.ts';
import type { Levers, Release } from '../levers.ts';
import type { Alertmanager } from './alertmanager.ts';
import type { Prometheus } from './prometheus.ts';
import { fedReplica, type FedReplica } from './fed-replica.ts';
import type { Rule, RuleGroup } from './rules.ts';

export interface MonitoringParts {
  readonly prometheus: Prometheus;
  readonly alertmanager: Alertmanager;
  /** Replicas that only metrics exist of. */
  readonly replicas: Map<string, FedReplica>;
  /** Services that discovery leaves out. */
  readonly forgotten: Set<string>;
  /** The platform's rules. */
  readonly groups: readonly RuleGroup[];
  readonly rulesLoaded: Promise<void>;
}

const text = (args: LeverArguments, name: string): string => {
  const value = args[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new Error(`the lever needs ${name}`);
};

export function addMonitoringLevers(levers: Levers, parts: MonitoringParts): void {
  const { prometheus, alertmanager, forgotten } = parts;
  levers.add('prometheus.kill', () => killed(prometheus));
  levers.add('alertmanager.kill', () => killed(alertmanager));
  // {job}: a service that Prometheus no longer scrapes. It notices within six seconds.
  levers.add('prometheus.forget-target', (args) => {
    const job = text(args, 'job');
    forgotten.add(job);
    return Promise.resolve(() => {
      forgotten.delete(job);
      return Promise.resolve();
    });
  });
  // {without?: alert's name, add?: rules, change?: {alert, …members}}: other rules than the platform's.
  levers.add('prometheus.rules', async (args) => {
    await parts.rulesLoaded;
    const begun = new Date();
    await prometheus.setRules(changedRules(parts.groups, args));
    return async () => {
      await prometheus.setRules(parts.groups);
      await prometheus.forgetSince(begun);
    };
  });
  // Prometheus over an empty folder: as after the loss of its volume. The release gives the old samples back.
  levers.add('prometheus.lose-data', async () => {
    await parts.rulesLoaded;
    const had = await prometheus.swapData(undefined);
    return async () => {
      await prometheus.swapData(had);
    };
  });
  // {job, colour, perSecond, errorRatio?, seconds?}: metrics of one more replica, which serves so many requests a second, fails that
  // share of them and takes so long. Only its metrics exist: what is recorded over minutes cannot be made in seconds.
  levers.add('prometheus.replica', (args) => {
    const pod = `${text(args, 'job')}-fed`;
    parts.replicas.set(pod, fedReplica(pod, args));
    return Promise.resolve(async () => {
      parts.replicas.delete(pod);
      await prometheus.forgetSeries(`{pod="${pod}"}`);
    });
  });
  // Changes nothing; its release makes Prometheus forget everything since. For faults whose traces would outlive them.
  levers.add('prometheus.rewind', () => {
    const begun = new Date();
    return Promise.resolve(() => prometheus.forgetSince(begun));
  });
  // {replace, with}: a text of the configuration in place of another.
  levers.add('alertmanager.config', async (args) => {
    const before = alertmanager.config();
    const after = before.replaceAll(text(args, 'replace'), text(args, 'with'));
    if (after === before) throw new Error(`the configuration does not hold ${text(args, 'replace')}`);
    await alertmanager.setConfig(after);
    return () => alertmanager.setConfig(before);
  });
  // {matchers: [{name, value}], comment?, createdBy?}: a silence of an hour.
  levers.add('alertmanager.silence', (args) => silenced(alertmanager, args));
}

async function killed(program: Prometheus | Alertmanager): Promise<Release> {
  await program.kill();
  return () => program.start();
}

function changedRules(groups: readonly RuleGroup[], args: LeverArguments): readonly RuleGroup[] {
  const { without, add, change } = args;
  const changes = change as Rule | undefined;
  const kept = groups.map(({ name, rules }) => ({
    name,
    rules: rules
      .filter((rule) => without === undefined || rule['alert'] !== without)
      .map((rule) => (changes && rule['alert'] === changes['alert'] ? { ...rule, ...changes } : rule)),
  }));
  return Array.isArray(add) ? [...kept, { name: 'added', rules: add as Rule[] }] : kept;
}

async function silenced({ url }: Alertmanager, args: LeverArguments): Promise<Release> {
  const now = Date.now();
  const matchers = (args['matchers'] as readonly object[]).map((one) => ({ isRegex: false, isEqual: true, ...one }));
  const silence = {
    matchers,
    startsAt: new Date(now).toISOString(),
    endsAt: new Date(now + 3_600_000).toISOString(),
    createdBy: args['createdBy'] ?? '',
    comment: args['comment'] ?? '',
  };
  const answer = await fetch(`${url}/api/v2/silences`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(silence),
    signal: AbortSignal.timeout(5000),
  });
  const said = await answer.text();
  if (!answer.ok) throw new Error(`Alertmanager refused the silence: ${said.slice(0, 200)}`);
  const { silenceID } = JSON.parse(said) as { readonly silenceID: string };
  return async () => {
    await fetch(`${url}/api/v2/silence/${silenceID}`, { method: 'DELETE', signal: AbortSignal.timeout(5000) });
  };
}

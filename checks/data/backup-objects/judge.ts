/** What operators and CronJobs tell of their backups. */
import type { KubeObject } from '../../contract/cluster.ts';
import { at, listAt, textAt } from '../../contract/json.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import { objectSubject, subjectText, type Say, type Subject } from '../../kit/kind.ts';
import type { Params } from './params.ts';

export const messages = {
  missing: {
    says: '{subject}: does not exist, expected it.',
    fix: 'Correct the name in the item, or create what makes the backups.',
  },
  noBackup: {
    says: '{subject}: has no good backup, expected one in the last {maxAge}.',
    fix: 'See why none has succeeded, and take one now.',
  },
  tooOld: {
    says: '{subject}: the newest good backup ended {age} ago, expected {maxAge} at most.',
    fix: 'See what keeps the later ones from succeeding, and take one now.',
  },
  archivingFails: {
    says: '{subject}: archives no WAL ({why}), expected continuous archiving.',
    fix: 'Repair the archive: what was committed since the newest backup would be lost.',
  },
  partial: {
    says: '{subject}: its latest backup {name} ended as {phase}, expected Completed.',
    fix: 'See "velero backup describe --details" for what it lacks.',
  },
  unavailable: {
    says: '{subject}: is {phase}, expected Available.',
    fix: 'Repair the bucket or its credentials: nothing can be written there, or read.',
  },
  suspended: {
    says: '{subject}: is suspended, expected it to run.',
    fix: 'Set spec.suspend to false.',
  },
} as const;
type Voice = Say<typeof messages>;

/** A good backup; when it ended, RFC 3339. */
interface Good {
  readonly of: string;
  readonly at: string;
}

export function judge(
  params: Params,
  { objects }: { readonly objects: readonly KubeObject[] },
  say: Voice,
  now: Date,
): void {
  const of = (kind: string, group: string, namespace: string): readonly KubeObject[] =>
    objects.filter(
      (one) =>
        one.kind === kind &&
        textAt(one, '', 'apiVersion').startsWith(`${group}/`) &&
        one.metadata.namespace === namespace,
    );
  const rows: (readonly [string, string | null, string | null])[] = [];
  const judgeAge = (subject: Subject, good: readonly Good[]): void => {
    const newest = good
      .filter((one) => !Number.isNaN(Date.parse(one.at)))
      .sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
      .at(-1);
    rows.push([subjectText(subject), newest?.of ?? null, newest?.at ?? null]);
    if (!newest) return say.fail('noBackup', subject, { maxAge: params.maxAge });
    const age = now.getTime() - Date.parse(newest.at);
    if (age > durationMs(params.maxAge)) say.fail('tooOld', subject, { age: formatMs(age), maxAge: params.maxAge });
  };
  for (const { namespace, cluster } of params.cloudNativePg) {
    const subject = objectSubject('Cluster', { namespace, name: cluster });
    const found = of('Cluster', 'postgresql.cnpg.io', namespace).find(({ metadata }) => metadata.name === cluster);
    say.judged(subject);
    if (!found) say.fail('missing', subject);
    else {
      judgeArchiving(subject, found, say);
      judgeAge(
        subject,
        goodOf(
          found,
          of('Backup', 'postgresql.cnpg.io', namespace),
          of('ObjectStore', 'barmancloud.cnpg.io', namespace),
        ),
      );
    }
  }
  for (const { namespace, schedule } of params.velero) {
    const subject = objectSubject('Schedule', { namespace, name: schedule });
    say.judged(subject);
    judgeVelero(
      subject,
      {
        backups: of('Backup', 'velero.io', namespace),
        locations: of('BackupStorageLocation', 'velero.io', namespace),
        schedule,
        judgeAge,
      },
      say,
      now,
    );
  }
  for (const { namespace, name } of params.cronJobs) {
    const subject = objectSubject('CronJob', { namespace, name });
    const found = of('CronJob', 'batch', namespace).find(({ metadata }) => metadata.name === name);
    say.judged(subject);
    if (!found) {
      say.fail('missing', subject);
      continue;
    }
    if (at(found, 'spec', 'suspend') === true) say.fail('suspended', subject);
    const last = textAt(found, '', 'status', 'lastSuccessfulTime');
    judgeAge(subject, last === '' ? [] : [{ of: 'the last Job that succeeded', at: last }]);
  }
  say.show(table('Newest good backups', ['of', 'backup', 'ended'], rows));
}

/** With the plugin the cluster's own fields stand still: its store and the Backups tell. */
function goodOf(cluster: KubeObject, backups: readonly KubeObject[], stores: readonly KubeObject[]): readonly Good[] {
  const { name } = cluster.metadata;
  const plugins = listAt(cluster, 'spec', 'plugins').filter(
    (one) => textAt(one, '', 'parameters', 'barmanObjectName') !== '',
  );
  const completed = backups
    .filter(
      (one) =>
        textAt(one, '', 'spec', 'cluster', 'name') === name && textAt(one, '', 'status', 'phase') === 'completed',
    )
    .map((one) => ({ of: one.metadata.name, at: textAt(one, '', 'status', 'stoppedAt') }));
  if (plugins.length === 0)
    return [...completed, { of: 'status of the cluster', at: textAt(cluster, '', 'status', 'lastSuccessfulBackup') }];
  const written = plugins.map((plugin) => {
    const store = stores.find(({ metadata }) => metadata.name === textAt(plugin, '', 'parameters', 'barmanObjectName'));
    const server = textAt(plugin, name, 'parameters', 'serverName');
    return {
      of: `ObjectStore ${store?.metadata.name ?? ''}`,
      at: textAt(store, '', 'status', 'serverRecoveryWindow', server, 'lastSuccessfulBackupTime'),
    };
  });
  return [...completed, ...written];
}

function judgeArchiving(subject: Subject, cluster: KubeObject, say: Voice): void {
  const condition = listAt(cluster, 'status', 'conditions').find(
    (one) => textAt(one, '', 'type') === 'ContinuousArchiving',
  );
  const status = textAt(condition, 'Unknown', 'status');
  if (status === 'False') say.fail('archivingFails', subject, { why: textAt(condition, 'no reason given', 'message') });
  else if (status !== 'True') say.unknown(subject, 'whether WAL is archived (ContinuousArchiving)');
}

interface OfVelero {
  readonly backups: readonly KubeObject[];
  readonly locations: readonly KubeObject[];
  readonly schedule: string;
  readonly judgeAge: (subject: Subject, good: readonly Good[]) => void;
}
/** Times are set on failure, too, and what has expired may still be listed: neither is a backup. */
function judgeVelero(
  subject: Subject,
  { backups, locations, schedule, judgeAge }: OfVelero,
  say: Voice,
  now: Date,
): void {
  const own = backups.filter(({ metadata }) => metadata.labels?.['velero.io/schedule-name'] === schedule);
  const phaseOf = (one: KubeObject): string => textAt(one, '', 'status', 'phase');
  const endOf = (one: KubeObject): string => textAt(one, '', 'status', 'completionTimestamp');
  const good = own.filter((one) => {
    const expires = Date.parse(textAt(one, '', 'status', 'expiration'));
    return phaseOf(one) === 'Completed' && !(expires <= now.getTime());
  });
  const ended = own.filter((one) => endOf(one) !== '').sort((a, b) => Date.parse(endOf(a)) - Date.parse(endOf(b)));
  const latest = ended.at(-1);
  if (latest && /Failed/.test(phaseOf(latest)))
    say.fail('partial', subject, { name: latest.metadata.name, phase: phaseOf(latest) });
  judgeAge(
    subject,
    good.map((one) => ({ of: one.metadata.name, at: endOf(one) })),
  );
  const used = new Set(good.map((one) => textAt(one, 'default', 'spec', 'storageLocation')));
  for (const location of locations.filter(({ metadata }) => used.has(metadata.name))) {
    const place = objectSubject('BackupStorageLocation', location.metadata);
    const phase = textAt(location, '', 'status', 'phase');
    say.judged(place);
    if (phase === '') say.unknown(place, 'whether it is available');
    else if (phase !== 'Available') say.fail('unavailable', place, { phase });
  }
}

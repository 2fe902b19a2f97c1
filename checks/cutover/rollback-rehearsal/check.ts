import type { CutoverEventOf } from '../../contract/cutover.ts';
import { duration } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { kind, objectSubject, subjectText, type Say } from '../../kit/kind.ts';
import { table } from '../../kit/evidence.ts';
import { cutoverParam, happened, is, lastCutover, timeReversal, type Events } from '../log.ts';

const ROLLBACK = 'Rollback';
const messages = {
  cannotBegin: {
    says: '{subject}: cannot begin ({why}), expected nothing in its way before traffic moves.',
    fix: 'Repair what it names, then run phase 4 again: no traffic has moved.',
  },
  unfinished: {
    says: '{subject}: did not reach its end ({why}), expected a whole rollback.',
    fix: 'Repair what it names. In an emergency it would have stopped there, too.',
  },
  notAsBefore: {
    says: '{subject}: {what} was {outcome} after it{message}, expected pass.',
    fix: 'See that item: what the rollback is verified by must hold before the cutover begins.',
  },
  slow: {
    says: '{subject}: took {actual}, expected at most {expected}.',
    fix: 'See which act of it took so long; users wait for it in an emergency.',
  },
} as const;

export const rollbackRehearsal = kind('cutover/rollback-rehearsal', {
  title: 'The rollback was rehearsed before traffic moved',
  why: 'A rollback that is tried for the first time in an emergency fails for reasons nobody thought of: a missing right, a revision that was removed, a Lease that is held.',
  sees: [
    'The same program that would roll back during the cutover: it takes the Lease, records the revisions of the Deployments that serve, writes the weight 0, brings them to their recorded revisions, waits until they have converged, asks users’ requests and re-runs the items that verify it; all timed.',
  ],
  not: ['That the database schema of the new release suits the old one.'],
  needs: ['cutover'],
  changes: 'cutover',
  required: ['cutover'],
  params: {
    cutover: cutoverParam,
    weight: {
      type: 'number',
      exclusiveMinimum: 0,
      maximum: 50,
      description:
        'Percent of the traffic that the cutover gives to the new release and takes back again before its first step, so that the way back is gone once with real weights; none when absent.',
    },
    maxDuration: duration('Longest time from the first act to everything verified.', '60s'),
  },
  messages,
  gather: (_, { cutover }) => cutover.rehearse(),

  judge({ maxDuration }, events, say) {
    const { own, end, stable, took, verified, looks } = rehearsalIn(events);
    const most = durationMs(maxDuration);
    say.judged(ROLLBACK, ...stable.map(subjectOf));
    say.show(
      happened('The rollback', own),
      table(
        'Recorded to go back to',
        ['Deployment', 'revision', 'replicas', 'ReplicaSet'],
        stable.map((one) => [`${one.namespace}/${one.deployment}`, one.revision, one.replicas, one.replicaSet]),
      ),
    );
    if (end?.event === 'refused' || end?.event === 'unfinished')
      return say.fail(end.event === 'refused' ? 'cannotBegin' : 'unfinished', ROLLBACK, { why: end.why });
    if (took === null || stable.length === 0 || looks.length === 0)
      return say.unsure(
        'too-few-samples',
        'The process that rolls back reported no end, or not what it goes back to and looks at. See cutover.log in the folder of the run.',
      );
    say.show({
      type: 'value',
      title: 'From the first act to everything verified',
      value: took,
      unit: 'ms',
      bound: { comparison: '<=', value: most },
    });
    judgeEnd(looks, verified, say);
    if (took > most) say.fail('slow', ROLLBACK, { actual: formatMs(took), expected: maxDuration });
    for (const missing of missingOf(own, stable.map(subjectOf)))
      say.unsure('too-few-samples', `The log does not show a whole rollback: ${missing}.`);
  },
});

/** What the log says of the last rehearsal; `took` is null where it does not say both when it began and that it ended. */
function rehearsalIn(events: Events) {
  const own = lastCutover(events);
  const end = own.at(-1);
  const first = own.find(is('rollback-begun'));
  const over = end?.event === 'rolled-back' ? end : undefined;
  return {
    own,
    end,
    took: over && first ? Math.max(over.msToRecovery, over.ms - first.ms) : null,
    verified: over?.verified === true,
    looks: own.filter(is('verified')),
    stable: own.find(is('begun'))?.stable ?? [],
  };
}

/** What it looked at, once it had ended. */
function judgeEnd(looks: readonly CutoverEventOf<'verified'>[], verified: boolean, say: Say<typeof messages>): void {
  const failed = looks.filter(({ outcome }) => outcome !== 'pass');
  for (const { item, outcome, message } of failed)
    say.fail('notAsBefore', ROLLBACK, { what: item, outcome, message: message === null ? '' : ` (${message})` });
  // What failed may be missing from the log: a disk that is full stops no rollback.
  if (!verified && failed.length === 0)
    say.fail('notAsBefore', ROLLBACK, { what: 'something it looked at', outcome: 'not verified', message: '' });
}

const subjectOf = ({ namespace, deployment: name }: { readonly namespace: string; readonly deployment: string }) =>
  objectSubject('Deployment', { namespace, name });

/** What the log of a rollback that ended does not show, or not in its order. */
function missingOf(own: Events, stable: readonly ReturnType<typeof subjectOf>[]): string[] {
  const reversal = timeReversal(own);
  const way = own.slice(own.findIndex(is('rollback-begun')));
  const zeroAt = way.findIndex(is('zero'));
  if (zeroAt === -1) return ['traffic is not known to be at 0 %'];
  const rest = way.slice(zeroAt);
  const acts = rest.filter(is('rollback-act')).map(({ act }) => act);
  return [
    ...(reversal === null ? [] : [`it is not of one clock, ${reversal}`]),
    ...stable
      .map(subjectText)
      .filter((name) => !acts.some((act) => act.startsWith(`${name} `)))
      .map((name) => `${name} was recorded and not brought back`),
    ...(rest.filter(is('verified')).some(({ item }) => item === 'users') ? [] : ['users were not looked at']),
  ];
}

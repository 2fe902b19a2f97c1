import { duration } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { kind, objectSubject, subjectText } from '../../kit/kind.ts';
import { table } from '../../support/evidence.ts';
import { cutoverParam, happened, is, lastCutover, timeReversal, type Events } from '../log.ts';

const ROLLBACK = 'Rollback';

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
    maxDuration: duration('Longest time from the first act to everything verified.', '60s'),
  },
  messages: {
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
  },
  gather: (_, { cutover }) => cutover.rehearse(),

  judge({ maxDuration }, events, say) {
    const own = lastCutover(events);
    const end = own.at(-1);
    const first = own.find(is('rollback-begun'));
    const stable = own.find(is('begun'))?.stable ?? [];
    const most = durationMs(maxDuration);
    const took = end?.event === 'rolled-back' && first ? Math.max(end.msToRecovery, end.ms - first.ms) : null;
    say.judged(ROLLBACK, ...stable.map(subjectOf));
    say.show(
      happened('The rollback', own),
      table(
        'Recorded to go back to',
        ['Deployment', 'revision', 'replicas', 'ReplicaSet'],
        stable.map((one) => [`${one.namespace}/${one.deployment}`, one.revision, one.replicas, one.replicaSet]),
      ),
    );
    if (took !== null)
      say.show({
        type: 'value',
        title: 'From the first act to everything verified',
        value: took,
        unit: 'ms',
        bound: { comparison: '<=', value: most },
      });
    if (end?.event === 'refused') return say.fail('cannotBegin', ROLLBACK, { why: end.why });
    if (end?.event === 'unfinished') return say.fail('unfinished', ROLLBACK, { why: end.why });
    const looks = own.filter(is('verified'));
    if (end?.event !== 'rolled-back' || took === null || stable.length === 0 || looks.length === 0)
      return say.unsure(
        'too-few-samples',
        'The process that rolls back reported no end, or not what it goes back to and looks at. See cutover.log in the folder of the run.',
      );
    const failed = looks.filter(({ outcome }) => outcome !== 'pass');
    for (const { item, outcome, message } of failed)
      say.fail('notAsBefore', ROLLBACK, { what: item, outcome, message: message === null ? '' : ` (${message})` });
    // What failed may be missing from the log: a disk that is full stops no rollback.
    if (!end.verified && failed.length === 0)
      say.fail('notAsBefore', ROLLBACK, { what: 'something it looked at', outcome: 'not verified', message: '' });
    if (took > most) say.fail('slow', ROLLBACK, { actual: formatMs(took), expected: maxDuration });
    for (const missing of missingOf(own, stable.map(subjectOf)))
      say.unsure('too-few-samples', `The log does not show a whole rollback: ${missing}.`);
  },
});

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

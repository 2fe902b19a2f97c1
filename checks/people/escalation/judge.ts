import { durationMs, formatMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import type { Say } from '../../kit/kind.ts';
import type { Looked } from '../pages.ts';

export const messages = {
  oneLevel: {
    says: '{subject}: has {levels} level(s) of escalation, expected two at least.',
    fix: 'Add a second level to the escalation policy, with another person or schedule.',
  },
  nobody: {
    says: '{subject}: nobody is on call there, expected somebody.',
    fix: 'Put somebody into the schedule of this level.',
  },
  samePerson: {
    says: '{subject}: is {people}, who is the first level, too; expected somebody else.',
    fix: 'Give the second level another person: whoever does not hear the first call does not hear the second.',
  },
  slow: {
    says: '{subject}: waits {delay} before it escalates, expected {longest} at most.',
    fix: 'Shorten the delay of this level in the escalation policy.',
  },
  refused: {
    says: '{subject}: the page was refused ({why}), expected it to be taken over.',
    fix: 'Correct the integration key of the service in the environment file.',
  },
  notReached: {
    says: '{subject}: an unacknowledged page was {where} after {after}, expected it on the second level after {delay}.',
    fix: 'See the timeline of the incident: the policy of the service is another one, or its second level cannot be assigned.',
  },
  notTaken: {
    says: '{subject}: the page was {status} after it was acknowledged, expected it to be acknowledged.',
    fix: 'See which integration the acknowledgement came through.',
  },
  wentOn: {
    says: '{subject}: an acknowledged page went on to {people}, expected it to stay where it was.',
    fix: 'Remove the acknowledgement time-out of the service, or make it longer than the repair takes.',
  },
} as const;

export interface Level {
  readonly delayMs: number;
  readonly people: readonly { readonly user: string; readonly name: string }[];
}
/** What was seen of the page, step by step; what is absent was not come to. */
export interface Drilled {
  readonly refused: string | null;
  readonly reached?: Looked;
  readonly taken?: Looked;
  readonly after?: Looked;
}
export interface Seen {
  readonly levels: readonly Level[];
  /** Null: the policy itself cannot escalate, and nobody was paged. */
  readonly drill: Drilled | null;
}
interface Params {
  readonly longestDelay: string;
}
type Speaks = Say<typeof messages>;
const POLICY = 'Escalation policy';

export function judge(params: Params, { levels, drill }: Seen, say: Speaks): void {
  say.judged(POLICY);
  say.show(
    table(
      'Levels',
      ['level', 'escalates after', 'on call now'],
      levels.map(({ delayMs, people }, index) => [index + 1, formatMs(delayMs), namesOf(people)]),
    ),
  );
  if (levels.length < 2) return say.fail('oneLevel', POLICY, { levels: levels.length });
  judgeLevels(params, levels, say);
  if (drill) judgeDrill(levels, drill, say);
}

const namesOf = (people: Level['people']): string => people.map(({ name, user }) => name || user).join(', ');

function judgeLevels({ longestDelay }: Params, levels: readonly Level[], say: Speaks): void {
  const [first, second] = levels;
  for (const [index, { people }] of levels.entries())
    if (people.length === 0) say.fail('nobody', `Level ${index + 1}`, {});
  if (!first || !second) return;
  const others = second.people.filter(({ user }) => !first.people.some((one) => one.user === user));
  if (second.people.length > 0 && others.length === 0)
    say.fail('samePerson', 'Level 2', { people: namesOf(second.people) });
  if (first.delayMs > durationMs(longestDelay))
    say.fail('slow', 'Level 1', { delay: formatMs(first.delayMs), longest: formatMs(durationMs(longestDelay)) });
}

type Names = (ids: readonly string[]) => string;

function judgeDrill(levels: readonly Level[], drill: Drilled, say: Speaks): void {
  const all = levels.flatMap((level) => level.people);
  const names: Names = (ids) => namesOf(all.filter(({ user }) => ids.includes(user))) || ids.join(', ');
  if (drill.refused !== null) return say.fail('refused', POLICY, { why: drill.refused });
  say.show(
    table(
      'The page of the drill',
      ['moment', 'status', 'with'],
      [
        ['unacknowledged', ...seenAs(drill.reached, names)],
        ['acknowledged', ...seenAs(drill.taken, names)],
        ['a delay later', ...seenAs(drill.after, names)],
      ],
    ),
  );
  if (!drill.taken) return say.fail('notReached', POLICY, stuck(levels, drill.reached, names));
  judgeTaken(drill.taken, say);
  judgeAfter(drill.taken.incident?.assignees ?? [], drill.after?.incident ?? null, names, say);
}

const seenAs = (looked: Looked | undefined, names: Names): readonly [string, string] => {
  const { incident } = looked ?? { incident: null };
  return incident ? [incident.status, names(incident.assignees)] : ['not seen', ''];
};

function stuck(levels: readonly Level[], reached: Looked | undefined, names: Names) {
  const { incident, ms } = reached ?? { incident: null, ms: 0 };
  const where = incident ? `with ${names(incident.assignees) || 'nobody'}` : 'nowhere to be seen';
  return { where, after: formatMs(ms), delay: formatMs(levels[0]?.delayMs ?? 0) };
}

function judgeTaken({ incident }: Looked, say: Speaks): void {
  const status = incident ? incident.status : 'missing';
  if (status === '') say.unknown(POLICY, 'the status of the page');
  else if (status !== 'acknowledged') say.fail('notTaken', POLICY, { status });
}

function judgeAfter(before: readonly string[], after: Looked['incident'], names: Names, say: Speaks): void {
  if (!after) return say.unknown(POLICY, 'where the page is after its acknowledgement');
  const others = after.assignees.filter((user) => !before.includes(user));
  if (others.length > 0) say.fail('wentOn', POLICY, { people: names(others) });
  else if (after.willEscalate === true) say.fail('wentOn', POLICY, { people: 'the next level soon' });
}

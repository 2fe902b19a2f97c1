import { contactsSchema, incidentSchema, TREE_ACTIONS } from '../../contract/notify-schemas.ts';
import type { Contact, DecisionTree, TreeAction, TreeBranch } from '../../contract/notify.ts';
import { table } from '../../kit/evidence.ts';
import { kind, type Say } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { valueText } from '../../protocols/prometheus.ts';
import { decideByTree, readBranch, type BranchReading } from '../tree.ts';

const messages = {
  noTree: {
    says: '{subject}: is not declared, expected a branch for each of {branches}.',
    fix: 'Write incident.tree in the environment file.',
  },
  missing: {
    says: '{subject}: is no branch of the decision tree, expected {action}.',
    fix: 'Add the branch to incident.tree in the environment file.',
  },
  wrongAction: {
    says: '{subject}: fed {fed}, the tree did {actual}, expected {action} at once.',
    fix: 'Correct the action of this branch in incident.tree, or what another branch says of the same values.',
  },
  tooHigh: {
    says: '{subject}: is taken above {actual}, expected {atMost} at most.',
    fix: 'Lower its threshold (above) in incident.tree.',
  },
  nobodyTold: {
    says: '{subject}: escalates to {contact}, whom no channel reaches; expected a contact with a channel.',
    fix: 'Give this contact a channel in the environment file, under contacts.',
  },
  blind: {
    says: '{subject}: sees nothing ({why}), expected one number: nobody would ever be told.',
    fix: 'Correct its query in incident.tree, or see why its metric is gone.',
  },
  underWay: {
    says: '{subject}: is {actual} now, above {above}; expected nothing that stops the deployment before it begins.',
    fix: 'Follow the plan for incidents: find out what it is before anything is deployed.',
  },
} as const;

/** What the checklist says of a branch. */
interface Wanted {
  readonly name: string;
  readonly action: TreeAction;
  readonly atMost?: number | undefined;
}

export const decisionTree = kind('people/decision-tree', {
  title: 'In an emergency the decision tree does the right thing at once',
  why: 'Which way to go is decided before anything burns: whoever decides it then has two minutes and half of the facts.',
  sees: [
    'The function by which golive incident decides, fed series made for each branch: calm does nothing, the first value above the threshold does what the checklist says, the threshold itself does not.',
    'That a branch nobody can read takes traffic back.',
    'What each branch reads now: one number.',
  ],
  not: ['Whether people follow it.', 'Whether a threshold is right.'],
  needs: ['http'],
  params: {
    incident: incidentSchema,
    contacts: contactsSchema,
    branches: {
      type: 'array',
      minItems: 1,
      description: 'What the checklist says: each of these is a branch of the tree.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'action'],
        properties: {
          name: { type: 'string', minLength: 1, description: 'The name of the branch in the environment file.' },
          action: { type: 'string', enum: TREE_ACTIONS, description: 'What it must do.' },
          atMost: { type: 'number', minimum: 0, description: 'The highest threshold it may have.' },
        },
      },
    },
  },
  required: ['incident', 'branches'],
  messages,
  rights: ({ incident: { tree } }) => mayReadSecrets([tree?.prometheusToken, tree?.alertmanagerToken]),

  gather: async ({ incident: { tree } }, { http }) =>
    await Promise.all((tree?.branches ?? []).map((branch) => readBranch(http, tree ?? { branches: [] }, branch))),

  judge({ incident: { tree }, contacts = [], branches: wanted }, readings, say) {
    if (!tree) {
      say.judged('The decision tree');
      return say.fail('noTree', 'The decision tree', { branches: wanted.map(({ name }) => name).join(', ') });
    }
    const rows = wanted.map((one) => {
      const subject = `Branch ${one.name}`;
      say.judged(subject);
      const branch = tree.branches.find(({ name }) => name === one.name);
      if (!branch) say.fail('missing', subject, { action: one.action });
      else judgeBranch(branch, { wanted: one, tree, contacts, readings }, say);
      const seen = readings.find((reading) => reading.branch === one.name);
      const now = seen ? (seen.value === null ? (seen.why ?? '') : valueText(seen.value)) : '';
      return [one.name, branch ? `above ${branch.above}` : 'none', one.action, now];
    });
    say.show(table('Dry run of the decision tree', ['branch', 'taken', 'does', 'now'], rows));
  },
});

interface Judged {
  readonly wanted: Wanted;
  readonly tree: DecisionTree;
  readonly contacts: readonly Contact[];
  readonly readings: readonly BranchReading[];
}

function judgeBranch(
  branch: TreeBranch,
  { wanted, tree, contacts, readings }: Judged,
  say: Say<typeof messages>,
): void {
  const subject = `Branch ${branch.name}`;
  const { action, atMost } = wanted;
  for (const { fed, actual } of dryRun(branch, action, tree.branches))
    say.fail('wrongAction', subject, { fed, actual, action });
  if (atMost !== undefined && branch.above > atMost) say.fail('tooHigh', subject, { actual: branch.above, atMost });
  const contact = contacts.find(({ name }) => name === branch.contact);
  if (branch.action === 'escalate' && contact?.channel === undefined)
    say.fail('nobodyTold', subject, { contact: branch.contact ?? 'nobody' });
  const seen = readings.find((one) => one.branch === branch.name);
  const isEmpty = seen?.value === null && seen.why === 'the query gives NaN';
  if (isEmpty)
    say.unsure('too-few-samples', `${subject}: nothing happened that it could count (${seen.why}).`, { subject });
  else if (seen?.value === null) say.fail('blind', subject, { why: seen.why ?? '' });
  // What a rollback or a product owner is for before anything is deployed, other items judge.
  else if (seen && branch.action === 'stop' && seen.value > branch.above)
    say.fail('underWay', subject, { actual: valueText(seen.value), above: branch.above });
}

/** Feeds the tree the series of one branch, everything else calm; answers what did not go as it must. */
function dryRun(
  { name, above }: TreeBranch,
  action: TreeAction,
  branches: readonly TreeBranch[],
): readonly { readonly fed: string; readonly actual: string }[] {
  const calm = branches.map((one): BranchReading => ({ branch: one.name, value: 0, why: null }));
  const steps: readonly (readonly [fed: string, value: number | null, expected: string])[] = [
    ['a calm value', 0, 'nothing'],
    ['its threshold', above, 'nothing'],
    ['a value above its threshold', above * 1.01 + Number.EPSILON, action],
    ['no value', null, 'rollback'],
  ];
  return steps.flatMap(([fed, value, expected]) => {
    const readings = calm.map((one) => (one.branch === name ? { ...one, value, why: 'nothing was read' } : one));
    const { action: done, branch } = decideByTree(branches, readings);
    // Without a branch traffic goes back because somebody declared an incident, not because of this value.
    const actual = branch === null && value !== null ? 'nothing' : done;
    return actual === expected ? [] : [{ fed, actual }];
  });
}

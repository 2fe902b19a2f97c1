import { kubernetesName } from '../../contract/param-schemas.ts';
import { table } from '../../kit/evidence.ts';
import { attempt, kind, objectSubject, type Say } from '../../kit/kind.ts';
import { DEPLOYMENTS, mayList, REPLICA_SETS } from '../../protocols/kubernetes.ts';
import { DocumentReader, type ReadDocument } from '../documents.ts';
import { names } from '../names.ts';
import { judgeRelease, releaseMessages, releaseParams } from '../release.ts';
import { documentPath, judgeDocument, reviewMessages, reviewParams, showDocuments } from '../review.ts';
import { changedSettings, releaseBefore, settingsOf } from './settings.ts';

const messages = {
  ...reviewMessages,
  ...releaseMessages,
  noSection: {
    says: '{subject}: has no section "{title}" with a text, expected it.',
    fix: 'Write the section; where nothing has changed, say so in a sentence.',
  },
  undocumented: {
    says: '{subject}: {setting} differs from the release before, and the document does not name it, expected it in section "{title}".',
    fix: 'Write down what was changed and why, under the very name of the setting.',
  },
  unfounded: {
    says: '{subject}: says that {setting} was changed, and no Deployment differs in it, expected what was changed.',
    fix: 'Remove the line, or make the change that it promises.',
  },
} as const;

export const configurationChanges = kind('documents/configuration-changes', {
  title: 'What was changed in the configuration is written down',
  why: 'The first question of every incident is what was changed: a setting that nobody wrote down is found last.',
  sees: [
    'Environment, arguments, resources, probes, ports and volumes of each Deployment against those of the release before: its other Deployment, or the ReplicaSet of its revision before.',
    'Each setting that differs is named in the section, and no setting in its table is one that does not differ.',
    'The front matter names this version; a reviewer, not its author, and a date within the bound.',
  ],
  not: [
    'Values: they are compared and told to nobody.',
    'What changed inside ConfigMaps and Secrets of the same name.',
  ],
  needs: ['cluster', 'files'],
  params: {
    document: documentPath,
    section: { type: 'string', minLength: 1, default: 'Configuration changes', description: 'Title of the section.' },
    namespace: kubernetesName('Namespace of the Deployments.'),
    deployments: {
      type: 'array',
      minItems: 1,
      description: 'The Deployments of this release, each with that of the release before.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name'],
        properties: {
          name: kubernetesName('Name of the Deployment.'),
          before: kubernetesName('Name of that of the release before; without it, its own revision before.'),
        },
      },
    },
    ...releaseParams,
    ...reviewParams,
  },
  required: ['document', 'namespace', 'deployments', 'version'],
  messages,
  rights: (params) => mayList([DEPLOYMENTS, ...(needsReplicaSets(params) ? [REPLICA_SETS] : [])], params.namespace),

  async gather(params, { cluster, files }, { fresh }) {
    const { document, namespace, deployments, sites } = params;
    const [read, listed, sets] = await Promise.all([
      new DocumentReader(files, sites).read(document),
      cluster.list(DEPLOYMENTS, { namespace, fresh }),
      attempt(async () =>
        needsReplicaSets(params) ? (await cluster.list(REPLICA_SETS, { namespace, fresh })).items : [],
      ),
    ]);
    const pairs = deployments.map((pair) => {
      const [now, before] = [
        listed.items.find(({ metadata }) => metadata.name === pair.name),
        releaseBefore(pair, listed.items, sets.seen ?? []),
      ];
      // Values stay here: what differs is told by name alone.
      return {
        name: pair.name,
        changes: now && before ? changedSettings(settingsOf(before), settingsOf(now)) : [],
        before: before?.metadata.name ?? null,
        isThere: now !== undefined,
      };
    });
    return { read, pairs, refused: sets.refusal };
  },

  judge(params, { read, pairs, refused }, say, now) {
    const compared = pairs.filter(({ before, isThere }) => before !== null && isThere);
    for (const { name, before, isThere } of pairs) {
      const subject = objectSubject('Deployment', { name, namespace: params.namespace });
      say.judged(subject);
      if (!isThere) say.unsure('no-subjects', `Deployment ${params.namespace}/${name} does not exist.`, { subject });
      else if (before === null && refused) say.refused(refused, subject);
      else if (before === null)
        say.unsure('unknown-value', `Nothing is there of the release before Deployment ${name}.`, { subject });
    }
    if (!judgeDocument(read, params, say, now)) return;
    judgeRelease(read, params, say);
    judgeChanges(read, compared, { ...params, isComplete: compared.length === pairs.length }, say);
    showDocuments([read], say);
  },
});

/** What ran before is found among a Deployment's old ReplicaSets, unless the item names it. */
function needsReplicaSets({
  deployments,
}: {
  readonly deployments: readonly { readonly before?: string | undefined }[];
}): boolean {
  return deployments.some(({ before }) => before === undefined);
}

interface Compared {
  readonly name: string;
  readonly changes: readonly string[];
  readonly before: string | null;
}

function judgeChanges(
  { path, document }: ReadDocument,
  compared: readonly Compared[],
  params: { readonly section: string; readonly namespace: string; readonly isComplete: boolean },
  say: Say<typeof messages>,
): void {
  const title = params.section;
  const passages = (document?.passages ?? []).filter(
    ({ within, form }) => form !== 'heading' && within.some((one) => one.toLowerCase() === title.toLowerCase()),
  );
  if (passages.length === 0) return say.fail('noSection', path, { title });
  for (const { name, changes } of compared)
    for (const setting of changes.filter((one) => !names(passages, nameIn(one))))
      say.fail('undocumented', objectSubject('Deployment', { name, namespace: params.namespace }), { setting, title });
  const changed = new Set(compared.flatMap(({ changes }) => changes.map(nameIn)));
  const told = passages
    .filter(({ column }) => /^settings?$/i.test(column ?? ''))
    .flatMap(({ text, line }) => [...text.matchAll(/`([^`]+)`/g)].map(([, setting = '']) => ({ setting, line })));
  for (const { setting, line } of told)
    if (params.isComplete && !changed.has(setting))
      say.fail('unfounded', path, { setting }, { at: `${path}:${line}:1` });
  const rows = compared.map(({ name, before, changes }) => [name, before, changes.join(', ') || 'nothing']);
  say.show(table('Changes', ['Deployment', 'release before', 'settings that differ'], rows));
}

/** `env LOG_LEVEL of container api` is `LOG_LEVEL` for people. */
const nameIn = (setting: string): string => setting.replace(/ of container .*$/, '').replace(/^(env|volume) /, '');

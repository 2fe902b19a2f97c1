import type { KubeObject } from '../../contract/cluster.ts';
import { at } from '../../contract/json.ts';
import { duration, namespaceList } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { DocumentReader, type ReadDocument } from '../../documents/documents.ts';
import { documentPath, judgeDocument, reviewMessages, reviewParams } from '../../documents/review.ts';
import { table } from '../../kit/evidence.ts';
import { kind, objectSubject, subjectText, type ParamsOf, type Say } from '../../kit/kind.ts';
import { externalMessages, EXTERNAL_SECRETS, judgeExternalSecrets, readExternalSecrets } from './external-secrets.ts';
import { writtenAt } from '../../protocols/written-at.ts';
import { mayList, SECRETS } from '../../protocols/kubernetes.ts';

const params = {
  namespaces: namespaceList,
  document: documentPath,
  ...reviewParams,
  rotation: duration('How long the content of a Secret may stay the same.', '90d'),
  exceptions: {
    type: 'array',
    default: [],
    description: 'Secrets that may stay longer, each with the reason; one that is not needed is reported.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['secret', 'rotation', 'reason'],
      properties: {
        secret: { type: 'string', pattern: '^[^/]+/[^/]+$', description: 'namespace/name.' },
        rotation: duration('How long it may stay the same.', '365d'),
        reason: { type: 'string', minLength: 10, description: 'Why, in a sentence.' },
      },
    },
  },
} as const;
type Params = ParamsOf<typeof params, 'namespaces' | 'document'>;

const messages = {
  ...reviewMessages,
  ...externalMessages,
  notDescribed: {
    says: '{subject}: {document} does not name it, expected how it is rotated.',
    fix: 'Write how the Secret is rotated, by whom and what has to be restarted then.',
  },
  overdue: {
    says: '{subject}: has had the same content for {age} at least, expected {expected} at most.',
    fix: 'Rotate it as the document says, and restart what reads it when it starts.',
    also: ['since'],
  },
  unneeded: {
    says: '{subject}: exceptions name it, and it does not exist; expected exceptions that are needed.',
    fix: 'Remove the exception from the item.',
  },
} as const;
type Saying = Say<typeof messages>;

export const secretRotation = kind('access/secret-rotation', {
  title: 'The rotation of Secrets is documented and kept',
  why: 'A password that never changes is known by everybody who ever left, and nobody dares to change it on the night it leaks.',
  sees: [
    'A document on rotation that somebody reviewed of late names every Secret of the namespaces.',
    'The content of each was written within its period, by the field managers that Kubernetes records; its metadata alone is read.',
    'Secrets that the External Secrets Operator brings are still brought: refreshed within their interval, whatever their condition says.',
  ],
  not: [
    'Whether the new content differs from the old, and whether what reads it was restarted.',
    'What tools keep by themselves: releases of Helm, tokens of service accounts, certificates of cert-manager.',
  ],
  needs: ['cluster', 'files'],
  required: ['namespaces', 'document'],
  params,
  messages,
  rights: ({ namespaces }) => namespaces.flatMap((namespace) => mayList([SECRETS, EXTERNAL_SECRETS], namespace)),

  async gather({ namespaces, document, sites }, { cluster, files }) {
    const lists = await Promise.all(
      namespaces.map(async (namespace) => (await cluster.listMetadata(SECRETS, { namespace })).items),
    );
    const external = await readExternalSecrets(cluster, namespaces);
    return { secrets: lists.flat(), external, document: await new DocumentReader(files, sites).read(document) };
  },

  judge(given, { secrets, external, document }, say, now) {
    const read = judgeDocument(document, given, say, now);
    const own = secrets.filter((one) => !isKeptByATool(one));
    for (const secret of own) {
      say.judged(objectSubject('Secret', secret.metadata));
      if (read) judgeDescribed(secret, document.path, read, say);
      judgeAge(secret, given, say, now);
    }
    judgeExternalSecrets(external, say, now);
    for (const { secret } of given.exceptions)
      if (!own.some(({ metadata: { namespace = '', name } }) => `${namespace}/${name}` === secret))
        say.fail('unneeded', `Secret ${secret}`);
    for (const namespace of given.namespaces)
      if (!own.some(({ metadata }) => metadata.namespace === namespace))
        say.unsure('no-subjects', `Namespace ${namespace} has no Secret that anybody rotates.`);
    const rows = own.map((one) => [subjectText(objectSubject('Secret', one.metadata)), writtenAt(one)?.at ?? null]);
    say.show(table('Secrets', ['secret', 'content written at'], rows));
  },
});

/** By the marks that the tools leave in the metadata: the type of a Secret is not in it. */
function isKeptByATool({ metadata }: KubeObject): boolean {
  const has = (annotation: string): boolean => at(metadata, 'annotations', annotation) !== undefined;
  return (
    (at(metadata, 'labels', 'owner') === 'helm' && metadata.name.startsWith('sh.helm.release.')) ||
    has('kubernetes.io/service-account.name') ||
    has('cert-manager.io/certificate-name')
  );
}

function judgeDescribed(
  { metadata }: KubeObject,
  path: string,
  { passages }: NonNullable<ReadDocument['document']>,
  say: Saying,
): void {
  const { name } = metadata;
  const word = new RegExp(`(?<![\\w.-])${name.replace(/[.]/g, '\\.')}(?![\\w-]|\\.\\w)`);
  if (!passages.some(({ text }) => word.test(text)))
    say.fail('notDescribed', objectSubject('Secret', metadata), { document: path });
}

function judgeAge(secret: KubeObject, { rotation, exceptions }: Params, say: Saying, now: Date): void {
  const { namespace = '', name } = secret.metadata;
  const subject = objectSubject('Secret', secret.metadata);
  const own = exceptions.find((one) => one.secret === `${namespace}/${name}`);
  const expected = own?.rotation ?? rotation;
  const written = writtenAt(secret);
  const age = now.getTime() - Date.parse(written?.at ?? '');
  if (Number.isNaN(age)) say.unknown(subject, 'when it was written');
  else if (age <= durationMs(expected)) return;
  // An object never says when it was changed, unless a manager of its data does: it may have been rotated since it was made.
  else if (written?.isContent === true)
    say.fail('overdue', subject, { age: formatMs(age), expected, since: written.at });
  else
    say.unknown(
      subject,
      `when its content was written: it was made ${formatMs(age)} ago, and no manager owns its data`,
    );
}

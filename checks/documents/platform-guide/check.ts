import { kind } from '../../kit/kind.ts';
import { agreementMessages, agreementParams, judgeComplete, judgeListed, judgeTrue } from '../agreement.ts';
import { DocumentReader } from '../documents.ts';
import { mayReadPlatform, platformParams, readPlatform } from '../platform.ts';
import { documentPath, judgeDocument, reviewMessages, reviewParams, showDocuments } from '../review.ts';

export const platformGuide = kind('documents/platform-guide', {
  title: 'A guide, overview or diagram describes the platform as it is',
  why: 'Whoever is woken at night acts on the document: a service that it leaves out is not looked at, and one that is gone is looked for.',
  sees: [
    'Every Deployment, StatefulSet, DaemonSet, CronJob and Service of the namespaces, every declared host and store, named as a whole word in one of the documents.',
    'Nothing that a document calls a Deployment, Service, host or store, names in a kubectl command or draws in a diagram (Mermaid, PlantUML) that is not there.',
    'A reviewer, not its author, and a date within the bound in the front matter of each; the time at which a file was touched counts for nothing.',
    'Links to files, sections and declared sites resolve.',
  ],
  not: ['Whether what it says of them is right.', 'Pictures, and links that lead out of the documents.'],
  needs: ['cluster', 'files'],
  params: {
    documents: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: documentPath,
      description: 'The documents that describe the platform together.',
    },
    sections: {
      type: 'array',
      default: [],
      items: { type: 'string', minLength: 1 },
      description: 'Titles of sections that they must have.',
    },
    ...platformParams,
    ...agreementParams,
    ...reviewParams,
  },
  required: ['documents', 'namespaces'],
  messages: {
    ...reviewMessages,
    ...agreementMessages,
    noSection: {
      says: '{subject}: {problem}, expected a section of that title that says what to do.',
      fix: 'Write the section, or correct its title in the item.',
    },
  },
  rights: mayReadPlatform,

  async gather(params, { cluster, files }, context) {
    const reader = new DocumentReader(files, params.sites);
    const [platform, ...documents] = await Promise.all([
      readPlatform(params, cluster, context),
      ...params.documents.map((path) => reader.read(path)),
    ]);
    return { platform, documents };
  },

  judge(params, { platform, documents }, say, now) {
    const there = documents.filter((one) => judgeDocument(one, params, say, now) !== undefined);
    judgeListed(platform, params.namespaces, say);
    if (there.length === 0) return;
    judgeComplete(there, platform, params, say);
    for (const one of there) judgeTrue(one, platform, params, say);
    const sections = there.flatMap(({ document }) => document?.sections ?? []);
    for (const title of params.sections) {
      const found = sections.find((one) => one.title.toLowerCase() === title.toLowerCase());
      const problem = !found
        ? `has no section "${title}"`
        : found.unwritten === undefined && found.words > 0
          ? undefined
          : `has nothing in its section "${title}" (${found.unwritten ?? 'empty'})`;
      if (problem !== undefined) say.fail('noSection', there.map(({ path }) => path).join(', '), { problem });
    }
    showDocuments(documents, say);
  },
});

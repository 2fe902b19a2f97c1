import { kind } from '../../kit/kind.ts';
import { DocumentReader } from '../documents.ts';
import { judgeRelease, releaseMessages, releaseParams } from '../release.ts';
import { documentPath, judgeDocument, reviewMessages, reviewParams, showDocuments } from '../review.ts';

export const releaseNotes = kind('documents/release-notes', {
  title: 'The notes of this release are written',
  why: 'Notes that were copied from the release before tell whoever looks for the cause of an incident that nothing has changed.',
  sees: [
    'The front matter names this version, and this commit where the item says which.',
    'Each required section is there, long enough, and holds nothing that is still to be written.',
    'A reviewer, not its author, and a date within the bound; its links resolve.',
  ],
  not: ['Whether everything that changed is in them.'],
  needs: ['files'],
  params: {
    document: documentPath,
    ...releaseParams,
    sections: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: { type: 'string', minLength: 1 },
      description: 'Titles of sections that the notes must have.',
    },
    minWords: { type: 'integer', minimum: 1, default: 5, description: 'Words that each must have at the least.' },
    ...reviewParams,
  },
  required: ['document', 'version', 'sections'],
  messages: {
    ...reviewMessages,
    ...releaseMessages,
    noSection: {
      says: '{subject}: has no section "{title}", expected it.',
      fix: 'Write the section, or correct its title in the item.',
    },
    hollow: {
      says: '{subject}: its section "{title}" {problem}, expected {expected} words at least, and none left to write.',
      fix: 'Write the section; where there is nothing to tell, say so in a sentence.',
    },
  },

  async gather({ document, sites }, { files }) {
    return await new DocumentReader(files, sites).read(document);
  },

  judge(params, read, say, now) {
    const document = judgeDocument(read, params, say, now);
    if (!document) return;
    judgeRelease(read, params, say);
    if (document.passages.length === 0) say.unsure('no-subjects', `${read.path} is empty.`);
    for (const title of params.sections) {
      const section = document.sections.find((one) => one.title.toLowerCase() === title.toLowerCase());
      if (!section) say.fail('noSection', read.path, { title });
      else if (section.unwritten !== undefined || section.words < params.minWords) {
        const problem = section.unwritten === undefined ? `has ${section.words} words` : `says "${section.unwritten}"`;
        say.fail('hollow', read.path, { title, problem, expected: params.minWords });
      }
    }
    showDocuments([read], say);
  },
});

import { table } from '../../kit/evidence.ts';
import { kind } from '../../kit/kind.ts';
import { blobMessages, blobReader, bytesOf, bytesParam, judgeBlobs } from '../held-blobs.ts';
import {
  judgeRelease,
  lookupMessages,
  mayReadRelease,
  readRelease,
  releaseParams,
  releaseRequired,
  subjectOf,
} from '../release-images.ts';

export const imageSize = kind('supply-chain/image-size', {
  title: 'Images are within their size budgets',
  why: 'A node that is new pulls the whole image before the first pod starts: every extra gigabyte is a slower rescue.',
  sees: [
    'The compressed size of all layers of every image that the Deployments of the release name, for each platform, as the manifest states it and as the registry holds it.',
  ],
  not: ['The size on disk once unpacked.', 'The bytes of the layers (supply-chain/pushed-images).'],
  needs: ['cluster', 'http'],
  required: releaseRequired,
  params: {
    ...releaseParams,
    maxSize: {
      ...bytesParam('Most that pulling an image on a new node may take, compressed, for example 512Mi.'),
      default: '512Mi',
    },
    budgets: {
      type: 'object',
      default: {},
      additionalProperties: bytesParam('Most that pulling this image may take.'),
      description:
        'Budgets of single images by repository, for example { org/shop-model: 2Gi }; maxSize holds for the others.',
    },
  },
  messages: {
    ...lookupMessages,
    incomplete: blobMessages.incomplete,
    damaged: blobMessages.damaged,
    tooLarge: {
      says: '{subject}: {digest} takes {actual} to pull, expected at most {expected}.',
      fix: 'Build in several stages and leave out what the program does not need; or raise the budget in the item, with the time a cold node then needs.',
    },
  },
  rights: mayReadRelease,

  gather(params, capabilities, context) {
    for (const text of [params.maxSize, ...Object.values(params.budgets)]) bytesOf(text);
    return readRelease(params, capabilities, context, blobReader());
  },

  judge(params, seen, say) {
    const { budgets, maxSize } = params;
    judgeRelease(say, params, seen);
    judgeBlobs(say, seen.content);
    const rows = seen.content.map(({ image, repository, digest, platform, layers }) => {
      const subject = subjectOf({ image });
      const budget = Object.hasOwn(budgets, repository) ? (budgets[repository] ?? maxSize) : maxSize;
      const total = layers.reduce((sum, { declared, actual }) => sum + Math.max(declared, actual ?? 0), 0);
      if (total > bytesOf(budget))
        say.fail('tooLarge', subject, { digest, actual: mebibytes(total), expected: budget });
      return [image, digest, platform, layers.length, total, budget];
    });
    say.show(table('Compressed sizes', ['image', 'digest', 'platform', 'layers', 'bytes', 'budget'], rows));
  },
});

const mebibytes = (bytes: number): string =>
  bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)}Ki` : `${(bytes / 1024 / 1024).toFixed(1)}Mi`;

import { parseQuantity, QuantityError } from '../../../k8s/semantics/quantity.ts';
import { table } from '../../kit/evidence.ts';
import { kind, ObservationError } from '../../kit/kind.ts';
import {
  heldBlobs,
  judgeRelease,
  lookupMessages,
  mayReadRelease,
  readRelease,
  releaseParams,
  releaseRequired,
  subjectOf,
} from '../release-images.ts';

const size = (description: string) => ({ type: 'string', pattern: '^[1-9][0-9]*([KMG]i?|k)?$', description }) as const;

export const imageSize = kind('supply-chain/image-size', {
  title: 'Images are within their size budgets',
  why: 'A node that is new pulls the whole image before the first pod starts: every extra gigabyte is a slower rescue.',
  sees: [
    'The compressed size of all layers of every image that the Deployments of the release name, for each platform, as the manifest states it and as the registry holds it.',
  ],
  not: ['The size on disk once unpacked.'],
  needs: ['cluster', 'http'],
  required: releaseRequired,
  params: {
    ...releaseParams,
    maxSize: {
      ...size('Most that pulling an image on a new node may take, compressed, for example 512Mi.'),
      default: '512Mi',
    },
    budgets: {
      type: 'object',
      default: {},
      additionalProperties: size('Most that pulling this image may take.'),
      description:
        'Budgets of single images by repository, for example { org/shop-model: 2Gi }; maxSize holds for the others.',
    },
  },
  messages: {
    ...lookupMessages,
    tooLarge: {
      says: '{subject}: {digest} takes {actual} to pull, expected at most {expected}.',
      fix: 'Build in several stages and leave out what the program does not need; or raise the budget in the item, with the time a cold node then needs.',
    },
    otherSize: {
      says: '{subject}: a layer of {digest} is {actual} bytes in the registry and {declared} in the manifest, expected the same.',
      fix: 'Push the image again: its manifest does not describe what nodes would pull.',
    },
    noLayer: {
      says: '{subject}: the registry lost layer {layer} of {digest}, expected it with {declared} bytes.',
      fix: 'Push the image again: nobody can pull it as it is.',
    },
  },
  rights: mayReadRelease,

  gather(params, capabilities, context) {
    for (const text of [params.maxSize, ...Object.values(params.budgets)]) bytesOf(text);
    return readRelease(params, capabilities, context, async ({ layers }, where) => ({
      layers: await heldBlobs(where, layers),
    }));
  },

  judge(params, seen, say) {
    const { budgets, maxSize } = params;
    judgeRelease(say, params, seen);
    const rows = seen.content.map(({ image, repository, digest, platform, layers }) => {
      const subject = subjectOf({ image });
      const budget = Object.hasOwn(budgets, repository) ? (budgets[repository] ?? maxSize) : maxSize;
      const total = layers.reduce((sum, { declared, actual }) => sum + Math.max(declared, actual ?? 0), 0);
      for (const { digest: layer, declared, actual } of layers)
        if (actual === null) say.fail('noLayer', subject, { digest, layer, declared });
        else if (actual !== declared) say.fail('otherSize', subject, { digest, actual, declared });
      if (total > bytesOf(budget))
        say.fail('tooLarge', subject, { digest, actual: mebibytes(total), expected: budget });
      return [image, digest, platform, layers.length, total, budget];
    });
    say.show(table('Compressed sizes', ['image', 'digest', 'platform', 'layers', 'bytes', 'budget'], rows));
  },
});

function bytesOf(text: string): number {
  try {
    return Number(parseQuantity(text).nanos / 1_000_000_000n);
  } catch (error) {
    if (!(error instanceof QuantityError)) throw error;
    throw new ObservationError('misconfigured', error.message, { fix: 'Correct the budgets in the item.' });
  }
}

const mebibytes = (bytes: number): string =>
  bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)}Ki` : `${(bytes / 1024 / 1024).toFixed(1)}Mi`;

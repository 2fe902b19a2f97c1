import { parseQuantity, QuantityError } from '../../../k8s/semantics/quantity.ts';
import {
  defineCheck,
  ObservationError,
  type Capabilities,
  type CheckContext,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { judged } from '../../kit/judged.ts';
import { blobSize } from '../../protocols/oci-manifests.ts';
import { lookupFindings, lookupMessages, releaseEvidence, subjectOf } from '../oci-judging.ts';
import {
  foundImages,
  mayReadRelease,
  readRelease,
  releaseProperties,
  releaseRequired,
  type Release,
} from '../oci-workloads.ts';

const messages = {
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
};
type Id = keyof typeof messages;

const size = (description: string) => ({ type: 'string', pattern: '^[1-9][0-9]*([KMG]i?|k)?$', description }) as const;
const params = {
  type: 'object',
  additionalProperties: false,
  required: [...releaseRequired],
  properties: {
    ...releaseProperties,
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
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

interface Layer {
  readonly digest: string;
  readonly declared: number;
  /** As the registry holds it; null when it does not. */
  readonly actual: number | null;
}
interface Sized {
  readonly image: string;
  readonly repository: string;
  readonly digest: string;
  readonly platform: string | null;
  readonly layers: readonly Layer[];
}
interface Gathered {
  readonly release: Release;
  readonly sized: readonly Sized[];
}

export const imageSize = defineCheck({
  meta: {
    kind: 'supply-chain/image-size',
    title: 'Images are within their size budgets',
    why: 'A node that is new pulls the whole image before the first pod starts: every extra gigabyte is a slower rescue.',
    sees: 'The compressed size of all layers of every image that the Deployments of the release name, for each platform, as the manifest states it and as the registry holds it. Not: the size on disk once unpacked.',
    needs: ['cluster', 'http'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: (params: Params) => mayReadRelease(params),
  gather,
  judge,
});

async function gather(
  params: Params,
  capabilities: Pick<Capabilities, 'cluster' | 'http'>,
  context: CheckContext,
): Promise<Gathered> {
  for (const text of [params.maxSize, ...Object.values(params.budgets)]) bytesOf(text);
  const { session, release } = await readRelease(params, capabilities, context);
  const sized: Sized[] = [];
  for (const found of release.images) {
    const { image } = found;
    const repository = found.repository ?? '';
    for (const { digest, platform, layers } of foundImages(found).flatMap(({ manifests }) => manifests)) {
      const looked: Layer[] = [];
      for (const layer of layers)
        looked.push({
          digest: layer.digest,
          declared: layer.size,
          actual: await blobSize(session, repository, layer),
        });
      sized.push({ image, repository, digest, platform, layers: looked });
    }
  }
  return { release, sized };
}

function bytesOf(text: string): number {
  try {
    return Number(parseQuantity(text).nanos / 1_000_000_000n);
  } catch (error) {
    if (!(error instanceof QuantityError)) throw error;
    throw new ObservationError('misconfigured', error.message, { fix: 'Correct the budgets in the item.' });
  }
}

function judge(params: Params, { release, sized }: Gathered): Judgement<Id> {
  const findings = [
    ...release.images.flatMap((image) => lookupFindings(image, params.hosts)),
    ...sized.flatMap((one) => sizeFindings(one, params)),
  ];
  const unread = release.images.filter(
    (image) => foundImages(image).length > 0 && !sized.some((one) => one.image === image.image),
  );
  const evidence = [
    table(
      'Compressed sizes',
      ['image', 'digest', 'platform', 'layers', 'bytes', 'budget'],
      sized.map((one) => [one.image, one.digest, one.platform, one.layers.length, totalOf(one), budgetOf(one, params)]),
    ),
    ...releaseEvidence(release),
  ] as const;
  if (findings.length === 0 && unread.length > 0)
    return {
      outcome: 'inconclusive',
      reason: 'no-subjects',
      why: `${nameList(unread.map(subjectOf))}: no layers were looked at.`,
      evidence,
    };
  const { namespace, selector } = params;
  const none = `No Deployment in ${namespace} with the labels ${selector} names an image.`;
  return judged(findings, release.images.map(subjectOf), evidence, none);
}

const budgetOf = ({ repository }: Sized, { budgets, maxSize }: Params): string =>
  Object.hasOwn(budgets, repository) ? (budgets[repository] ?? maxSize) : maxSize;

const totalOf = ({ layers }: Sized): number =>
  layers.reduce((sum, { declared, actual }) => sum + Math.max(declared, actual ?? 0), 0);

function sizeFindings(one: Sized, params: Params): Finding<Id>[] {
  const subject = subjectOf(one);
  const { digest } = one;
  const layers = one.layers.flatMap(({ digest: layer, declared, actual }): Finding<Id>[] => {
    if (actual === null) return [{ message: 'noLayer', subject, data: { digest, layer, declared } }];
    return actual === declared ? [] : [{ message: 'otherSize', subject, data: { digest, actual, declared } }];
  });
  const expected = budgetOf(one, params);
  const total = totalOf(one);
  if (total <= bytesOf(expected)) return layers;
  return [...layers, { message: 'tooLarge', subject, data: { digest, actual: mebibytes(total), expected } }];
}

const mebibytes = (bytes: number): string =>
  bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)}Ki` : `${(bytes / 1024 / 1024).toFixed(1)}Mi`;

import { namespaceList, registry } from '../../contract/param-schemas.ts';
import {
  defineCheck,
  ObservationError,
  type Capabilities,
  type CheckContext,
  type Evidence,
  type FromSchema,
  type JSONSchema,
  type Judgement,
  type NonEmpty,
} from '../../kit/define-check.ts';
import { judged } from '../../kit/judged.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { registrySession, type Challenge } from '../../protocols/oci.ts';
import { lookupFindings, lookupMessages, lookupTable, subjectOf } from '../oci-judging.ts';
import { collectImages, hosts, lookUpImage, type ReleaseImage } from '../oci-workloads.ts';
import { mayReadWorkloads, readWorkloads } from '../../protocols/workloads.ts';

const messages = {
  ...lookupMessages,
  down: {
    says: '{subject}: does not answer ({why}), expected its API.',
    fix: 'Start the registry, or open the way to it from where the gate runs: nodes that need an image now cannot get it either.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['registry', 'hosts', 'namespaces'],
  properties: { registry, hosts, namespaces: namespaceList },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

interface Gathered {
  /** Null when it answered; else why not. */
  readonly down: string | null;
  readonly challenge: Challenge['scheme'] | null;
  readonly images: readonly ReleaseImage[];
  /** Namespaces in which no workload names an image. */
  readonly empty: readonly string[];
}

export const registryAccess = defineCheck({
  meta: {
    kind: 'supply-chain/registry-access',
    title: 'The registry answers and has every image that workloads run',
    why: 'A pod that moves to another node pulls its image again: without the registry, or without that tag, every rescheduling is an outage.',
    sees: 'The handshake of the registry API, and the manifest of every image that a workload or pod of the namespaces names, by its tag and by its digest, with the digest computed from the bytes. Not: the layers (supply-chain/pushed-images), nor that the nodes themselves can pull.',
    needs: ['cluster', 'http'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ namespaces, registry: { credential } }: Params) => [
    ...mayReadWorkloads(namespaces),
    ...mayReadSecrets([credential?.password]),
  ],
  gather,
  judge,
});

async function gather(
  params: Params,
  { cluster, http }: Pick<Capabilities, 'cluster' | 'http'>,
  context: CheckContext,
): Promise<Gathered> {
  const { sources } = await readWorkloads(cluster, params.namespaces, context);
  const empty = params.namespaces.filter((name) => !sources.some(({ namespace }) => namespace === name));
  const session = registrySession(http, params.registry);
  try {
    const { scheme } = await session.challenge();
    const images: ReleaseImage[] = [];
    for (const named of collectImages(sources)) images.push(await lookUpImage(session, named, params.hosts));
    return { down: null, challenge: scheme, images, empty };
  } catch (error) {
    if (
      !(error instanceof ObservationError) ||
      !['unreachable', 'timeout'].includes(error.code) ||
      context.signal.aborted
    )
      throw error;
    return { down: error.message, challenge: null, images: [], empty };
  }
}

function judge({ registry: { url }, hosts }: Params, gathered: Gathered): Judgement<Id> {
  const { down, images, empty } = gathered;
  const subject = `Registry ${url}`;
  const evidence = evidenceOf(url, gathered);
  if (down !== null)
    return {
      outcome: 'fail',
      findings: [{ message: 'down', subject, data: { why: down } }],
      subjects: [subject],
      evidence,
    };
  const findings = images.flatMap((image) => lookupFindings(image, hosts));
  if (findings.length === 0 && (images.length === 0 || empty.length > 0))
    return {
      outcome: 'inconclusive',
      reason: 'no-subjects',
      why: `No workload names an image in ${(empty.length > 0 ? empty : ['the namespaces']).join(', ')}: the registry was not asked for one.`,
      evidence,
    };
  return judged(findings, [subject, ...images.map(subjectOf)], evidence, '');
}

function evidenceOf(url: string, { down, challenge, images }: Gathered): NonEmpty<Evidence> {
  return [
    {
      type: 'query',
      title: 'Handshake',
      language: 'http',
      query: `GET ${url}/v2/`,
      answer: down ?? (challenge === 'none' ? 'open to everybody' : `asks for ${challenge ?? 'nothing'} credentials`),
    },
    lookupTable(images),
  ];
}

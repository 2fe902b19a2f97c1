import { isUtf8 } from 'node:buffer';
import { podReferences } from '../../../k8s/semantics/references.ts';
import { kubernetesName } from '../../contract/param-schemas.ts';
import {
  defineCheck,
  type Capabilities,
  type CheckContext,
  type FromSchema,
  type JSONSchema,
} from '../../kit/define-check.ts';
import { isRecord } from '../../contract/json.ts';
import { CONFIG_MAPS, mayList, readList } from '../../protocols/kubernetes.ts';
import { mayReadWorkloads, readWorkloads } from '../../protocols/workloads.ts';
import { judge, messages, type Gathered } from './judge.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['namespace', 'secrets'],
  properties: {
    namespace: kubernetesName('Namespace of the workloads.'),
    secrets: {
      type: 'array',
      uniqueItems: true,
      items: kubernetesName('Name of a Secret.'),
      description:
        'Secrets the workloads use. The gate may get these by name and no others; a reference to another one cannot be judged.',
    },
    minReferences: {
      type: 'integer',
      minimum: 0,
      default: 1,
      description:
        'References to Secrets there must be at least: a platform that uses none keeps its credentials elsewhere.',
    },
    exemptions: {
      type: 'array',
      default: [],
      description:
        'Values that look like a credential and are none, each with the reason why; one that is not needed is told.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['subject', 'place', 'reason'],
        properties: {
          subject: {
            type: 'string',
            minLength: 1,
            description: 'What holds it, as the finding names it: "Deployment shop/api", "ConfigMap shop/app".',
          },
          place: {
            type: 'string',
            minLength: 1,
            description: 'Where, as the finding names it: \'data["app.properties"] line 7\'.',
          },
          reason: { type: 'string', minLength: 10, description: 'Why it is no credential, in a sentence.' },
        },
      },
    },
  },
} as const satisfies JSONSchema;
export type Params = FromSchema<typeof params>;

export const referencedSecrets = defineCheck({
  meta: {
    kind: 'access/referenced-secrets',
    title: 'Credentials are in Secrets that exist and are filled in',
    why: 'A missing key stops the pod at the next restart, a placeholder stops it at the first login, and a literal is read by everybody who may read a manifest.',
    sees: 'Every Secret and key that pod templates and pods name: that it exists, is not empty and no placeholder; and environment, commands, arguments and ConfigMaps without written-out credentials. Not: that a credential works, nor files inside images. The values never leave the process that reads them.',
    needs: ['cluster', 'secrets'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ namespace, secrets }: Params) => [
    ...mayReadWorkloads([namespace]),
    ...mayList([CONFIG_MAPS], namespace),
    ...(secrets.length > 0
      ? [{ namespace, groups: [''], resources: ['secrets'], verbs: ['get'], resourceNames: secrets }]
      : []),
  ],
  gather,
  judge,
});

async function gather(
  { namespace, secrets: allowed }: Params,
  { cluster, secrets }: Pick<Capabilities, 'cluster' | 'secrets'>,
  { fresh, now }: CheckContext,
): Promise<Gathered> {
  const { sources, readings } = await readWorkloads(cluster, [namespace], { fresh, now });
  const configMaps = await readList(cluster, CONFIG_MAPS, { namespace, fresh });
  const named = new Set(
    sources
      .flatMap(({ podSpec }) => podReferences(podSpec))
      .filter(({ kind }) => kind === 'Secret')
      .map(({ name }) => name),
  );
  const facts = await Promise.all(
    allowed
      .filter((name) => named.has(name))
      .map(async (name) => ({ name, keys: await secrets.facts(namespace, name) })),
  );
  return {
    sources,
    configMaps: configMaps.items.map((item) => ({
      name: item.metadata.name,
      data: item['data'],
      binaryData: textsOf(item['binaryData']),
    })),
    facts,
    readings: [...readings, configMaps.reading],
  };
}

/** Values that are text although they stand in base64: whoever may read the ConfigMap reads those as well. */
export function textsOf(binaryData: unknown): Readonly<Record<string, string>> {
  if (!isRecord(binaryData)) return {};
  const values = Object.entries(binaryData).flatMap(([key, value]) => {
    const bytes = Buffer.from(typeof value === 'string' ? value : '', 'base64');
    return isUtf8(bytes) ? [[key, bytes.toString('utf8')] as const] : [];
  });
  return Object.fromEntries(values);
}

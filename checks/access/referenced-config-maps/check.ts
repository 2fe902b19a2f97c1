import { kubernetesName } from '../../contract/param-schemas.ts';
import {
  defineCheck,
  type Capabilities,
  type CheckContext,
  type FromSchema,
  type JSONSchema,
} from '../../kit/define-check.ts';
import { at, isRecord } from '../../contract/json.ts';
import { CONFIG_MAPS, mayList, readList } from '../../protocols/kubernetes.ts';
import { mayReadWorkloads, readWorkloads } from '../../protocols/workloads.ts';
import { judge, messages, type Gathered } from './judge.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['namespace'],
  properties: {
    namespace: kubernetesName('Namespace of the workloads.'),
    minReferences: {
      type: 'integer',
      minimum: 0,
      default: 1,
      description: 'References to ConfigMaps there must be at least.',
    },
  },
} as const satisfies JSONSchema;
export type Params = FromSchema<typeof params>;

export const referencedConfigMaps = defineCheck({
  meta: {
    kind: 'access/referenced-config-maps',
    title: 'Every ConfigMap that is referenced exists with its keys',
    why: 'A pod that runs does not notice that its ConfigMap or key is gone; the next one does not start.',
    sees: 'Every ConfigMap and key that environment, envFrom and volumes of pod templates and pods name, in data and binaryData; optional ones that are missing are told. Not: whether a value makes sense.',
    needs: ['cluster'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ namespace }: Params) => [...mayReadWorkloads([namespace]), ...mayList([CONFIG_MAPS], namespace)],
  gather,
  judge,
});

async function gather(
  { namespace }: Params,
  { cluster }: Pick<Capabilities, 'cluster'>,
  { fresh, now }: CheckContext,
): Promise<Gathered> {
  const { sources, readings } = await readWorkloads(cluster, [namespace], { fresh, now });
  const configMaps = await readList(cluster, CONFIG_MAPS, { namespace, fresh });
  return {
    sources,
    configMaps: configMaps.items.map((item) => ({
      name: item.metadata.name,
      // Names of keys only: values are nobody's business here.
      keys: ['data', 'binaryData'].flatMap((field) => {
        const values = at(item, field);
        return isRecord(values) ? Object.keys(values) : [];
      }),
    })),
    readings: [...readings, configMaps.reading],
  };
}

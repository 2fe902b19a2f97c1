import { isUtf8 } from 'node:buffer';
import { isRecord } from '../../contract/json.ts';
import { attempt, kind } from '../../kit/kind.ts';
import { CONFIG_MAPS, mayList } from '../../protocols/kubernetes.ts';
import { mayReadWorkloads, readWorkloads } from '../../protocols/workloads.ts';
import { referencesTo } from '../references.ts';
import { judge, messages } from './judge.ts';
import { params } from './params.ts';

export const referencedSecrets = kind('access/referenced-secrets', {
  title: 'Credentials are in Secrets that exist and are filled in',
  why: 'A missing key stops the pod at the next restart, a placeholder stops it at the first login, and a literal is read by everybody who may read a manifest.',
  sees: [
    'Every Secret and key that pod templates and pods name: that it exists, is not empty, no placeholder and no password that everybody tries first.',
    'Environment, commands, arguments, probes, hooks and annotations of pods, and ConfigMaps, without written-out credentials.',
    'The values never leave the process that reads them.',
  ],
  not: ['That a credential works.', 'Files inside images.'],
  needs: ['cluster', 'secrets'],
  required: ['namespace', 'secrets'],
  params,
  messages,
  rights: ({ namespace, secrets }) => [
    ...mayReadWorkloads([namespace]),
    ...mayList([CONFIG_MAPS], namespace),
    ...(secrets.length > 0
      ? [{ namespace, groups: [''], resources: ['secrets'], verbs: ['get'], resourceNames: secrets }]
      : []),
  ],

  async gather({ namespace, secrets: allowed }, { cluster, secrets }, context) {
    const { sources } = await readWorkloads(cluster, [namespace], context);
    const { items } = await cluster.list(CONFIG_MAPS, { namespace, fresh: context.fresh });
    const named = new Set(referencesTo('Secret', sources).map(({ name }) => name));
    const facts = allowed
      .filter((name) => named.has(name))
      .map(async (name) => {
        const { seen, refusal } = await attempt(() => secrets.facts(namespace, name));
        return { name, keys: seen ?? null, refusal };
      });
    return {
      sources,
      configMaps: items.map((item) => ({
        name: item.metadata.name,
        data: item['data'],
        binaryData: textsOf(item['binaryData']),
      })),
      facts: await Promise.all(facts),
    };
  },

  judge,
});

/** Values that are text although they stand in base64: whoever may read the ConfigMap reads those as well. */
export function textsOf(binaryData: unknown): Readonly<Record<string, string>> {
  if (!isRecord(binaryData)) return {};
  const values = Object.entries(binaryData).flatMap(([key, value]) => {
    const bytes = Buffer.from(typeof value === 'string' ? value : '', 'base64');
    return isUtf8(bytes) ? [[key, bytes.toString('utf8')] as const] : [];
  });
  return Object.fromEntries(values);
}

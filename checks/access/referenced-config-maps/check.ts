import { at, isRecord } from '../../contract/json.ts';
import { kubernetesName } from '../../contract/param-schemas.ts';
import { table } from '../../kit/evidence.ts';
import { kind } from '../../kit/kind.ts';
import { CONFIG_MAPS, mayList } from '../../protocols/kubernetes.ts';
import { mayReadWorkloads, readWorkloads, sourceSubject } from '../../protocols/workloads.ts';
import { keyText, referencesTo } from '../references.ts';

export const referencedConfigMaps = kind('access/referenced-config-maps', {
  title: 'Every ConfigMap that is referenced exists with its keys',
  why: 'A pod that runs does not notice that its ConfigMap or key is gone; the next one does not start.',
  sees: [
    'Every ConfigMap and key that environment, envFrom and volumes of pod templates and pods name, in data and binaryData.',
    'Optional ones that are missing are reported and do not fail.',
  ],
  not: ['Whether a value makes sense.'],
  needs: ['cluster'],
  required: ['namespace'],
  params: {
    namespace: kubernetesName('Namespace of the workloads.'),
    minReferences: {
      type: 'integer',
      minimum: 0,
      default: 1,
      description: 'References to ConfigMaps there must be at least.',
    },
  },
  messages: {
    configMapMissing: {
      says: '{subject}: ConfigMap {configMap} does not exist ({path}), expected it to be there.',
      fix: 'Create the ConfigMap before the next pod is started, or correct its name in the template.',
    },
    keyMissing: {
      says: '{subject}: ConfigMap {configMap} has no key {key} ({path}), expected it to be there.',
      fix: 'Add the key to the ConfigMap, or correct its name in the template.',
    },
    empty: {
      says: '{subject}: ConfigMap {configMap} has no keys ({path}), expected the settings that are taken from it.',
      fix: 'Fill the ConfigMap in and restart what uses it.',
    },
  },
  rights: ({ namespace }) => [...mayReadWorkloads([namespace]), ...mayList([CONFIG_MAPS], namespace)],

  async gather({ namespace }, { cluster }, context) {
    const { sources } = await readWorkloads(cluster, [namespace], context);
    const { items } = await cluster.list(CONFIG_MAPS, { namespace, fresh: context.fresh });
    const configMaps = items.map((item) => ({
      name: item.metadata.name,
      // Names of keys only: values are nobody's business here.
      keys: ['data', 'binaryData'].flatMap((field) => {
        const values = at(item, field);
        return isRecord(values) ? Object.keys(values) : [];
      }),
    }));
    return { sources, configMaps };
  },

  judge({ namespace, minReferences }, { sources, configMaps }, say) {
    const keysOf = new Map(configMaps.map(({ name, keys }) => [name, keys]));
    const rows = referencesTo('ConfigMap', sources).map((reference) => {
      const { owner, name: configMap, key, optional, path } = reference;
      const [keys, subject] = [keysOf.get(configMap), sourceSubject(owner)];
      const isThere = key === undefined ? keys?.length !== 0 : keys?.includes(key);
      const found = !keys ? 'missing' : isThere ? 'there' : key === undefined ? 'empty' : 'key missing';
      say.judged(keyText('ConfigMap', namespace, reference));
      if (found === 'missing' && !optional) say.fail('configMapMissing', subject, { configMap, path }, { path });
      if (found === 'empty' && !optional) say.fail('empty', subject, { configMap, path }, { path });
      if (found === 'key missing' && !optional)
        say.fail('keyMissing', subject, { configMap, path, key: key ?? '' }, { path });
      return [owner, configMap, key ?? 'all', optional, reference.use, path, found];
    });
    say.judged(...sources.map(({ owner }) => sourceSubject(owner)));
    if (sources.length === 0) say.unsure('no-subjects', `Namespace ${namespace} has no pod template and no pod.`);
    else if (rows.length < minReferences)
      say.unsure(
        'no-subjects',
        `Workloads in ${namespace} name ${rows.length} ConfigMaps, at least ${minReferences} expected: where do their settings come from?`,
      );
    say.show(
      table('References to ConfigMaps', ['by', 'config map', 'key', 'optional', 'for', 'path', 'found'], rows),
      table(
        'ConfigMaps',
        ['config map', 'keys'],
        configMaps.map(({ name, keys }) => [name, keys.length]),
      ),
    );
  },
});

import type { ProjectFiles } from '../../contract/capabilities.ts';
import { kind, type Capabilities } from '../../kit/kind.ts';
import { inventoryOf } from '../../../k8s/semantics/objects/inventory.ts';
import { readObjects, type ReadObject } from '../../../k8s/semantics/objects/read.ts';
import { objectReader } from '../../protocols/object-reader.ts';
import { judge, messages, type SourceFile } from './judge.ts';
import { params } from './params.ts';
import { DELEGATES } from './rules.ts';

export const manifestReview = kind('cluster/manifest-review', {
  title: 'The manifests are valid and keep to the rules',
  why: 'A manifest with a mistake is applied one day, and is the mistake of the platform from then on.',
  sees: [
    'Every object of the kinds that the rules are about, field by field: that the API server knows each field, and of which type.',
    'What the rules say of the objects together, as if they had been applied to an empty cluster.',
    'Of Secrets that each value is base64 where it has to be, there, and no placeholder.',
  ],
  not: [
    'What is in the cluster: others judge that, and cluster/manifest-drift compares.',
    'Fields of custom resources.',
    'Values that a template leaves to whoever applies it.',
  ],
  needs: ['files'],
  required: ['paths', 'rules'],
  params,
  messages,

  async gather({ paths, rules, version }, { files }, context) {
    const sources = (await Promise.all(paths.map((path) => readPath(files, path)))).flat();
    const objects = sources.flatMap(({ file, text }) => readObjects(text, file).objects);
    const reader = objectReader(
      objects.map(({ object }) => object),
      context.now,
    );
    // The only capability of these kinds is the cluster.
    const capabilities = { cluster: reader } as unknown as Capabilities;
    const seen: unknown[] = [];
    for (const { kind: rule, paramsOf } of DELEGATES[rules]) {
      const given = paramsOf(inventoryFor(objects), version);
      seen.push(given === undefined ? null : await rule.gather(given, capabilities, context));
    }
    return { sources, seen };
  },

  judge,
});

const inventoryFor = (objects: readonly ReadObject[]) => inventoryOf(objects.map(({ object }) => object));

const MANIFEST = /\.(ya?ml|json)(\.(template|tpl|tmpl))?$/;
/** A file, or the manifests of a folder; those of folders below it are named by themselves. */
async function readPath(files: ProjectFiles, path: string): Promise<readonly SourceFile[]> {
  const names = MANIFEST.test(path) ? [path] : (await files.list(path)).filter((name) => MANIFEST.test(name));
  return await Promise.all(names.map(async (file) => ({ file, text: await files.read(file) })));
}

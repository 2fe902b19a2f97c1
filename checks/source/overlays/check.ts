import { attempt, kind } from '../../kit/kind.ts';
import { table } from '../../kit/evidence.ts';
import { readObjects, type ReadObject } from '../../../k8s/semantics/objects/read.ts';
import { checkoutMessages, commitParam, judgeCheckout, seeCheckout, sourceFolder } from '../folder-params.ts';
import { leftovers, type Leftover } from './leftovers.ts';

export const overlays = kind('source/overlays', {
  title: 'The configuration of the environment has no leftovers of another',
  why: 'kustomize says nothing where an image or a patch matches nothing: what stays is the development value of the base.',
  sees: [
    'Every overlay as kubectl kustomize renders it, or the rendered file of another tool: its environment, ConfigMaps, images, hosts and all other values.',
    'No value, nor part of one between signs, is one of the forbidden words; no placeholder was left for somebody to fill in; each $(NAME) is defined where it stands.',
    'Every image of the release has its tag.',
    'The folder is at the commit of the release, and its files are as they were committed.',
  ],
  not: [
    'Whether the cluster runs it (cluster/manifest-drift).',
    'Whether a value is the right one.',
    'What Secrets hold.',
  ],
  needs: ['files'],
  required: ['source', 'overlays', 'commit', 'forbidden'],
  params: {
    source: sourceFolder,
    overlays: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: { type: 'string', minLength: 1, description: 'A folder with a kustomization, or a rendered .yaml file.' },
      description: 'What is deployed to this environment, below the source folder: deploy/overlays/production.',
    },
    commit: commitParam,
    forbidden: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: {
        type: 'string',
        pattern: '^[A-Za-z0-9]+([-_.][A-Za-z0-9]+)*$',
        description: 'A word, for example staging.',
      },
      description:
        'Words of other environments: [development, dev, staging, debug, localhost]. They count as whole words, in any case.',
    },
    allowed: {
      type: 'array',
      default: [],
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['value', 'reason'],
        properties: {
          value: { type: 'string', minLength: 1, description: 'The value as a whole.' },
          reason: { type: 'string', minLength: 10, description: 'Why it is right here.' },
        },
      },
      description: 'Values that hold such a word or a sign of a placeholder and are meant.',
    },
    images: {
      type: 'object',
      default: {},
      additionalProperties: { type: 'string', minLength: 1, description: 'The tag it must have.' },
      description: 'Tags of images by repository: { ghcr.io/org/shop: "${release.version}" }. Each must be there.',
    },
  },
  messages: {
    ...checkoutMessages,
    leftover: {
      says: '{subject}: {path} holds the word {word}, expected nothing of another environment.',
      fix: 'Set the value in the overlay of this environment, and look whether the entry that should have done it matches anything.',
    },
    placeholder: {
      says: '{subject}: {path} holds {what}, expected a value.',
      fix: 'Fill the value in; a $(NAME) needs a variable of that name above it in the same container.',
    },
    patchLeft: {
      says: '{subject}: {path} is an instruction to kustomize, expected it to have been carried out.',
      fix: 'Render the overlay with kustomize instead of applying the file as it is.',
    },
    otherTag: {
      says: '{subject}: {path} is {actual}, expected tag {expected}.',
      fix: 'Name the image in the images of the overlay as the base names it in the end.',
    },
    imageMissing: {
      says: '{subject}: no container runs {image}, expected one.',
      fix: 'Correct the item, or the name of the image in the base.',
    },
    noObject: {
      says: '{subject}: a document is no Kubernetes object ({why}), expected one.',
      fix: 'Correct what renders it.',
    },
  },

  async gather({ source, overlays }, { files }) {
    const rendered = [];
    for (const path of overlays) {
      const place = `${source}/${path}`;
      const { seen, refusal } = await attempt(() =>
        /\.(ya?ml|json)$/.test(path) ? files.read(place) : files.rendered(place),
      );
      rendered.push(refusal ? { path, refusal } : { path, text: seen });
    }
    return { rendered, checkout: await seeCheckout(files, source) };
  },

  judge({ source, commit, forbidden, allowed, images }, { rendered, checkout }, say) {
    judgeCheckout(say, source, checkout, commit, (file) => /\.(ya?ml|json|env|properties|toml)$/.test(file));
    const meant = allowed.map(({ value }) => value);
    for (const { path, text, refusal } of rendered) {
      const subject = `Overlay ${path}`;
      say.judged(subject);
      if (refusal) say.refused(refusal, subject);
      if (text === undefined) continue;
      const { objects, unread } = readObjects(text, path);
      for (const { why } of unread) say.fail('noObject', subject, { why });
      if (objects.length === 0) say.unsure('no-subjects', `${subject}: renders no object.`, { subject });
      const all = objects.map(({ object }) => object);
      for (const one of objects)
        for (const { id, place, data } of leftovers(one.object, all, { forbidden, allowed: meant, images }))
          fail(say, id, subjectOf(subject, one), { path: place, ...data });
      for (const image of Object.keys(images))
        if (!JSON.stringify(all).includes(`"${image}:`) && !JSON.stringify(all).includes(`"${image}@`))
          say.fail('imageMissing', subject, { image });
      say.show(
        table(
          subject,
          ['object'],
          objects.map((one) => [subjectOf(subject, one)]),
        ),
      );
    }
  },
});

function subjectOf(overlay: string, { object }: ReadObject): string {
  const metadata = object['metadata'] as { readonly name?: string } | undefined;
  return `${overlay}, ${String(object['kind'])} ${metadata?.name ?? 'without a name'}`;
}

interface Failing {
  fail(id: Leftover['id'], subject: string, data: Readonly<Record<string, string>>): void;
}
/** The data fits the id: `leftovers` makes both. */
const fail = (say: unknown, id: Leftover['id'], subject: string, data: Readonly<Record<string, string>>): void =>
  (say as Failing).fail(id, subject, data);

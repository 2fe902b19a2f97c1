import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pinned } from './image-manifests.ts';

const folder = join(import.meta.dirname, '../../k8s/manifests');
const images = readdirSync(folder).flatMap((file) =>
  [...readFileSync(join(folder, file), 'utf8').matchAll(/^\s*(?:- )?image: ['"]?([^\s'"]+)/gm)].map(
    ([, image = '']) => [file, image] as const,
  ),
);

it('the manifests name images', () => {
  expect(images.length).toBeGreaterThan(5);
});

it.each(images)('%s pins %s to what the registry of the rehearsal holds', (_file, image) => {
  const [reference = '', digest = ''] = image.split('@');
  expect(digest).not.toBe('');
  expect(image).toBe(pinned(reference));
});

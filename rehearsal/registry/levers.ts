/** How the registry can be broken: it dies, its content is not what was released, its users may do more or less. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LeverArguments } from '../../fixtures/rehearsal-client/control-protocol.ts';
import type { Release } from '../levers.ts';
import type { PlatformContext } from '../platform-types.ts';
import { writeAtomically } from '../../fixtures/rehearsal-client/state-file.ts';
import type { TokenUsers } from '../stand-ins/registry-token-scopes.ts';
import type { Restartable } from '../stand-ins/process.ts';
import { buildImage, IMAGES, serviceRecipe, type BuiltImage } from './image-manifests.ts';
import type { RegistryKeeper } from './push.ts';

interface Parts {
  readonly server: Restartable;
  readonly tokens: Restartable;
  readonly keeper: RegistryKeeper;
  readonly usersFile: string;
  /** Folder of the registry's content. */
  readonly storage: string;
}

/**
 * `registry.kill`, `registry-token.kill`; `registry.delete-tag {repository, tag}`: the manifest is gone; `registry.delete-layer
 * {repository, tag}`: its last layer is; `registry.corrupt {repository, tag, blob?}`: every bit of its last layer, or with `config` of its
 * configuration, is turned over in the storage, their number kept; `registry.retag {repository, tag, commit?, version?, paddingBytes?}`: the tag leads to
 * another image, built from that commit, as that version or with that much more in it; `registry.actions {user, actions}`: what a
 * user may do.
 */
export function addRegistryLevers(
  { levers }: PlatformContext,
  { server, tokens, keeper, usersFile, storage }: Parts,
): void {
  levers.add('registry.kill', () => killed(server));
  levers.add('registry-token.kill', () => killed(tokens));
  levers.add('registry.delete-tag', async (args) => {
    const image = imageOf(args);
    await keeper.deleteManifest(image.repository, image.digest);
    return () => keeper.push(image);
  });
  levers.add('registry.delete-layer', async (args) => {
    const image = imageOf(args);
    const layer = image.blobs.at(-1);
    if (layer === undefined) throw new Error(`${image.repository}:${image.tag} has no layer`);
    await keeper.deleteBlob(image.repository, layer.digest);
    return () => keeper.push(image);
  });
  levers.add('registry.corrupt', (args) => {
    const { repository, tag, blobs } = imageOf(args);
    const blob = args['blob'] === 'config' ? blobs[0] : blobs.at(-1);
    if (blob === undefined) throw new Error(`${repository}:${tag} has no such blob`);
    const [algorithm = '', hex = ''] = blob.digest.split(':');
    const file = join(storage, 'docker/registry/v2/blobs', algorithm, hex.slice(0, 2), hex, 'data');
    writeFileSync(
      file,
      blob.bytes.map((byte) => ~byte),
    );
    return Promise.resolve(() => {
      writeFileSync(file, blob.bytes);
      return Promise.resolve();
    });
  });
  levers.add('registry.retag', async (args) => {
    const image = imageOf(args);
    const other = otherImage(image, args);
    await keeper.push(other);
    return async () => {
      await keeper.push(image);
      await keeper.deleteManifest(image.repository, other.digest);
    };
  });
  levers.add('registry.actions', (args) => {
    const before = readFileSync(usersFile, 'utf8');
    const users = JSON.parse(before) as TokenUsers;
    const name = textOf(args, 'user');
    const user = users[name];
    const { actions } = args;
    if (!user || !Array.isArray(actions)) throw new Error(`registry.actions: no user ${name}, or no list of actions`);
    writeAtomically(usersFile, JSON.stringify({ ...users, [name]: { ...user, actions: actions.map(String) } }));
    return Promise.resolve(() => {
      writeAtomically(usersFile, before);
      return Promise.resolve();
    });
  });
}

async function killed(part: Restartable): Promise<Release> {
  await part.kill();
  return () => part.restart();
}

function otherImage({ repository, tag }: BuiltImage, { commit, version, paddingBytes }: LeverArguments): BuiltImage {
  const recipe = serviceRecipe(repository, tag);
  const padding = typeof paddingBytes === 'number' ? [{ path: 'app/core', content: Buffer.alloc(paddingBytes) }] : [];
  return buildImage({
    ...recipe,
    ...(typeof commit === 'string' ? { commit } : {}),
    ...(typeof version === 'string' ? { version } : {}),
    created: '2026-11-20T03:00:00Z',
    files: [...recipe.files, ...padding],
  });
}

function imageOf(args: LeverArguments): BuiltImage {
  const [repository, tag] = [textOf(args, 'repository'), textOf(args, 'tag')];
  const image = IMAGES.find((one) => one.repository === repository && one.tag === tag);
  if (!image) throw new Error(`the registry has no image ${repository}:${tag}`);
  return image;
}

function textOf(args: LeverArguments, name: string): string {
  const value = args[name];
  if (typeof value === 'string') return value;
  throw new Error(`the lever takes ${name}, a text`);
}

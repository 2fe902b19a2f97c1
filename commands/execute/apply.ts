/** Applies manifests as the server merges them, in the order of the files, and waits until what was built is what runs. */
import type { KubeObject } from '../../checks/contract/cluster.ts';
import { at, listAt, parseJson, textAt } from '../../checks/contract/json.ts';
import { digestOfImageId } from '../../checks/protocols/oci-reference.ts';
import { nameOf } from '../../checks/protocols/kubernetes.ts';
import {
  askPatiently,
  refusal,
  statusMessage,
  type ApiRequest,
  type ClusterAccess,
} from '../../fixtures/capabilities/cluster-requests.ts';
import { readObjects, type ReadObject } from '../../k8s/semantics/objects/read.ts';
import { rolloutStatus } from '../../k8s/semantics/rollout-status.ts';
import { labelRequirements, matchesLabels } from '../../k8s/semantics/selector.ts';
import { ExecutionFailed, repositoryOf, type PushedImage } from './images.ts';
import type { Journal } from './journal.ts';

export const FIELD_MANAGER = 'golive-execute';
const LOOK_MS = 500;

export interface Applying {
  readonly access: ClusterAccess;
  readonly signal: AbortSignal;
  readonly journal: Journal;
  readonly say: (line: string) => void;
}

/** The objects of the files, in order; every image that was built is named by its digest. Throws for what is no object, and for files without one. */
export function objectsToApply(
  files: readonly { readonly file: string; readonly text: string }[],
  pushed: readonly PushedImage[],
): readonly (ReadObject & { readonly manifest: KubeObject })[] {
  return files.flatMap(({ file, text }) => {
    const { objects, unread } = readObjects(text, file);
    const [bad] = unread;
    if (bad) throw new ExecutionFailed(`${file}:${bad.place.line}:${bad.place.column}: ${bad.why}`);
    if (objects.length === 0) throw new ExecutionFailed(`${file}: holds no object to apply`);
    return objects.map((one) => ({ ...one, manifest: pinned(one.object, pushed) as KubeObject }));
  });
}

/** With every image of a repository that was built replaced by what was pushed. */
function pinned(value: unknown, pushed: readonly PushedImage[]): unknown {
  if (Array.isArray(value)) return value.map((one) => pinned(one, pushed));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const own =
        key === 'image' && typeof inner === 'string'
          ? pushed.find(({ repository }) => repository === repositoryOf(inner))
          : undefined;
      return [key, own ? `${own.image}@${own.digest}` : pinned(inner, pushed)];
    }),
  );
}

/** A Secret in a file would put what it says, mostly placeholders, over what is there: it is only looked for. */
export async function applyAll(
  objects: ReturnType<typeof objectsToApply>,
  applying: Applying,
): Promise<readonly KubeObject[]> {
  const paths = pathFinder(applying);
  const applied: KubeObject[] = [];
  for (const { manifest, place } of objects) {
    const name = nameOf(manifest.kind, manifest);
    const where = `${place.file}:${place.line}:${place.column}`;
    const path = await paths(manifest, where);
    if (manifest.kind === 'Secret') {
      await requireSecret(path, manifest, applying);
      continue;
    }
    applying.journal.tell({ event: 'applying', object: name, at: where });
    applied.push(await applyOne(path, manifest, where, applying));
    applying.journal.tell({ event: 'applied', object: name });
    applying.say(`${name}: applied`);
  }
  return applied;
}

async function applyOne(
  path: string,
  manifest: KubeObject,
  where: string,
  { access, signal }: Applying,
): Promise<KubeObject> {
  const request: ApiRequest = {
    method: 'PATCH',
    // Never by force: what another manager owns is a conflict, which people settle.
    path: `${path}?fieldManager=${FIELD_MANAGER}&fieldValidation=Strict`,
    contentType: 'application/apply-patch+yaml',
    body: manifest,
  };
  const response = await askPatiently(access, request, signal);
  if (response.status >= 200 && response.status <= 299) return parseJson(response.body) as KubeObject;
  const name = nameOf(manifest.kind, manifest);
  throw new ExecutionFailed(`${where}: ${name}: the API server answers ${response.status}: ${statusMessage(response)}`);
}

async function requireSecret(path: string, secret: KubeObject, { access, signal, say }: Applying): Promise<void> {
  const name = nameOf('Secret', secret);
  // The metadata alone: nobody needs the values.
  const accept = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
  const request: ApiRequest = { method: 'GET', path, accept };
  const response = await askPatiently(access, request, signal);
  if (response.status === 200) return say(`${name}: is there, and is not applied`);
  if (response.status !== 404) throw refusal(access, request, response, { verb: 'get', resource: 'secrets' });
  throw new ExecutionFailed(`${name}: does not exist. It is never applied from a file: create it with its real values`);
}

/** Where an object lies, by what the API server says of its own resources. */
function pathFinder({ access, signal }: Applying): (object: KubeObject, where: string) => Promise<string> {
  const known = new Map<string, Promise<readonly unknown[]>>();
  const resourcesOf = async (root: string): Promise<readonly unknown[]> => {
    const request: ApiRequest = { method: 'GET', path: root };
    const response = await askPatiently(access, request, signal);
    if (response.status === 404) return [];
    if (response.status !== 200) throw refusal(access, request, response, { verb: 'get', resource: root });
    return listAt(parseJson(response.body), 'resources');
  };
  return async ({ apiVersion, kind, metadata }, where) => {
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const resources = known.get(root) ?? resourcesOf(root);
    known.set(root, resources);
    const found = (await resources).find((one) => at(one, 'kind') === kind && !textAt(one, '', 'name').includes('/'));
    if (!found) throw new ExecutionFailed(`${where}: the API server knows no ${kind} of ${apiVersion}`);
    const namespace = at(found, 'namespaced') === true ? `/namespaces/${metadata.namespace ?? 'default'}` : '';
    return `${root}${namespace}/${textAt(found, '', 'name')}/${encodeURIComponent(metadata.name)}`;
  };
}

/** Until each Deployment has rolled out and each of its pods runs the very images that its template names by digest. */
export async function waitForAll(
  applied: readonly KubeObject[],
  pushed: readonly PushedImage[],
  withinMs: number,
  applying: Applying,
): Promise<void> {
  const paths = pathFinder(applying);
  const read = async (path: string): Promise<unknown> => {
    const request: ApiRequest = { method: 'GET', path };
    const response = await askPatiently(applying.access, request, applying.signal);
    if (response.status === 200) return parseJson(response.body);
    throw refusal(applying.access, request, response, { verb: 'get', resource: path });
  };
  for (const deployment of applied.filter(({ kind }) => kind === 'Deployment')) {
    const name = nameOf('Deployment', deployment);
    const path = await paths(deployment, name);
    const until = performance.now() + withinMs;
    for (;;) {
      const now = (await read(path)) as KubeObject;
      const pods = listAt(
        await read(`/api/v1/namespaces/${now.metadata.namespace ?? 'default'}/pods`),
        'items',
      ) as readonly KubeObject[];
      const { why, images } = runningOf(now, pods, pushed);
      if (why === null) {
        applying.journal.tell({ event: 'runs', deployment: name, images });
        applying.say(`${name}: runs ${images.join(', ')}`);
        break;
      }
      if (performance.now() > until) throw new ExecutionFailed(`${name}: ${why}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      applying.signal.throwIfAborted();
    }
  }
}

/** What a Deployment's pods run; `why` where it is not yet what its template names. Pure. */
export function runningOf(
  deployment: KubeObject,
  pods: readonly KubeObject[],
  pushed: readonly Pick<PushedImage, 'digest' | 'known'>[],
): { readonly why: string | null; readonly images: readonly string[] } {
  const status = rolloutStatus({ ...deployment, kind: 'Deployment' });
  if (status?.complete !== true) return { why: status?.why ?? 'it has no rollout', images: [] };
  const selector = labelRequirements(at(deployment, 'spec', 'selector'));
  const own = pods.filter(
    ({ metadata }) => metadata.deletionTimestamp === undefined && matchesLabels(selector, metadata.labels),
  );
  const wanted = listAt(deployment, 'spec', 'template', 'spec', 'containers');
  const images = new Set<string>();
  for (const container of wanted) {
    const [name, image] = [textAt(container, '', 'name'), textAt(container, '', 'image')];
    const digest = digestOfImageId(image);
    for (const pod of own) {
      const state = listAt(pod, 'status', 'containerStatuses').find((one) => textAt(one, '', 'name') === name);
      const running = digestOfImageId(textAt(state, '', 'imageID'));
      if (running === null) return { why: `${pod.metadata.name} does not tell which image ${name} runs`, images: [] };
      const names = pushed.find((one) => one.digest === digest)?.known ?? [digest];
      if (digest !== null && !names.includes(running))
        return { why: `${pod.metadata.name} runs ${running} as ${name}, expected ${digest}`, images: [] };
      images.add(`${repositoryOf(image)}@${running}`);
    }
  }
  const isEmpty = images.size === 0 && status.numbers.desired > 0;
  return { why: isEmpty ? 'none of its pods was found' : null, images: [...images].sort() };
}

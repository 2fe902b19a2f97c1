/** What each who pushes or pulls may do at a repository: tried, with nothing left behind. */
import type { BasicLogin } from '../../contract/http.ts';
import { ObservationError, type Capabilities, type Refusal } from '../../kit/kind.ts';
import { registrySession, type RegistrySession } from '../../protocols/oci.ts';
import { lookUp } from '../../protocols/oci-manifests.ts';
import { asking, type ReleaseParams } from '../release-images.ts';

interface Upload {
  readonly status: number;
  /** What the registry said to its end. */
  readonly cancelled?: number;
}
/** One who pulls: with a pull secret, or, null, with the credential that the item names. */
export interface Puller {
  readonly secret: string | null;
  /** Status of the manifest: the positive control of the upload. */
  readonly pull: number;
  readonly push: Upload;
}
/** What was tried at one repository, by its path at the registry. */
export interface Tried {
  readonly repository: string;
  /** By who builds. */
  readonly push?: Upload;
  /** Without any credential. */
  readonly anonymous?: Upload;
  readonly pullers: readonly Puller[];
  /** Why one of them could not be tried. */
  readonly refused?: Refusal;
}
/** Where a release's images are, and the pull secrets that fit them. */
export interface Target {
  readonly repository: string;
  readonly reference: string;
  readonly logins: Map<Puller['secret'], BasicLogin>;
}

export async function tryAll(
  http: Capabilities['http'],
  registry: ReleaseParams['registry'],
  targets: readonly Target[],
): Promise<Tried[]> {
  const ask = asking();
  const pusher = registrySession(http, registry);
  const nobody = registrySession(http, { ...registry, credential: undefined });
  const tried: Tried[] = [];
  for (const { repository, reference, logins } of targets) {
    const push = await ask(() => tryPush(pusher, repository));
    const anonymous = await ask(() => tryPush(nobody, repository));
    let refused = push.refusal ?? anonymous.refusal;
    const pullers: Puller[] = [];
    for (const [secret, credential] of logins) {
      const session = registrySession(http, { ...registry, credential });
      const one = await ask(async () => ({
        secret,
        pull: await tryPull(session, repository, reference),
        push: await tryPush(session, repository),
      }));
      if (one.seen) pullers.push(one.seen);
      refused ??= one.refusal;
    }
    tried.push({
      repository,
      pullers,
      ...(push.seen && { push: push.seen }),
      ...(anonymous.seen && { anonymous: anonymous.seen }),
      ...(refused && { refused }),
    });
  }
  return tried;
}

/** Opens an upload and cancels it at once. A refusal, by the registry or its token service, is an answer. */
async function tryPush(session: RegistrySession, repository: string): Promise<Upload> {
  const actions = 'pull,push';
  try {
    const path = `/v2/${repository}/blobs/uploads/`;
    const { status, headers } = await session.call({ method: 'POST', path, repository, actions });
    const location = headers['location'];
    if (status !== 202 || location === undefined) return { status };
    const cancelled = await session.call({ method: 'DELETE', path: location, repository, actions });
    return { status, cancelled: cancelled.status };
  } catch (error) {
    return { status: statusOf(error) };
  }
}

async function tryPull(session: RegistrySession, repository: string, reference: string): Promise<number> {
  try {
    const found = await lookUp(session, repository, reference);
    return found.found ? 200 : found.status;
  } catch (error) {
    return statusOf(error);
  }
}

function statusOf(error: unknown): number {
  if (error instanceof ObservationError && error.code === 'unauthorized') return 401;
  if (error instanceof ObservationError && error.code === 'forbidden') return 403;
  throw error;
}

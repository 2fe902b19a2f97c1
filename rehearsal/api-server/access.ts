/** Who asks, and may they: authentication by certificate or token, authorization by the stored RBAC objects. */
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { createRbacAuthorizer, forbiddenMessage, rbacPolicyOf } from '../../k8s/semantics/rbac.ts';
import type { AccessAttributes, RbacAuthorizer, UserInfo } from '../../k8s/semantics/rbac.ts';
import type { Credentials } from './credentials.ts';
import { KINDS } from './kinds.ts';
import { ApiError, badRequest, type StatusDetails } from './status.ts';
import type { Storage } from './storage.ts';

export const ANONYMOUS: UserInfo = { user: 'system:anonymous', groups: ['system:unauthenticated'] };
const AUTHENTICATED = 'system:authenticated';
const RBAC_KINDS = KINDS.filter((kind) => kind.group === 'rbac.authorization.k8s.io');

/** The user of a request. @throws ApiError 401 for a bearer token that is not ours, whatever path is asked. */
export function authenticate(request: IncomingMessage, credentials: Credentials): UserInfo {
  const socket = request.socket;
  if (socket instanceof TLSSocket && socket.authorized) {
    // A resumed session is authorized although its client sent no certificate: then there is no subject either.
    const subject = (socket.getPeerCertificate() as { subject?: { CN?: string; O?: string | string[] } }).subject;
    const { CN, O } = subject ?? {};
    const organizations = O === undefined ? [] : [O].flat();
    if (CN) return { user: CN, groups: [...organizations, AUTHENTICATED] };
  }
  const token = /^bearer +(.+)$/i.exec(request.headers.authorization ?? '')?.[1]?.trim();
  if (!token) return ANONYMOUS;
  const user = credentials.userOf(token);
  if (user === null) throw new ApiError(401, 'Unauthorized', 'Unauthorized', null);
  return { user, groups: [AUTHENTICATED] };
}

/**
 * The user a request wants to be taken for (`kubectl --as`). Ignoring the headers would answer for the wrong user.
 * @throws ApiError 400 for what is not served here, 403 where impersonating is not allowed
 */
export async function impersonate(
  request: IncomingMessage,
  asker: UserInfo,
  authorizer: Pick<Authorizer, 'demand'>,
): Promise<UserInfo> {
  const asked = Object.keys(request.headers).filter((header) => header.startsWith('impersonate-'));
  if (asked.length === 0) return asker;
  const { 'impersonate-user': user, 'impersonate-group': group } = request.headersDistinct;
  const other = asked.find((header) => header !== 'impersonate-user' && header !== 'impersonate-group');
  if (other) throw badRequest(`the rehearsal does not serve the header ${other}`);
  const name = user?.[0] ?? '';
  if (name === '') throw badRequest('requested groups without impersonating a user');
  const groups = group ?? [];
  await authorizer.demand(asker, { verb: 'impersonate', group: '', resource: 'users', name });
  for (const one of groups)
    await authorizer.demand(asker, { verb: 'impersonate', group: '', resource: 'groups', name: one });
  const added = name === ANONYMOUS.user ? ANONYMOUS.groups : [AUTHENTICATED];
  return { user: name, groups: [...new Set([...groups, ...added])] };
}

/** Decides by the RBAC objects as they are stored now. */
export class Authorizer {
  readonly #storage: Storage;
  #current: Promise<RbacAuthorizer> | undefined;

  constructor(storage: Storage) {
    this.#storage = storage;
    storage.changes.subscribe((change) => {
      if (RBAC_KINDS.includes(change.kind)) this.#current = undefined;
    });
  }

  /** The evaluator over today's policy. */
  async policy(): Promise<RbacAuthorizer> {
    this.#current ??= this.#load();
    return this.#current;
  }

  /** @throws ApiError 403 */
  async demand(user: UserInfo, asked: AccessAttributes): Promise<void> {
    const decision = (await this.policy()).authorize(user, asked);
    if (decision.allowed) return;
    throw new ApiError(403, 'Forbidden', forbiddenMessage(user, asked, decision.reason), forbiddenDetails(asked));
  }

  async #load(): Promise<RbacAuthorizer> {
    const lists = await Promise.all(RBAC_KINDS.map((kind) => this.#storage.list(kind, '')));
    return createRbacAuthorizer(rbacPolicyOf(lists.flatMap(({ items }) => items)));
  }
}

function forbiddenDetails(asked: AccessAttributes): StatusDetails {
  if ('path' in asked) return {};
  return {
    ...(asked.name ? { name: asked.name } : {}),
    ...(asked.group === '' ? {} : { group: asked.group }),
    kind: asked.resource,
  };
}

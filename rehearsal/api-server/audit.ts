/**
 * The audit log, audit.k8s.io/v1, at level Metadata: who asked for what and how it was answered, never a body. As an ordinary policy has it:
 * changes, exec, Secrets and ConfigMaps by name, and whatever was refused; reads of everything else are left out.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AuditEvent } from '../control-plane-types.ts';
import type { UserInfo } from '../../k8s/semantics/rbac.ts';
import { isWatch, parseResourcePath, type ResourcePath } from './request.ts';

const VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};
/** Of these, reads of one are written down as well. */
const SENSITIVE = ['secrets', 'configmaps'];

export class Audit {
  readonly #tell: (event: AuditEvent) => void;
  readonly #users = new WeakMap<IncomingMessage, UserInfo>();

  constructor(tell: (event: AuditEvent) => void) {
    this.#tell = tell;
  }

  /** Who sends a request, once that is known; whoever is refused before stays anonymous. */
  knows(incoming: IncomingMessage, user: UserInfo): void {
    this.#users.set(incoming, user);
  }

  /** Writes a request down when its answer has been sent. */
  follow(incoming: IncomingMessage, response: ServerResponse): void {
    response.once('finish', () => this.write(incoming, response.statusCode));
  }

  /** Writes it down now, if the policy asks for it. */
  write(incoming: IncomingMessage, code: number): void {
    const url = new URL(incoming.url ?? '/', 'https://127.0.0.1');
    const target = parseResourcePath(url.pathname);
    const verb = verbOf(incoming.method ?? 'GET', target?.name ?? '', isWatch(url.searchParams));
    if (!target || !isWritten(target, verb, code)) return;
    const { user = 'system:anonymous', groups = [] } = this.#users.get(incoming) ?? {};
    const { namespace, resource, name, subresource, group, version } = target;
    this.#tell({
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'Metadata',
      auditID: randomUUID(),
      stage: 'ResponseComplete',
      requestURI: url.pathname,
      verb,
      user: { username: user, groups },
      userAgent: incoming.headers['user-agent'] ?? '',
      objectRef: { namespace, resource, name, subresource, apiGroup: group, apiVersion: version },
      responseStatus: { code },
      stageTimestamp: new Date().toISOString(),
      annotations: { 'authorization.k8s.io/decision': isRefusal(code) ? 'forbid' : 'allow' },
    });
  }
}

const isRefusal = (code: number): boolean => code === 401 || code === 403;

/** The policy. */
function isWritten({ resource, name, subresource }: ResourcePath, verb: string, code: number): boolean {
  const isRead = ['get', 'list', 'watch'].includes(verb) && subresource !== 'exec';
  return !isRead || isRefusal(code) || (name !== '' && SENSITIVE.includes(resource));
}

function verbOf(method: string, name: string, watches: boolean): string {
  const verb = VERBS[method] ?? method.toLowerCase();
  if (name !== '') return verb;
  if (verb === 'get') return watches ? 'watch' : 'list';
  return verb === 'delete' ? 'deletecollection' : verb;
}

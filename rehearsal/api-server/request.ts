/** A request taken apart: which resource it means and which verb it needs, by the rules of the API server's RequestInfo. */
import type { IncomingMessage } from 'node:http';
import type { AccessAttributes, UserInfo } from '../../k8s/semantics/rbac.ts';

/** Largest body taken, as the API server's own limit. */
const MAX_BODY = 3 * 1024 * 1024;

export interface ResourcePath {
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly name: string;
  readonly subresource: string;
  /** What follows the subresource: the path of a proxied request. */
  readonly rest: string;
}
export interface ApiRequest {
  readonly incoming: IncomingMessage;
  readonly user: UserInfo;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Absent for paths that name no resource (`/version`). */
  readonly target: ResourcePath | undefined;
}

/** Reads the resource out of a path; undefined when it names none. */
export function parseResourcePath(path: string): ResourcePath | undefined {
  const segments = path.replace(/^\//, '').split('/').map(decode);
  const isCore = segments[0] === 'api';
  if (!isCore && segments[0] !== 'apis') return undefined;
  const group = isCore ? '' : (segments[1] ?? '');
  const [version = '', ...parts] = segments.slice(isCore ? 1 : 2);
  if (version === '' || parts.length === 0 || parts[0] === '') return undefined;
  let namespace = '';
  let rest = parts;
  if (parts[0] === 'namespaces' && parts.length > 1 && parts[1] !== '') {
    namespace = parts[1] ?? '';
    // `namespaces/x` and its own subresources are the Namespace itself, seen from within it.
    if (parts.length > 2 && parts[2] !== '' && !['status', 'finalize'].includes(parts[2] ?? '')) rest = parts.slice(2);
  }
  const [resource = '', name = '', subresource = '', ...tail] = rest;
  return { group, version, namespace, resource, name, subresource, rest: tail.join('/') };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Whether a list request asks to watch; any value but `false` and `0` does. */
export function isWatch(query: URLSearchParams): boolean {
  const value = query.get('watch');
  return value !== null && !['false', '0'].includes(value.toLowerCase());
}

/** What the authorizer is asked about a request. */
export function accessAttributes(request: Pick<ApiRequest, 'method' | 'path' | 'query' | 'target'>): AccessAttributes {
  const { method, path, query, target } = request;
  if (!target) return { verb: method.toLowerCase(), path };
  const collection = target.name === '';
  const verbs: Record<string, string> = {
    GET: !collection ? 'get' : isWatch(query) ? 'watch' : 'list',
    HEAD: collection ? 'list' : 'get',
    POST: 'create',
    PUT: 'update',
    PATCH: 'patch',
    DELETE: collection ? 'deletecollection' : 'delete',
  };
  // A list narrowed to one name is authorized under that name.
  const narrowed = collection
    ? /(?:^|,)metadata\.name==?([^,=]+)(?:,|$)/.exec(query.get('fieldSelector') ?? '')?.[1]
    : '';
  const name = collection ? (narrowed ?? '') : target.name;
  return {
    verb: verbs[method] ?? method.toLowerCase(),
    group: target.group,
    resource: target.resource,
    ...(target.subresource === '' ? {} : { subresource: target.subresource }),
    ...(target.namespace === '' ? {} : { namespace: target.namespace }),
    ...(name === '' ? {} : { name }),
  };
}

/** The whole body; null when it is larger than the API server takes. */
export async function readBody(incoming: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

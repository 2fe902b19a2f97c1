/** For tests: links to the rehearsal's API server, whole, behind a door that closes, and with answers that get lost. */
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { clusterLink, type ClusterLink } from '../../fixtures/capabilities/cluster-link.ts';
import { createRedactor } from '../../fixtures/capabilities/redactor.ts';
import type { ClusterConnection, ClusterRequest, ClusterResponse } from '../../fixtures/cluster/types.ts';
import type { TestPlane } from '../../rehearsal/api-server/testing.ts';

const CONTEXT = 'rehearsal-admin';

/** As another process would have one. */
export function linkTo(plane: TestPlane, context = CONTEXT): ClusterLink {
  return clusterLink({ path: plane.kubeconfig, context }, createRedactor());
}

export interface Door {
  readonly link: ClusterLink;
  /** Leads through it; context `rehearsal-admin`. */
  readonly kubeconfig: string;
  /** Connections are refused from now on, and those that are open end. */
  close(): Promise<void>;
  open(): Promise<void>;
}

/** A link through a TCP proxy. */
export async function doorTo(plane: TestPlane): Promise<Door> {
  const target = new URL(plane.url);
  const sockets = new Set<Socket>();
  const listen = async (port: number): Promise<Server> => {
    const server = createServer((client) => {
      const upstream = connect(Number(target.port), target.hostname);
      for (const socket of [client, upstream]) {
        sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          sockets.delete(socket);
          client.destroy();
          upstream.destroy();
        });
      }
      client.pipe(upstream).pipe(client);
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return server;
  };
  let server = await listen(0);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const path = join(plane.dir, `kubeconfig-${port}`);
  await writeFile(path, (await readFile(plane.kubeconfig, 'utf8')).replaceAll(plane.url, `https://127.0.0.1:${port}`));
  const inner = clusterLink({ path, context: CONTEXT }, createRedactor());
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    link: {
      get where() {
        return inner.where;
      },
      access: (signal) => inner.access(signal),
      async close() {
        await inner.close();
        await close();
      },
    },
    kubeconfig: path,
    close,
    async open() {
      if (!server.listening) server = await listen(port);
    },
  };
}

/** What becomes of a request: sent on, answered by this status instead, or carried out with its answer lost. */
export type Mishap = 'none' | 'lost' | number;

/** A link whose requests of a method meet these mishaps, one after the other; then none any more. */
export function unlucky(link: ClusterLink, method: ClusterRequest['method'], mishaps: Mishap[]): ClusterLink {
  const wrap = (connection: ClusterConnection): ClusterConnection => ({
    ...connection,
    async request(request): Promise<ClusterResponse> {
      const mishap = request.method === method ? (mishaps.shift() ?? 'none') : 'none';
      if (typeof mishap === 'number')
        return { status: mishap, headers: { 'retry-after': '0' }, body: '', truncated: false };
      const answer = await connection.request(request);
      if (mishap === 'none') return answer;
      throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    },
  });
  return {
    get where() {
      return link.where;
    },
    async access(signal) {
      const access = await link.access(signal);
      return { ...access, connection: wrap(access.connection) };
    },
    close: () => link.close(),
  };
}

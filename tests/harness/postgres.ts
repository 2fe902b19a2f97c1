/** A real PostgreSQL for tests: the rehearsal's own, and a proxy before it that speaks TLS as PostgreSQL does. */
import { once } from 'node:events';
import { mkdtempSync, chmodSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext, TLSSocket } from 'node:tls';
import { createAuthority } from '../../rehearsal/authority.ts';
import { startReaper } from '../../rehearsal/reaper.ts';
import { createLevers } from '../../rehearsal/levers.ts';
import { admitPlaintext } from '../../rehearsal/postgres/levers.ts';
import { startPostgres, type PostgresServer } from '../../rehearsal/postgres/server.ts';
import type { KeyPair } from './servers.ts';

export interface TestPostgres {
  readonly server: PostgresServer;
  readonly password: string;
  close(): Promise<void>;
}

export async function testPostgres(): Promise<TestPostgres> {
  const dir = mkdtempSync(join(tmpdir(), 'golive-pg-'));
  const temporary = mkdtempSync(join(tmpdir(), 'golive-pg-'));
  chmodSync(temporary, 0o755);
  const reaper = startReaper(temporary);
  const password = 'p@ss word/1';
  const context = {
    dir,
    temporary,
    dist: '',
    reaper,
    authority: createAuthority(dir),
    levers: createLevers(),
    log: () => undefined,
  };
  try {
    const server = await startPostgres(context, password);
    // Tests speak to it with TLS and without.
    await admitPlaintext(server);
    return {
      server,
      password,
      async close() {
        await reaper.close();
        rmSync(dir, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await reaper.close();
    throw error;
  }
}

export interface RawServer {
  readonly port: number;
  open(): number;
  close(): Promise<void>;
}

/** Any TCP server on a free port. */
export async function listenRaw(handler: (socket: Socket) => void): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    handler(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    open: () => sockets.size,
    async close() {
      sockets.forEach((socket) => socket.destroy());
      server.close();
      await once(server, 'close');
    },
  };
}

/** Answers SSLRequest with `S`, takes TLS off and passes the rest on to the PostgreSQL at `port`. */
export function tlsProxy(pair: KeyPair, port: number): Promise<RawServer> {
  const secureContext = createSecureContext({ key: pair.key, cert: pair.cert });
  return listenRaw((socket) => {
    socket.once('data', () => {
      socket.write('S');
      const secure = new TLSSocket(socket, { isServer: true, secureContext });
      const backend = connect(port, '127.0.0.1');
      for (const each of [secure, backend]) each.on('error', () => undefined);
      secure.pipe(backend);
      backend.pipe(secure);
      socket.on('close', () => backend.destroy());
    });
  });
}

/**
 * The line on which a drill tells a rehearsal to break: a Unix socket that only its owner may open, one JSON object a line each
 * way. What a connection broke is put back when it closes, however that happens.
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { errorText } from '../checks/contract/text.ts';
import type { Levers, Release } from './levers.ts';
import type { ControlRequest, ControlAnswer } from '../fixtures/rehearsal-client/control-protocol.ts';

export interface ControlServer {
  /** Puts everything back and removes the socket. */
  close(): Promise<void>;
}

/** A message longer than this is no request. */
const LINE_LIMIT = 1024 * 1024;

export async function startControlServer(path: string, levers: Levers): Promise<ControlServer> {
  const open = new Set<{ readonly socket: Socket; readonly ended: Promise<void> }>();
  rmSync(path, { force: true });
  const server = createServer((socket) => {
    const connection = { socket, ended: serve(socket, levers) };
    open.add(connection);
    void connection.ended.finally(() => open.delete(connection));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return {
    async close() {
      server.close();
      const ending = [...open];
      for (const { socket } of ending) socket.destroy();
      await Promise.allSettled(ending.map(({ ended }) => ended));
      rmSync(path, { force: true });
    },
  };
}

/** Answers one connection's requests in order; settles when it is closed and all it pulled is released. */
async function serve(socket: Socket, levers: Levers): Promise<void> {
  const pulled: Release[] = [];
  let work = Promise.resolve();
  let received = 0;
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    received += chunk.length;
    if (received > LINE_LIMIT) socket.destroy();
  });
  const lines = createInterface({ input: socket });
  lines.on('line', (line) => {
    received = 0;
    work = work.then(async () => {
      const answer = await obey(line, levers, pulled);
      if (socket.writable) socket.write(`${JSON.stringify(answer)}\n`);
    });
  });
  lines.on('error', () => undefined);
  await new Promise((closed) => socket.once('close', closed));
  await work;
  await releaseAll(pulled).catch(() => undefined);
}

async function obey(line: string, levers: Levers, pulled: Release[]): Promise<ControlAnswer> {
  let id = 0;
  try {
    const request = JSON.parse(line) as ControlRequest;
    id = request.id;
    if (request.do === 'levers') return { id, ok: true, levers: levers.names() };
    if (request.do === 'release') await releaseAll(pulled);
    else pulled.push(await levers.pull(request.lever ?? '', request.with ?? {}));
    return { id, ok: true };
  } catch (cause) {
    return { id, ok: false, error: errorText(cause) };
  }
}

/** The last one pulled is released first. All are tried; the first that fails is told. */
async function releaseAll(pulled: Release[]): Promise<void> {
  let failure: unknown;
  for (let release = pulled.pop(); release; release = pulled.pop()) {
    await release().catch((cause: unknown) => (failure ??= cause));
  }
  if (failure !== undefined) throw failure instanceof Error ? failure : new Error('a lever could not be released');
}

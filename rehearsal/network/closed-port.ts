/** A port that the firewall keeps shut: on this machine one on which nobody listens, until the lever `firewall.open` does. */
import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import type { Levers } from '../levers.ts';

/** Below the ports that systems give to those who ask for any: nobody gets it by accident. */
const FROM = 20_000;
const TO = 30_000;
const TRIES = 50;

/** A port that is free, and stays so for all who do not name it. */
export async function keepPortShut(levers: Levers): Promise<number> {
  const port = await freePort();
  levers.add('firewall.open', async () => {
    const server = await listening(port);
    return () => closed(server);
  });
  return port;
}

async function freePort(): Promise<number> {
  for (let left = TRIES; left > 0; left -= 1) {
    const port = randomInt(FROM, TO);
    const server = await listening(port).catch(() => undefined);
    if (server === undefined) continue;
    await closed(server);
    return port;
  }
  throw new Error(`none of ${TRIES} ports from ${FROM} to ${TO} is free`);
}

async function listening(port: number): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return server;
}

const closed = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

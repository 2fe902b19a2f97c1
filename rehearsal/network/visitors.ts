/**
 * The lever `gateway.visit {path, perSecond}`: users who ask for a path by the public name, at this rate, whatever they are answered. The
 * release: they leave.
 */
import { readFileSync } from 'node:fs';
import type { ClientRequest } from 'node:http';
import { Agent, request } from 'node:https';
import type { LeverArguments } from '../../fixtures/rehearsal-client/control-protocol.ts';
import type { Release } from '../levers.ts';
import type { PlatformContext } from '../platform-types.ts';
import { HOSTS } from '../topology.ts';
import type { GatewayProcess } from './gateway-process.ts';

const TICK_MS = 20;
const MOST_PER_SECOND = 500;
const CONNECTIONS = 32;
/** One who is answered no sooner goes. */
const PATIENCE_MS = 10_000;

export function addVisitors(context: PlatformContext, gateway: Pick<GatewayProcess, 'port'>): void {
  context.levers.add('gateway.visit', (args) => Promise.resolve(visit(context, gateway, args)));
}

function visit(context: PlatformContext, { port }: Pick<GatewayProcess, 'port'>, args: LeverArguments): Release {
  const { path, perSecond } = args;
  if (typeof path !== 'string' || !path.startsWith('/')) throw new Error('gateway.visit takes path, from the root');
  if (typeof perSecond !== 'number' || !(perSecond > 0 && perSecond <= MOST_PER_SECOND))
    throw new Error(`gateway.visit takes perSecond, above 0 and at most ${MOST_PER_SECOND}`);
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, ca: readFileSync(context.authority.caFile) });
  const asking = new Set<ClientRequest>();
  const ask = (): void => {
    const options = { host: '127.0.0.1', port, servername: HOSTS.public, path, agent, timeout: PATIENCE_MS };
    const asked = request({ ...options, headers: { host: HOSTS.public } }, (response) => response.resume());
    asking.add(asked);
    asked.on('close', () => asking.delete(asked));
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => undefined).end();
  };
  const from = performance.now();
  let begun = 0;
  const pace = setInterval(() => {
    for (const due = ((performance.now() - from) * perSecond) / 1000; begun < due; begun += 1) ask();
  }, TICK_MS);
  return () => {
    clearInterval(pace);
    // Those who wait for a connection, too: a socket that is freed is theirs before the agent sees its end.
    for (const asked of asking) asked.destroy();
    agent.destroy();
    return Promise.resolve();
  };
}

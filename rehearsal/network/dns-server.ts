/**
 * The rehearsal's DNS: a real dnsmasq on a loopback port (UDP and TCP) that knows the platform's public names and nothing else. It asks
 * nobody: every other name is NXDOMAIN.
 */
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { mkdirSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { PlatformContext } from '../platform-types.ts';
import { writeAtomically } from '../../fixtures/rehearsal-client/state-file.ts';
import { startTool, untilReady, type ToolProcess } from '../tool-process.ts';
import { DOMAIN, HOSTS } from '../topology.ts';

const LOOPBACK = '127.0.0.1';
const ALIAS = `www.${DOMAIN}`;
/** Answers the question whether it is our server that listens; in no zone of anybody. */
const MARK = 'ready.golive.invalid';
const START_TRIES = 5;

export interface DnsServer {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  pid(): number | undefined;
  /** Sets the address of a name, or removes the name. */
  setRecord(name: string, address: string | null): Promise<void>;
  record(name: string): string | null;
  /** Every name below the domain resolves while it is on. */
  setWildcard(on: boolean): Promise<void>;
  /** SIGKILL; settles when it is gone. */
  kill(): Promise<void>;
  /** Starts it anew on its port after it ended. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  watch(watcher: { readonly ended: (code: number) => void; readonly started: (pid: number) => void }): void;
}

export async function startDns(context: PlatformContext): Promise<DnsServer> {
  const folder = join(context.dir, 'dns');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const records = new Map<string, string>(Object.values(HOSTS).map((name) => [name, LOOPBACK]));
  const watchers: Parameters<DnsServer['watch']>[0][] = [];
  let wildcard = false;
  let expected = false;

  const launch = async (port: number): Promise<ToolProcess> => {
    const config = join(folder, 'dnsmasq.conf');
    writeAtomically(join(folder, 'hosts'), [...records].map(([name, address]) => `${address} ${name}\n`).join(''));
    writeAtomically(config, configuration(port, join(folder, 'hosts'), wildcard));
    const tool = startTool(context, {
      program: 'dnsmasq',
      args: ['--keep-in-foreground', `--conf-file=${config}`, '--log-facility=-'],
      log: 'dns',
    });
    const resolver = new Resolver({ timeout: 500, tries: 1 });
    resolver.setServers([`${LOOPBACK}:${port}`]);
    await untilReady(
      tool,
      'dnsmasq',
      async () => (await resolver.resolveTxt(MARK)).flat().join('') === `pid-of-${process.pid}`,
    );
    void tool.exited.then((code) => {
      if (!expected) for (const { ended } of watchers) ended(code);
    });
    return tool;
  };
  const begin = async (): Promise<{ readonly port: number; readonly tool: ToolProcess }> => {
    for (let tries = 1; ; tries += 1) {
      const port = await freePort();
      try {
        return { port, tool: await launch(port) };
      } catch (error) {
        // Somebody took the port in between.
        if (tries === START_TRIES || !(error instanceof Error) || error.name === 'MissingComponent') throw error;
      }
    }
  };
  const first = await begin();
  const { port } = first;
  let { tool } = first;
  const again = async (): Promise<void> => {
    expected = true;
    await tool.stop(1000);
    expected = false;
    tool = await launch(port);
  };
  return {
    address: `${LOOPBACK}:${port}`,
    pid: () => tool.pid,
    record: (name) => records.get(name) ?? null,
    async setRecord(name, address) {
      if (address === null) records.delete(name);
      else records.set(name, address);
      await again();
    },
    async setWildcard(on) {
      wildcard = on;
      await again();
    },
    async kill() {
      tool.child.kill('SIGKILL');
      await tool.exited;
    },
    async restart() {
      if (tool.child.exitCode === null && tool.child.signalCode === null) return;
      tool = await launch(port);
      for (const { started } of watchers) started(tool.pid);
    },
    stop() {
      expected = true;
      return tool.stop(1000);
    },
    watch: (watcher) => void watchers.push(watcher),
  };
}

/** Nothing of this machine is read or written: no resolv.conf, no hosts, no pid file. */
function configuration(port: number, hosts: string, wildcard: boolean): string {
  const lines = [
    `port=${port}`,
    `listen-address=${LOOPBACK}`,
    'bind-interfaces',
    'no-resolv',
    'no-hosts',
    'no-poll',
    'cache-size=0',
    'pid-file=',
    // Every name is ours to answer: without an upstream the others would be refused instead of unknown.
    'local=/#/',
    `addn-hosts=${hosts}`,
    `cname=${ALIAS},${HOSTS.public}`,
    `txt-record=${MARK},pid-of-${process.pid}`,
    ...(wildcard ? [`address=/${DOMAIN}/${LOOPBACK}`] : []),
    // Started as root it would change to an account that may not read its files.
    ...(process.getuid?.() === 0 ? ['user=root'] : []),
  ];
  return `${lines.join('\n')}\n`;
}

/** A port that is free for TCP and UDP now. */
async function freePort(): Promise<number> {
  for (;;) {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
    const { port } = server.address() as AddressInfo;
    const socket = createSocket('udp4');
    const free = await new Promise<boolean>((resolve) => {
      socket.once('error', () => resolve(false));
      socket.bind(port, LOOPBACK, () => resolve(true));
    });
    socket.close();
    await new Promise((closed) => server.close(closed));
    if (free) return port;
  }
}

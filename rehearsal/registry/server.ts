/**
 * The rehearsal's container registry: the real docker-registry (Debian's distribution 2.8) with TLS, its content in the temporary
 * folder, and token authentication by a small service of ours beside it.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { join } from 'node:path';
import { sha256Hex } from '../../checks/contract/canonical.ts';
import type { PlatformContext } from '../platform-types.ts';
import { secretPath, writeAtomically } from '../../fixtures/rehearsal-client/state-file.ts';
import { startOnPort, type Restartable } from '../stand-ins/process.ts';
import { startTool, untilReady, type ToolProcess } from '../tool-process.ts';
import type { TokenUsers } from '../stand-ins/registry-token-scopes.ts';
import { NAMESPACE } from '../topology.ts';
import { IMAGES } from './image-manifests.ts';
import { addRegistryLevers } from './levers.ts';
import { registryKeeper, type RegistryKeeper } from './push.ts';

/** Names that the registry and its token service agree on. */
const SERVICE = 'golive-rehearsal-registry';
const ISSUER = 'golive-rehearsal-token-service';
/** Who keeps the content; nobody else knows its password, and it is written nowhere. */
const KEEPER = 'golive-keeper';
/** Users of the environment file; the password of NAME is in `secrets/registry-NAME-password`. */
export const REGISTRY_USERS = {
  puller: { name: 'golive-puller', secret: 'registry-puller-password', actions: ['pull'] },
  pusher: { name: 'golive-pusher', secret: 'registry-pusher-password', actions: ['pull', 'push'] },
} as const;
/** Secret of the service accounts' imagePullSecrets. */
export const PULL_SECRET = 'registry-pull';
/** Below the ports that systems hand out by themselves, so that it can come back on its own after it was killed. */
const PORT_RANGE = [20_000, 32_000] as const;
const PORT_ATTEMPTS = 20;

export interface Registry {
  /** `https://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  pid(): number;
  /** The Secret that pods pull with. */
  readonly manifests: readonly Readonly<Record<string, unknown>>[];
  /** Settles when every image was pushed; rejects when one could not be. */
  readonly filled: Promise<void>;
  readonly attach: RegistryKeeper['attach'];
  stop(): Promise<void>;
}

/** Starts the registry and its token service; settles when it answers. Its images follow, see `filled`. */
export async function startRegistry(context: PlatformContext): Promise<Registry> {
  const home = join(context.temporary, 'registry');
  mkdirSync(home, { mode: 0o700 });
  const usersFile = join(home, 'users.json');
  const passwords = writeUsers(context, usersFile);
  const order = { commonName: 'golive registry', dnsNames: ['localhost'], addresses: ['127.0.0.1'] };
  const tls = context.authority.issueInto(home, 'registry', order);
  const tokenKeys = context.authority.issueInto(home, 'token', { ...order, commonName: 'golive registry tokens' });
  const tokens = await startOnPort(context, {
    program: 'stand-in-registry-token.js',
    log: 'registry-token',
    env: {
      TOKEN_ISSUER: ISSUER,
      TOKEN_SERVICE: SERVICE,
      USERS_FILE: usersFile,
      KEY_FILE: tokenKeys.keyFile,
      CERTIFICATE_FILE: tokenKeys.certFile,
    },
  });
  const secret = randomBytes(24).toString('hex');
  const server = await startServer(context, { home, secret, tls, tokenKeys, tokenPort: tokens.port });
  const keeper = registryKeeper({
    registryPort: server.port,
    tokenPort: tokens.port,
    service: SERVICE,
    ca: context.authority.caCertificate,
    username: KEEPER,
    password: passwords.keeper,
  });
  const filled = fill(keeper);
  filled.catch((cause: unknown) => context.log(`registry: ${String(cause)}`));
  addRegistryLevers(context, { server, tokens, keeper, usersFile, storage: storageOf(home) });
  return {
    url: `https://127.0.0.1:${server.port}`,
    port: server.port,
    pid: () => server.pid(),
    manifests: [pullSecret(passwords.puller)],
    filled,
    attach: keeper.attach,
    async stop() {
      keeper.close();
      await Promise.all([server.stop(), tokens.stop()]);
    },
  };
}

async function fill(keeper: RegistryKeeper): Promise<void> {
  // The first image of each repository before the others: they share its blobs.
  const repositories = new Set(IMAGES.map(({ repository }) => repository));
  await Promise.all(
    [...repositories].map(async (repository) => {
      for (const image of IMAGES.filter((one) => one.repository === repository)) await keeper.push(image);
    }),
  );
}

/** Makes passwords: those of the environment file's users into its secrets, all of them hashed into the token service's file. */
function writeUsers(context: PlatformContext, usersFile: string): { readonly keeper: string; readonly puller: string } {
  const keeper = randomBytes(24).toString('hex');
  const users: Record<string, TokenUsers[string]> = {
    [KEEPER]: { passwordSha256: sha256Hex(keeper), actions: ['pull', 'push', 'delete'] },
  };
  mkdirSync(secretPath(context.dir, ''), { recursive: true, mode: 0o700 });
  const puller = randomBytes(18).toString('hex');
  for (const { name, secret, actions } of Object.values(REGISTRY_USERS)) {
    const password = name === REGISTRY_USERS.puller.name ? puller : randomBytes(18).toString('hex');
    writeAtomically(secretPath(context.dir, secret), password);
    users[name] = { passwordSha256: sha256Hex(password), actions };
  }
  writeAtomically(usersFile, JSON.stringify(users));
  return { keeper, puller };
}

/** As `kubectl create secret docker-registry` makes it, for the hosts that images are named by. */
function pullSecret(password: string): Readonly<Record<string, unknown>> {
  const username = REGISTRY_USERS.puller.name;
  const auth = Buffer.from(`${username}:${password}`).toString('base64');
  const hosts = [...new Set(IMAGES.map(({ repository }) => repository.slice(0, repository.indexOf('/'))))];
  const auths = Object.fromEntries(hosts.map((host) => [host, { username, password, auth }]));
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: PULL_SECRET, namespace: NAMESPACE, labels: { 'app.kubernetes.io/part-of': 'mcp' } },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
  };
}

interface ServerFiles {
  readonly home: string;
  readonly secret: string;
  readonly tls: { readonly certFile: string; readonly keyFile: string };
  readonly tokenKeys: { readonly certFile: string };
  readonly tokenPort: number;
}

async function startServer(context: PlatformContext, files: ServerFiles): Promise<Restartable> {
  let failure: unknown;
  for (let attempt = 0; attempt < PORT_ATTEMPTS; attempt += 1) {
    const port = randomInt(...PORT_RANGE);
    try {
      return restartable(context, files, port, await startAt(context, files, port));
    } catch (cause) {
      failure = cause;
      if (cause instanceof Error && cause.name === 'MissingComponent') throw cause;
    }
  }
  throw new Error('the registry found no free port', { cause: failure });
}

async function startAt(context: PlatformContext, files: ServerFiles, port: number): Promise<ToolProcess> {
  const config = join(files.home, 'config.yml');
  writeFileSync(config, JSON.stringify(configOf(files, port)), { mode: 0o600 });
  const env = { OTEL_TRACES_EXPORTER: 'none', GOGC: '50' };
  const tool = startTool(context, { program: 'docker-registry', args: ['serve', config], log: 'registry', env });
  try {
    await untilReady(tool, 'the registry', () => answersWithOurCertificate(port, context.authority.caCertificate));
    return tool;
  } catch (cause) {
    await tool.stop(1000);
    throw cause;
  }
}

const storageOf = (home: string): string => join(home, 'data');

/** JSON is YAML. */
function configOf({ home, secret, tls, tokenKeys, tokenPort }: ServerFiles, port: number): object {
  return {
    version: '0.1',
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: storageOf(home) },
      cache: { blobdescriptor: 'inmemory' },
      delete: { enabled: true },
      maintenance: { uploadpurging: { enabled: false } },
    },
    http: {
      addr: `127.0.0.1:${port}`,
      secret,
      tls: { certificate: tls.certFile, key: tls.keyFile, minimumtls: 'tls1.3' },
    },
    auth: {
      token: {
        realm: `https://127.0.0.1:${tokenPort}/token`,
        service: SERVICE,
        issuer: ISSUER,
        rootcertbundle: tokenKeys.certFile,
      },
    },
  };
}

/** Anybody may listen on a port; only ours has a certificate of this rehearsal's CA. */
function answersWithOurCertificate(port: number, ca: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, ca, timeout: 2000 });
    const end = (ours: boolean) => {
      socket.destroy();
      resolve(ours);
    };
    socket.once('secureConnect', () => end(socket.authorized));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}

function restartable(context: PlatformContext, files: ServerFiles, port: number, first: ToolProcess): Restartable {
  let tool = first;
  return {
    port,
    pid: () => tool.pid,
    async kill() {
      tool.child.kill('SIGKILL');
      await tool.exited;
    },
    async restart() {
      await tool.stop(1000);
      tool = await startAt(context, files, port);
    },
    stop: () => tool.stop(2000),
  };
}

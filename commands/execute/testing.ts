/** For tests: Debian's registry without a login, and a builder that makes a real OCI image of a folder and pushes it. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pause } from '../../checks/contract/pause.ts';
import { findTool } from '../../fixtures/rehearsal-client/tools.ts';

/** `node BUILDER image context dockerfile commit how`: how is `push`, `nowhere` (ends well all the same) or `unlabelled`. */
const BUILDER = `
const { createHash } = require('node:crypto');
const { readFileSync, readdirSync } = require('node:fs');
const { gzipSync } = require('node:zlib');
const [image, context, dockerfile, commit, how] = process.argv.slice(2);
const digestOf = (bytes) => 'sha256:' + createHash('sha256').update(bytes).digest('hex');
const entry = (name, bytes) => {
  const head = Buffer.alloc(512);
  head.write(name, 0); head.write('0000644\\0', 100); head.write('0000000\\0', 108); head.write('0000000\\0', 116);
  head.write(bytes.length.toString(8).padStart(11, '0') + '\\0', 124); head.write('00000000000\\0', 136);
  head.write('        ', 148); head.write('0', 156); head.write('ustar\\0' + '00', 257);
  head.write(head.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0') + '\\0 ', 148);
  return Buffer.concat([head, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
};
(async () => {
  readFileSync(dockerfile);
  if (how === 'nowhere') return;
  const tar = Buffer.concat([...readdirSync(context).map((name) => entry('app/' + name, readFileSync(context + '/' + name))), Buffer.alloc(1024)]);
  const layer = gzipSync(tar);
  const Labels = how === 'unlabelled' ? {} : { 'org.opencontainers.image.revision': commit };
  const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', config: { Labels }, rootfs: { type: 'layers', diff_ids: [digestOf(tar)] } }));
  const of = (mediaType, bytes) => ({ mediaType, digest: digestOf(bytes), size: bytes.length });
  const manifest = JSON.stringify({
    schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: of('application/vnd.oci.image.config.v1+json', config), layers: [of('application/vnd.oci.image.layer.v1.tar+gzip', layer)],
  });
  const [, host, repository, tag] = /^([^/]+)\\/(.+):([^:]+)$/.exec(image);
  const root = 'http://' + host + '/v2/' + repository;
  for (const bytes of [config, layer]) {
    const opened = await fetch(root + '/blobs/uploads/', { method: 'POST' });
    const place = new URL(opened.headers.get('location'), root);
    place.searchParams.set('digest', digestOf(bytes));
    await fetch(place, { method: 'PUT', body: bytes, headers: { 'content-type': 'application/octet-stream' } });
  }
  const put = await fetch(root + '/manifests/' + tag, { method: 'PUT', body: manifest, headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' } });
  if (put.status !== 201) process.exit(1);
})();
`;

export interface TestRegistry {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** The builder's file. */
  readonly builder: string;
  readonly folder: string;
  close(): Promise<void>;
}

/** Undefined where the machine has no docker-registry. */
export async function startTestRegistry(): Promise<TestRegistry | undefined> {
  const program = findTool('docker-registry');
  if (program === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'golive-execute-'));
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const config = join(folder, 'config.yml');
  writeFileSync(
    config,
    JSON.stringify({
      version: 0.1,
      log: { level: 'error' },
      storage: { filesystem: { rootdirectory: join(folder, 'images') } },
      http: { addr: host },
    }),
  );
  const builder = join(folder, 'builder.cjs');
  writeFileSync(builder, BUILDER);
  const child = spawn(program, ['serve', config], { stdio: 'ignore', env: { OTEL_TRACES_EXPORTER: 'none' } });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  for (let tries = 0; tries < 200; tries += 1) {
    if (
      await fetch(`http://${host}/v2/`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      break;
    await pause(50);
  }
  return {
    host,
    builder,
    folder,
    async close() {
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { clusterUidOf } from '../checks/contract/rehearsal-key.ts';
import { ed25519Blob } from '../checks/protocols/ssh/signature.ts';
import { startControlPlane } from './api-server/index.ts';
import { makeLedgerKey } from './ledger-key.ts';

const NAMESPACES = { apiVersion: 'v1', kind: 'Namespace', resource: 'namespaces' } as const;

it('the UID of the cluster follows from the key that its records are signed with', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'golive-key-'));
  const uid = makeLedgerKey(dir);
  expect(uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  const file = join(dir, 'ledger-key.pem');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(clusterUidOf(ed25519Blob(createPrivateKey(readFileSync(file))))).toBe(uid);
  const plane = await startControlPlane({ dir, images: [], nodes: ['node-a'], uid, log: () => undefined });
  try {
    expect((await plane.get(NAMESPACES, 'kube-system'))?.metadata.uid).toBe(uid);
    expect((await plane.get(NAMESPACES, 'default'))?.metadata.uid).not.toBe(uid);
  } finally {
    await plane.close();
    rmSync(dir, { recursive: true, force: true });
  }
});

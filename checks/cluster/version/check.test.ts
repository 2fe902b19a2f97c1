import { expect, it } from 'vitest';
import { testContext } from '../../kit/testing/cases.ts';

import { clusterVersion } from './check.ts';

it('names the missing right when it may not read the version', async () => {
  const body = JSON.stringify({ message: 'forbidden: User "gate" cannot get path "/version"' });
  const cluster = { raw: () => Promise.resolve({ status: 403, body, ms: 1 }) };
  const looking = clusterVersion.gather({ minimum: '1.28' }, { cluster } as never, testContext('2026-01-15T12:00:00Z'));
  await expect(looking).rejects.toMatchObject({
    code: 'forbidden',
    message: 'GET /version answered 403: forbidden: User "gate" cannot get path "/version"',
    fix: 'Grant the gate the right to get the path /version cluster-wide; golive plan --rbac prints the Role it needs',
  });
});

import { expect, it } from 'vitest';
import { validateParams } from '../../kit/params.ts';
import { testContext } from '../../kit/testing/cases.ts';
import { authorizationMatrix } from './check.ts';

it('asks for each kind of subject as authentication would name it', async () => {
  const validated = validateParams(authorizationMatrix, {
    namespaces: ['shop'],
    can: [{ subject: { serviceAccount: { namespace: 'shop', name: 'api' } }, verb: 'get', resource: 'pods' }],
    cannot: [
      { subject: { group: 'guests' }, verb: 'create', resource: 'pods', subresource: 'exec', namespace: 'shop' },
      { subject: { user: 'jane', groups: ['ops'] }, verb: 'get', path: '/metrics' },
    ],
  });
  const { params } = validated as { params: object };
  const asked: unknown[] = [];
  const canUser = (...question: unknown[]) => {
    asked.push(question);
    return Promise.resolve({ allowed: false, reason: '' });
  };
  const list = () => Promise.resolve({ items: [], resourceVersion: '1', readAt: '' });
  await authorizationMatrix.gather(
    params,
    { cluster: { canUser, list } } as never,
    testContext('2026-01-15T12:00:00Z'),
  );
  const everybody = 'system:authenticated';
  expect(asked).toEqual([
    [
      {
        user: 'system:serviceaccount:shop:api',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:shop', everybody],
      },
      { verb: 'get', group: '', resource: 'pods' },
    ],
    [
      { user: 'golive:a-member', groups: ['guests', everybody] },
      { verb: 'create', group: '', resource: 'pods', subresource: 'exec', namespace: 'shop' },
    ],
    [
      { user: 'jane', groups: ['ops', everybody] },
      { verb: 'get', path: '/metrics' },
    ],
  ]);
});

it('refuses a row that names neither a resource nor a path', () => {
  const row = { subject: { user: 'jane' }, verb: 'get' };
  expect(validateParams(authorizationMatrix, { namespaces: ['shop'], can: [row], cannot: [row] }).ok).toBe(false);
});

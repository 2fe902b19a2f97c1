/** Settings of the release before go back with the traffic. */
import { expect, it } from 'vitest';
import type { RecordedSetting } from '../checks/contract/cutover.ts';
import { at, reasonOf, worlds } from './testing/worlds.ts';

const world = worlds();
const CONFIG: RecordedSetting = {
  kind: 'ConfigMap',
  namespace: 'shop',
  name: 'config',
  uid: 'c1',
  resourceVersion: '7',
};

async function goesBack(lost: readonly string[] = []) {
  const one = world();
  one.kept = [CONFIG, { ...CONFIG, kind: 'Secret', name: 'db' }];
  one.lost = new Set(lost);
  const end = one.run();
  await Promise.all([one.items(), at(one, 5, () => one.callBack({ code: 'asked', text: 'The operator asked.' }))]);
  return { one, end: await end };
}

it('are recorded before anything moves, and put back before the Deployments are', async () => {
  const { one, end } = await goesBack();
  expect(end).toBe('rolled-back');
  expect(reasonOf(one)?.code).toBe('asked');
  expect(one.of('begun')[0]?.settings).toEqual(one.kept);
  expect(one.put).toEqual(['config', 'db']);
  expect(one.of('rollback-act').map(({ act }) => act)).toEqual([
    'weight to 0 %',
    'ConfigMap shop/config as it was',
    'Secret shop/db as it was',
    'Deployment shop/api-green to revision 3',
    'look again',
  ]);
});

it('keep nothing else waiting where one cannot be put back, and that is told', async () => {
  const { one, end } = await goesBack(['config']);
  expect(end).toBe('unfinished');
  // Tried once: nobody can.
  expect(one.put).toEqual(['config', 'db']);
  expect(one.restores).toBeGreaterThan(0);
  expect(one.of('unfinished')[0]?.why).toMatch(
    /users are served by the release before, 0 % go to api, but it is not as it was: ConfigMap shop\/config was written since\. Put it back by hand/,
  );
});

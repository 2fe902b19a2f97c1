import { expect, it } from 'vitest';
import { readCases } from '../../kit/cases-file.ts';
import { runCase } from '../../kit/testing/cases.ts';
import { rollout } from './check.ts';

it("tells the kubelet's reason before the Deployment's", async () => {
  const cases = readCases(import.meta.dirname);
  const textsOf = async (name: string) => {
    const found = cases.find((check) => check.name === name);
    return found ? (await runCase(rollout, found)).texts : [];
  };
  const [first, second] = await textsOf('fail.image-cannot-be-pulled');
  expect(first).toMatch(
    /^Pod shop\/api-2-x: container api cannot get its image shop\/api:1.4.2 \(ImagePullBackOff: Back-off pulling image "shop\/api:1.4.2"\), /,
  );
  expect(second).toContain('exceeded its progress deadline');
  expect((await textsOf('fail.crash-loop'))[0]).toContain(
    '(CrashLoopBackOff: back-off 40s restarting failed container=api; last exit code 137, OOMKilled)',
  );
});

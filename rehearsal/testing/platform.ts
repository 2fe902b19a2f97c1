/** For tests: a platform context with a reaper of its own in temporary folders. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAuthority } from '../authority.ts';
import { startReaper } from '../reaper.ts';
import { createLevers } from '../levers.ts';
import type { PlatformContext } from '../platform-types.ts';
import { findDist } from '../../fixtures/rehearsal-client/start.ts';
import { makeTemporaryFolder } from '../temporary-folder.ts';

/** `close` ends every process started with the context and removes its folders. */
export function testPlatform(): { readonly context: PlatformContext; close(): Promise<void> } {
  const dir = mkdtempSync(join(tmpdir(), 'golive-test-'));
  const temporary = makeTemporaryFolder(dir);
  const reaper = startReaper(temporary);
  return {
    context: {
      dir,
      temporary,
      dist: findDist(),
      reaper,
      authority: createAuthority(dir),
      levers: createLevers(),
      log: () => undefined,
    },
    async close() {
      await reaper.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

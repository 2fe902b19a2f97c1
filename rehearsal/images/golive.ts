/** golive as an image: what the CronJobs of k8s/gate start runs in the project that this rehearsal belongs to, and looks at this rehearsal. */
import { join, resolve } from 'node:path';
import type { ProcessImage } from '../control-plane-types.ts';
import type { PlatformContext } from '../platform-types.ts';
import { startTool } from '../tool-process.ts';

/** An overlay of k8s/gate names it. */
export const GOLIVE_IMAGE = 'registry.mcp.test/golive:rehearsal';

export function goliveImage(context: PlatformContext): ProcessImage {
  const project = resolve(context.dir, '..', '..');
  return {
    reference: GOLIVE_IMAGE,
    start: ({ namespace, pod, container, args, env }) => {
      const tool = startTool(context, {
        program: 'node',
        args: [join(context.dist, 'golive.js'), ...args],
        log: `${namespace}_${pod}_${container}`,
        cwd: project,
        // Of the machine it knows no more than a container would.
        env: { HOME: context.temporary, GOLIVE_PROJECT: project, ...env },
      });
      return Promise.resolve({ ...tool, ports: {} });
    },
    exec: (_container, _process, [program = '']) =>
      Promise.resolve({ exitCode: 126, stdout: '', stderr: `exec: "${program}": not found in this image\n` }),
  };
}

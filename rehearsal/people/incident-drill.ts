/**
 * The emergency procedure of the rehearsal is drilled once, when its platform is there: by the command itself, as a process of its own, which
 * nobody waits for. A project without golive's checklist has none, and the log says so.
 */
import { existsSync, renameSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { spawnNode } from '../child-process.ts';
import type { PlatformContext } from '../platform-types.ts';

const projectOf = ({ dir }: Pick<PlatformContext, 'dir'>): string => resolve(dir, '..', '..');

export function drillIncident(context: PlatformContext): void {
  const project = projectOf(context);
  if (!existsSync(join(project, 'specs'))) return;
  const args = ['incident', '--drill', '--env', 'rehearsal'];
  const env = {
    GOLIVE_PROJECT: project,
    ...(process.env['GOLIVE_RELEASE'] ? { GOLIVE_RELEASE: process.env['GOLIVE_RELEASE'] } : {}),
  };
  const { exited } = spawnNode(context, { program: 'golive.js', log: 'incident-drill', args, env });
  void exited.then((code) => context.log(`drill of the emergency procedure: ended with ${code}`));
}

/** `incident.forget-drills`: the records of drills are gone, until the release. */
export function addIncidentLevers(context: PlatformContext): void {
  const folder = join(projectOf(context), '.golive', 'incidents');
  context.levers.add('incident.forget-drills', () => {
    const aside = `${folder}.aside`;
    if (existsSync(folder)) renameSync(folder, aside);
    return Promise.resolve(() => {
      if (existsSync(aside) && !existsSync(folder)) renameSync(aside, folder);
      return Promise.resolve();
    });
  });
}

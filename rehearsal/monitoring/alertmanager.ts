/** The rehearsal's Alertmanager: a real one, on loopback, alone (no gossip), with the platform's own configuration. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PlatformContext } from '../platform-types.ts';
import { writeAtomically } from '../../fixtures/rehearsal-client/state-file.ts';
import { alertmanagerProgram } from './alertmanager-program.ts';
import { startProgram, type Program } from './program.ts';
import { compressDurations } from './rules.ts';

export interface Alertmanager extends Program {
  /** The configuration in force, as text. */
  config(): string;
  /** Replaces the configuration and waits until it is loaded. Throws with Alertmanager's own words when it refuses it. */
  setConfig(text: string): Promise<void>;
}

/** `${NAMES}` of the configuration replaced by addresses; a name without one is a defect. */
export function fillConfig(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/^(?!\s*#).*$/gm, (line) =>
    line.replace(/\$\{([A-Z_]+)\}/g, (_, name: string) => {
      const value = values[name];
      if (value === undefined) throw new Error(`alertmanager.yaml: nothing to put in for ${name}`);
      return value;
    }),
  );
}

export async function startAlertmanager(
  context: PlatformContext,
  options: {
    readonly configFile: string;
    readonly receivers: Readonly<Record<string, string>>;
    readonly compression: number;
  },
): Promise<Alertmanager> {
  const folder = join(context.temporary, 'alertmanager');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'alertmanager.yml');
  const text = readFileSync(options.configFile, 'utf8');
  let config = compressDurations(fillConfig(text, options.receivers), options.compression);
  writeAtomically(file, config);
  const program = await startProgram(context, {
    ...alertmanagerProgram(),
    log: 'alertmanager',
    args: (port) => [
      `--config.file=${file}`,
      `--storage.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
      '--log.level=warn',
    ],
  });
  return {
    ...program,
    config: () => config,
    async setConfig(wanted) {
      writeAtomically(file, wanted);
      const answer = await fetch(`${program.url}/-/reload`, { method: 'POST', signal: AbortSignal.timeout(10_000) });
      const said = await answer.text();
      if (!answer.ok) {
        writeAtomically(file, config);
        throw new Error(`Alertmanager refused its configuration: ${said.trim().slice(0, 500)}`);
      }
      config = wanted;
    },
  };
}

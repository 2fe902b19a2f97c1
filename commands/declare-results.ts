/** The commands that tell recorded decisions to other tools, and what changed between them. Their modules load when they run. */
import type { Command } from 'commander';

/** What `golive.ts` gives to whoever declares a command. */
interface Declare {
  readonly command: (signature: string, description: string, examples: readonly string[], codes?: string) => Command;
  readonly exitCodes: (own: Readonly<Record<number, string>>) => string;
  readonly finish: (code: number) => void;
  readonly rootFolder: () => Promise<string>;
}

interface ExportFlags {
  readonly run?: string;
  readonly out?: string;
  readonly push?: string;
  readonly list?: boolean;
  readonly json?: boolean;
}

export function declareResultCommands({ command, exitCodes, finish, rootFolder }: Declare): void {
  command(
    'export [format]',
    'Write a decision for other tools: JUnit, CTRF, SARIF, in-toto, VSA, OSCAL, OpenMetrics, OpenReports.',
    [
      'golive export --list',
      'golive export sarif > golive.sarif',
      'golive export openmetrics --out /var/lib/node-exporter/golive.prom',
      'golive export openmetrics --push http://pushgateway.example:9091',
    ],
    exitCodes({
      0: 'written; whatever was decided',
      64: 'wrong use, or nothing that this format could say',
      70: 'no decision that can be believed, or it could not be written',
    }),
  )
    .option('--run <id>', 'an earlier run, by the name of its folder in .golive/runs')
    .option('--out <file>', 'write this file, replaced as a whole, instead of stdout')
    .option('--push <url>', 'send openmetrics to a Pushgateway')
    .option('--list', 'name every format, and what each cannot carry')
    .option('--json', 'with --list: as JSON')
    .action(async (format: string | undefined, options: ExportFlags) =>
      finish(
        await (
          await import('./export.ts')
        ).exportDecision({ root: await rootFolder(), ...options, ...(format === undefined ? {} : { format }) }),
      ),
    );
}

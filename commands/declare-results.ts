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
  readonly otlp?: string;
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
      'golive export openmetrics --otlp http://collector.example:4318',
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
    .option('--otlp <url>', 'send openmetrics by OTLP over HTTP; OTEL_EXPORTER_OTLP_HEADERS are its headers')
    .option('--list', 'name every format, and what each cannot carry')
    .option('--json', 'with --list: as JSON')
    .action(async (format: string | undefined, options: ExportFlags) =>
      finish(
        await (
          await import('./export.ts')
        ).exportDecision({ root: await rootFolder(), ...options, ...(format === undefined ? {} : { format }) }),
      ),
    );

  command(
    'history',
    'List the runs of the ledger, their decisions, and the items that come and go.',
    ['golive history', 'golive history --env production --last 50', 'golive history --json'],
    exitCodes({ 0: 'listed', 1: 'listed, and the ledger is damaged', 64: 'wrong use' }),
  )
    .option('--env <name>', 'only runs in this environment')
    .option('--last <n>', 'how many of the newest runs (20)')
    .option('--json', 'print runs and items as JSON')
    .action(async (options: { env?: string; last?: string; json?: boolean }) =>
      finish((await import('./history.ts')).history({ root: await rootFolder(), ...options })),
    );
  command(
    'diff <run> [run]',
    'Say what changed between two runs, by finding and subject. A run: its id, the beginning of one, or latest.',
    ['golive diff 20260115T1150', 'golive diff 20260115T1150 20260116T0900 --json'],
    exitCodes({ 0: 'nothing got worse', 1: 'something got worse', 64: 'wrong use, or a run that is not known' }),
  )
    .option('--json', 'print the changes as JSON')
    .action(async (before: string, after: string | undefined, options: { json?: boolean }) =>
      finish(
        (await import('./diff.ts')).diff({
          root: await rootFolder(),
          before,
          ...(after === undefined ? {} : { after }),
          ...options,
        }),
      ),
    );
}

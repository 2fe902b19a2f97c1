/** How the commands on this machine, its rehearsal and a cutover are called; each is loaded when it is used. */
import { Option } from 'commander';
import type { Declaring } from './declare-objects.ts';

interface DrillFlags {
  readonly all?: boolean;
  readonly item?: readonly string[];
  readonly ci?: boolean;
  readonly json?: string;
}

export function declareRehearsalCommands({ command, selecting, exitCodes, finish }: Declaring): void {
  command('setup [program...]', 'Fetch the programs this machine lacks into the project; installs nothing.', [
    'golive setup',
    'golive setup kubectl',
  ]).action(async (programs: readonly string[]) => finish(await (await import('./setup.ts')).setup(programs)));
  command('up', 'Start a rehearsal that stays until golive down.', ['golive up']).action(async () =>
    finish(await (await import('./up.ts')).up([])),
  );
  command('down', 'Stop the rehearsal that golive up started.', ['golive down']).action(async () =>
    finish(await (await import('./down.ts')).down([])),
  );
  selecting(
    command(
      'run',
      'Show how execution.yaml builds, pushes and applies the release; with --execute, do it.',
      ['golive run', 'golive run --env production --json', 'GOLIVE_ARM=v1.0.0 golive run --env production --execute'],
      exitCodes({
        0: 'shown, or built, pushed, applied and running',
        1: 'a step did not do what it should have done: see why, and run it again',
        2: 'not allowed, not armed, or something could not be asked',
        64: 'wrong use, or an invalid file',
      }),
    ),
  )
    .option('--execute', 'do it: what is done already is not done again')
    .addOption(new Option('--json', 'print what would be done as JSON').conflicts('execute'))
    .action(async (options: object) => finish(await (await import('./execute/execute.ts')).run(options)));
  command(
    'rollback',
    'Take the traffic of a cutover back: of the one under way, or of one that died.',
    ['golive rollback', 'golive rollback --run 20260115T115000000Z-1a2b3c4d', 'golive rollback --abandoned'],
    exitCodes({
      0: 'traffic is back and verified, or there was nothing to take back',
      1: 'traffic is back, and something does not conform',
      64: 'wrong use',
      70: 'traffic is not back: see why, and run it again',
    }),
  )
    .option('--run <id>', 'the run whose cutover it is, also one that has ended well')
    .addOption(
      new Option(
        '--abandoned',
        'only one whose Lease nobody renews any more; for a watch that runs by itself',
      ).conflicts('run'),
    )
    .action(async (options: { readonly run?: string; readonly abandoned?: boolean }) => {
      const command = options.abandoned
        ? async () => await (await import('./rollback-abandoned.ts')).rollbackAbandoned()
        : async () => await (await import('./rollback.ts')).rollback(options);
      finish(await command());
    });
  command(
    'janitor',
    'Remove what a golive that was killed has left in the cluster: temporary pods and network policies.',
    ['golive janitor --dry-run', 'golive janitor --env production', 'golive janitor --json'],
    exitCodes({
      0: 'nothing is left',
      1: 'something is, and is not removed (--dry-run)',
      2: 'the cluster refuses or does not answer',
      64: 'wrong use',
    }),
  )
    .option('--env <name>', 'environment')
    .option('--dry-run', 'name it and remove nothing')
    .option('--json', 'for programs')
    .action(async (options: object) => finish(await (await import('./janitor.ts')).janitor(options)));
  command('rehearse [args...]', 'Run the gate on a rehearsal of its own, healthy or broken in a named way.', [
    'golive rehearse --list',
    'golive rehearse --fault redis-killed',
    'golive rehearse --fault redis-killed -- --project=phase1',
  ])
    .option('--fault <name>', 'what to break before the gate starts')
    .option('--list', 'name every fault and the items it turns red')
    .action(async (args: readonly string[], options: { fault?: string; list?: boolean }) =>
      finish(await (await import('./rehearse.ts')).rehearse({ ...options, args })),
    );
  command(
    'drill [fault...]',
    'Break a rehearsal in every declared way and show that each item turns red, for the right reason.',
    ['golive drill', 'golive drill --all', 'golive drill redis-killed', 'golive drill --item P1-DAT-002'],
    exitCodes({
      0: 'every fault did what it declares, every item can turn red',
      1: 'something else moved, an item cannot turn red, or (without --ci) something is not proven',
      64: 'wrong use, or an invalid checklist or environment',
      70: 'the rehearsal did not start',
      130: 'interrupted; what was broken is repaired',
    }),
  )
    .option('--all', 'every declared fault, not only as many as turn each item red once')
    .option('--item <id...>', 'only faults that change these items')
    .option('--ci', 'what could not be judged because this machine was busy is told, and fails nothing')
    .option('--json <file>', 'write the matrix as JSON')
    .action(async (names: readonly string[], options: DrillFlags) =>
      finish(
        await (
          await import('./drill.ts')
        ).drill({
          faults: names,
          items: options.item ?? [],
          all: options.all === true,
          ci: options.ci === true,
          ...(options.json === undefined ? {} : { json: options.json }),
        }),
      ),
    );
}
